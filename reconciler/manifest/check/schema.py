"""The schema of a business, read once: for validation, for `reconciler schema`, for the docs."""

import functools
import json
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator


def schema_text() -> str:
    """The JSON Schema (draft 2020-12) as it is in `schemas/business.schema.json`."""
    return files("reconciler.manifest.check").joinpath("business.schema.json").read_text(encoding="utf-8")


@functools.cache
def schema() -> dict[str, Any]:
    """The schema as data."""
    document: dict[str, Any] = json.loads(schema_text())
    return document


@functools.cache
def validator() -> Draft202012Validator:
    """The compiled schema."""
    return Draft202012Validator(schema())


@functools.cache
def sync_validator() -> Draft202012Validator:
    """The same for a sync policy by itself."""
    return Draft202012Validator(schema()["properties"]["sync"])

"""The schema of a business, read once: for validation, for `reconciler schema`, for the docs."""

import functools
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend


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
    return _Validator(schema())


@functools.cache
def sync_validator() -> Draft202012Validator:
    """The same for a sync policy by itself."""
    return _Validator(schema()["properties"]["sync"])


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """Match as JSON Schema does: `$` is the end of the text. Python's also matches before a newline that ends it."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator: type[Draft202012Validator] = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]

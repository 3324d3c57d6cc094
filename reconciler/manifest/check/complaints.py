"""What the schema objects to, said so that a person can mend it: the value, what is allowed, and a near miss."""

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from reconciler.manifest.check.schema import validator
from reconciler.manifest.ids import ALLOWED
from reconciler.manifest.near_miss import did_you_mean
from reconciler.manifest.paths import Path
from reconciler.manifest.secrets.redact import is_secret

HINTS = {
    "image": "the field is named image_name here",
    "build": "images are built elsewhere: give the result as image_name",
    "container_name": "containers are named by Reconciler",
    "deploy": "use resource_requirements, replicas and affinity",
    "services": "the field is named components here, and is a list",
    "env_file": "write the values under environment_variables",
    "expose": "ports inside a network need no field; publish one with ports",
    "links": "use networks: components reach each other by component_id",
    "mem_limit": "use resource_requirements.memory_mb",
    "cpus": "use resource_requirements.cpu_cores",
    "gpus": "use resource_requirements.gpu_count",
    "configs": "use config_files",
    "secrets": "use config_files or environment_variables",
    "version": "files need no version",
    "name": "the fields are named business_name and component_name here",
}

WORDS = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}

SHOWN_CHARACTERS_MAX = 60


def complaints(data: Any, schema: Draft202012Validator | None = None) -> Iterator[tuple[Path, str]]:
    """Everything the schema (left out: a business's) objects to in the data: the path, and the message."""
    for error in (schema or validator()).iter_errors(data):
        yield from _complaint(error, ())


def _complaint(error: ValidationError, base: Path) -> Iterator[tuple[Path, str]]:
    path = (*base, *error.relative_path)
    kind: Any = error.validator
    value: Any = error.instance
    wanted: Any = error.validator_value
    if kind == "anyOf":
        yield from _spellings(error, path)
    elif kind == "additionalProperties":
        yield from _unknown(error, path)
    elif kind == "required":
        missing = [name for name in wanted if name not in value]
        yield from ((path, f"{name} is missing") for name in missing if f"'{name}'" in error.message)
    elif kind == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        allowed = " or ".join(WORDS[name] for name in kinds)
        yield path, f"{_shown(value, path)} is {_kind(value)}: must be {allowed}"
    elif kind == "enum":
        hint = did_you_mean(value, wanted)
        yield path, f"{_shown(value, path)} is not allowed: must be one of {', '.join(wanted)}{hint and f'; {hint}'}"
    else:
        yield path, f"{_shown(value, path)} {_limit(kind, wanted, error.message)}"


def _spellings(error: ValidationError, path: Path) -> Iterator[tuple[Path, str]]:
    """None of several spellings: what is wrong within the one that was meant, or which there are."""
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    for inners in branches.values():
        if not any(inner.validator == "type" and not inner.relative_path for inner in inners):
            deeper = [
                inner
                for inner in inners
                if inner.relative_path or inner.validator in ("additionalProperties", "required")
            ]
            if deeper:
                for inner in deeper:
                    yield from _complaint(inner, path)
                return
    allowed = error.schema.get("x-allowed", "something else") if isinstance(error.schema, dict) else "something else"
    bounds = [
        _limit(inner.validator, inner.validator_value, "")
        for inner in error.context or ()
        if inner.validator in ("minimum", "maximum", "maxLength", "maxItems", "maxProperties")
    ]
    if bounds:
        yield path, f"{_shown(error.instance, path)} {bounds[0]}"
    else:
        yield path, f"{_shown(error.instance, path)} is not allowed: write {allowed}"


def _unknown(error: ValidationError, path: Path) -> Iterator[tuple[Path, str]]:
    known = list(error.schema["properties"]) if isinstance(error.schema, dict) else []
    given: Any = error.instance
    for name in given:
        if name in known or name.startswith("x-"):
            continue
        hint = HINTS.get(name) or did_you_mean(name, known, cutoff=0.7) or f"allowed are: {', '.join(known)}"
        yield (*path, name), f"is unknown here; {hint}"


def _limit(kind: Any, wanted: Any, message: str) -> str:
    texts = {
        "minimum": f"is too small: at least {wanted}",
        "maximum": f"is too large: at most {wanted}",
        "minLength": f"is too short: at least {wanted} characters" if wanted != 1 else "is empty",
        "maxLength": f"is too long: at most {wanted} characters",
        "minItems": "is empty: at least one is needed",
        "maxItems": f"has too many entries: at most {wanted}",
        "maxProperties": f"has too many entries: at most {wanted}",
        "pattern": "is not allowed: " + _pattern(str(wanted)),
    }
    return texts.get(str(kind), message)


def _pattern(pattern: str) -> str:
    if "A-Za-z0-9._-" in pattern:
        return ALLOWED
    if "fA-F" in pattern:
        return "64 hex digits"
    return f"must match {pattern}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    for kind, word in ((dict, "a map"), (list, "a list"), (str, "text"), (int, "a whole number"), (float, "a number")):
        if isinstance(value, kind):
            return word
    return "nothing"


def _shown(value: Any, path: Path) -> str:
    """The value, short; nothing of it where it may be a secret."""
    hidden = any(part in ("environment_variables", "environment", "content") for part in path)
    if hidden or any(isinstance(part, str) and is_secret(part) for part in path):
        return "the value"
    if isinstance(value, dict | list):
        return "the map" if isinstance(value, dict) else "the list"
    if value is None:
        return "nothing"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**SHOWN_CHARACTERS_MAX:
        return "the number"
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}…"

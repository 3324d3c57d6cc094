"""What of a container is not as its agent applied it: the record of that, a label, compared with the container itself.

The record outlives agents and managers, and is made by whoever makes the container, so that it holds what was really
asked for. Secrets are in it as checksums only. A container without a readable record has no drift.
"""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from agent.engine.drift.fields import Form, applied_form, observed_form
from reconciler.manifest.drift import head_of
from reconciler.manifest.secrets.redact import HIDDEN, is_secret, redacted_words, without_password
from reconciler.wire.reports import Drift

APPLIED = "reconciler.applied"
RECORD = f"labels.{APPLIED}"

ONLY_IF_APPLIED = frozenset({"hostname", "shm_size", "runtime", "logging", "ulimits", "memswap_limit"})
"""Fields that the Engine fills in as it is set up, where nobody asked for anything."""

RECORDED_CHARACTERS_MAX = 200
"""Longer values (characters of JSON) are recorded by their checksum."""
TOLD_CHARACTERS_MAX = 4000
DRIFTS_MAX = 50
"""So many fields of one container are told at most."""


def record_of(
    body: Mapping[str, Any], networks: Collection[str], image: Mapping[str, Any], besides: Collection[str]
) -> str:
    """Make the record to put on a container, of everything but the fields `besides`."""
    form = applied_form(body, networks, image)
    kept = {field: _recorded(field, value) for field, value in form.items() if field != RECORD}
    return _json({"fields": kept, "besides": sorted(besides)} if besides else {"fields": kept})


def drift_of(inspected: Mapping[str, Any]) -> tuple[Drift, ...]:
    """Find every field of an inspected container that is not as recorded, sorted by name."""
    record = (inspected["Config"].get("Labels") or {}).get(APPLIED)
    if record is None:
        return ()
    try:
        known = msgspec.json.decode(record, type=_Record)
    except msgspec.MsgspecError:
        return ()
    found, expected = observed_form(inspected), known.fields
    fields = sorted((found.keys() | expected.keys()) - {RECORD, *known.besides})
    drifts = (
        _drift(field, expected.get(field), found.get(field))
        for field in fields
        if (field in expected or head_of(field) not in ONLY_IF_APPLIED) and not _same(field, expected, found)
    )
    return tuple(drifts)[:DRIFTS_MAX]


class _Record(msgspec.Struct):
    fields: Form
    besides: tuple[str, ...] = ()


def _same(field: str, expected: Form, found: Form) -> bool:
    if field not in expected or field not in found:
        return False
    value = found[field]
    recorded = expected[field]
    return bool(_checksum(field, value) == recorded if _is_checksum(recorded) else recorded == value)


def _drift(field: str, expected: Any, actual: Any) -> Drift:
    """The difference, for everybody's eyes; one secret side hides both."""
    if any(value is not None and _secret(field, value) for value in (expected, actual)):
        return Drift(field=field, expected=_hidden(expected), actual=_hidden(actual))
    if _is_checksum(expected):
        hidden = expected["hidden"]
        return Drift(field=field, expected=_json(HIDDEN if hidden else "(long)"), actual=_told(actual, hidden))
    return Drift(field=field, expected=_told(expected), actual=_told(actual))


def _hidden(value: Any) -> str | None:
    return None if value is None else _json(HIDDEN)


def _told(value: Any, hidden: bool = False) -> str | None:
    if value is None:
        return None
    if hidden:
        return _json(HIDDEN)
    text = _json(value)
    return text if len(text) <= TOLD_CHARACTERS_MAX else _json("(long)")


def _recorded(field: str, value: Any) -> Any:
    hidden = _secret(field, value)
    return _checksum(field, value, hidden) if hidden or len(_json(value)) > RECORDED_CHARACTERS_MAX else value


def _checksum(field: str, value: Any, hidden: bool | None = None) -> Form:
    text = _json([field, value])
    hidden = _secret(field, value) if hidden is None else hidden
    return {"sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), "hidden": hidden}


def _is_checksum(value: Any) -> bool:
    return isinstance(value, dict) and "sha256" in value


def _secret(field: str, value: Any) -> bool:
    """Whether a value must not be shown: its name says so, or it holds a password."""
    name = field.partition(".")[2]
    if isinstance(value, str):
        return (name != "" and value != "" and is_secret(name)) or without_password(value) != value
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return redacted_words(value) != value
    return False


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()

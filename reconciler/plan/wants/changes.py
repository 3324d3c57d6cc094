"""What differs between two versions of a component, field by field, as a person would name it.

Values are compared as they are and shown as `reconciler.manifest.secrets.redact` lets them be seen.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from reconciler.manifest.digest import NOT_IN_DIGEST
from reconciler.manifest.model import Business, Component
from reconciler.manifest.secrets.redact import redacted
from reconciler.plan.model.plan import Change

VALUE_CHARACTERS_MAX = 120
"""Longer values are cut, in characters."""

BY_NAME = {"config_files": "path", "volumes": "target", "ports": "target"}
"""Lists whose items are told apart by one of their fields."""


def changes(old: Component, new: Component) -> tuple[Change, ...]:
    """Every field that differs and needs a new container, sorted by path; `old` or `new` None where it is absent."""
    before, after = _leaves(_plain(old)), _leaves(_plain(new))
    shown_before, shown_after = _leaves(_shown(old)), _leaves(_shown(new))
    return tuple(
        _change(path, _text(shown_before.get(path)), _text(shown_after.get(path)))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    )


def business_changes(old: Business, new: Business) -> tuple[Change, ...]:
    """Every field of two versions of a business that differs, sorted by path; components go by their ids."""
    before, after = _fields(msgspec.to_builtins(old)), _fields(msgspec.to_builtins(new))
    shown_before, shown_after = _fields(redacted(old)), _fields(redacted(new))
    return tuple(
        _change(path, _text(shown_before.get(path)), _text(shown_after.get(path)))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    )


def _fields(document: dict[str, Any]) -> dict[str, Any]:
    """A business's document as a flat map; `web.image_name` is a field of its component `web`."""
    leaves = _leaves({field: value for field, value in document.items() if field != "components"})
    for component in document["components"]:
        name = component["component_id"]
        leaves[name] = "present"
        inner = {field: value for field, value in component.items() if field != "component_id"}
        leaves |= {f"{name}.{path}": value for path, value in _leaves(inner).items()}
    return leaves


def _change(path: str, old: str | None, new: str | None) -> Change:
    """The change; where both values look the same, being hidden or cut, it says that they differ."""
    return Change(path, old, f"{new} (changed)" if new == old else new)


def _plain(component: Component) -> dict[str, Any]:
    return _without(msgspec.to_builtins(component))


def _shown(component: Component) -> dict[str, Any]:
    document = redacted(Business(business_id="-", business_name="-", components=(component,)))
    return _without(document["components"][0])


def _without(document: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in document.items() if field not in NOT_IN_DIGEST}


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    """The document as a flat map from path to scalar or list of scalars."""
    if isinstance(value, dict) and value:
        return {
            inner: leaf
            for name, item in value.items()
            for inner, leaf in _leaves(item, f"{path}.{name}" if path else name).items()
        }
    if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        field = BY_NAME.get(path, "")
        leaves: dict[str, Any] = {}
        for name, item in zip(_names(field, value), value, strict=True):
            inner = {inner: leaf for inner, leaf in item.items() if inner != field}
            leaves[f"{path}[{name}]"] = "present"
            leaves |= _leaves(inner, f"{path}[{name}]") if inner else {}
        return leaves
    return {path: value}


def _names(field: str, items: Sequence[dict[str, Any]]) -> list[str]:
    """What each item is called: its field or its number, and which of several that share it (`53`, `53#2`)."""
    counts: Counter[str] = Counter()
    names = []
    for number, item in enumerate(items):
        name = str(item.get(field, number))
        counts[name] += 1
        names.append(name if counts[name] == 1 else f"{name}#{counts[name]}")
    return names


def _text(value: Any) -> str | None:
    """The value on one line."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        text = "[" + ", ".join(map(str, value)) + "]"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = str(value).replace("\n", "\\n")
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[: VALUE_CHARACTERS_MAX - 1] + "…"

"""The planner's values as JSON-able data and back, whatever fields they have: for states and kept decisions.

A field that is missing takes its default, and one that is not known is left out: a version may add a field that has a
default. Whoever renames a field, or takes one away, gives the format its next number (`reconciler.plan.keep.upgrade`).
"""

import functools
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")

Form = dict[str, Any]


def form_of(value: Any, without: tuple[str, ...] = ()) -> Form:
    """Write a dataclass's fields down; a mapping whose keys are no text becomes a sorted list of pairs."""
    kind: Any = type(value)
    pairs = _keyed(kind)
    return {
        one.name: _pairs(getattr(value, one.name))
        if one.name in pairs
        else msgspec.to_builtins(getattr(value, one.name), order="sorted")
        for one in fields(value)
        if one.name not in without
    }


def value_of(kind: type[T], form: Form, **given: Any) -> T:
    """Read what `form_of` wrote; `given` are fields that stand elsewhere. Raises msgspec.ValidationError."""
    asked: Any = kind
    pairs, hints = _keyed(asked), _hints(asked)
    found = dict(given)
    for one in fields(asked):
        if one.name in found:
            continue
        if one.name in form:
            try:
                read = msgspec.convert(form[one.name], pairs.get(one.name, hints[one.name]))
            except msgspec.ValidationError as error:
                raise msgspec.ValidationError(f"{kind.__name__}.{one.name}: {error}") from None
            found[one.name] = dict(read) if one.name in pairs else read
        elif one.default is MISSING and one.default_factory is MISSING:
            raise msgspec.ValidationError(f"{kind.__name__} lacks `{one.name}`")
    return kind(**found)


def _pairs(mapping: Mapping[Any, Any]) -> list[list[Any]]:
    found = [[msgspec.to_builtins(key), msgspec.to_builtins(value, order="sorted")] for key, value in mapping.items()]
    return sorted(found, key=lambda pair: msgspec.json.encode(pair[0]))


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


@functools.cache
def _keyed(kind: Any) -> dict[str, Any]:
    """The fields that are mappings with other keys than text, and the type of their list of pairs."""
    found = {}
    for name, hint in _hints(kind).items():
        arguments = get_args(hint)
        if get_origin(hint) in (dict, Mapping) and arguments[0] is not str:
            found[name] = list[tuple[arguments[0], arguments[1]]]  # type: ignore[valid-type]
    return found

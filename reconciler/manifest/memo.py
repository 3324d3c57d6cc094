"""What was computed of immutable values, remembered by which value it was."""

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

V = TypeVar("V")
R = TypeVar("R")

_ITSELF = object()
"""Stands for the value itself as a result, which would otherwise be held by it for ever."""


class _Known(weakref.ref[Any]):
    """A value that was asked about, its identity, and the result."""

    __slots__ = ("identity", "result")

    identity: int
    result: Any


class Memo(Generic[V, R]):
    """A function of one immutable value, computed once for as long as the value is in use.

    Values are told apart by identity, which is cheap; equal values only cost a second computation. A result may be the
    value itself, but must not hold it in any other way: the value would be in use for ever.
    """

    def __init__(self, compute: Callable[[V], R]) -> None:
        self._compute = compute
        self._known: dict[int, _Known] = {}
        # Called before anything else can have the identity of a value that is gone.
        self._forget: Callable[[_Known], object] = lambda gone: self._known.pop(gone.identity, None)

    def __call__(self, value: V) -> R:
        """The function's result."""
        known = self._known.get(id(value))
        if known is None:
            known = self._remembered(value)
        return value if known.result is _ITSELF else known.result  # type: ignore[return-value]

    def _remembered(self, value: V) -> _Known:
        result = self._compute(value)
        known = _Known(value, self._forget)
        known.identity, known.result = id(value), _ITSELF if result is value else result
        self._known[known.identity] = known
        return known

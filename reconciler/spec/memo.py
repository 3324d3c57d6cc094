"""What was computed of immutable values, remembered by which value it was."""

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

V = TypeVar("V")
R = TypeVar("R")


class Memo(Generic[V, R]):
    """A function of one immutable value, computed once for as long as the value is in use.

    Values are told apart by identity, which is cheap; equal values only cost a second computation. A result may be the
    value itself, but must not hold it in any other way: the value would be in use for ever.
    """

    def __init__(self, compute: Callable[[V], R]) -> None:
        self._compute = compute
        self._known: dict[int, tuple[weakref.ref[V], Any]] = {}

    def __call__(self, value: V) -> R:
        """The function's result."""
        known = self._known.get(id(value))
        if known is None:
            key, computed = id(value), self._compute(value)
            # Forgotten before anything else can have the identity of a value that is gone.
            reference = weakref.ref(value, lambda _: self._known.pop(key, None))
            known = self._known[key] = (reference, reference if computed is value else computed)
        reference, result = known
        return value if result is reference else result  # type: ignore[return-value]

"""What was computed of immutable values, remembered by which value it was."""

from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")
R = TypeVar("R")

MOST = 20_000


class Memo(Generic[V, R]):
    """A function of one immutable value, computed once for as long as the value is in use.

    Values are told apart by identity, which is cheap; equal values only cost a second computation. Those that were not
    asked about lately are forgotten: at most twice `most` are held.
    """

    def __init__(self, compute: Callable[[V], R], most: int = MOST) -> None:
        self._compute = compute
        self._most = most
        self._young: dict[int, tuple[V, R]] = {}
        self._old: dict[int, tuple[V, R]] = {}

    def __call__(self, value: V) -> R:
        """The function's result."""
        known = self._young.get(id(value))
        if known is None:
            known = self._old.get(id(value)) or (value, self._compute(value))
            if len(self._young) >= self._most:
                self._old, self._young = self._young, {}
            self._young[id(value)] = known
        return known[1]

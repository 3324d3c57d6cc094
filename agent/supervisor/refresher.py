"""When a listing is made again: soon after an event, and now and then although none came."""

import threading
from collections.abc import Callable
from typing import Protocol

SAFETY_NET_SECONDS = 10.0
"""How often a runtime is listed although no event came."""

BURST_SECONDS = 0.1
"""Events within this time share one listing."""

CLOSE_SECONDS = 5.0


class Refresher(Protocol):
    """Calls a function soon after each `poke`, one call at a time."""

    def start(self) -> None:
        """Call the function from now on."""

    def poke(self) -> None:
        """Have the function called soon. Returns at once."""

    def close(self) -> None:
        """Call the function no more."""


class ThreadedRefresher:
    """Calls `refresh` in a thread of its own; at most one call runs and one waits."""

    def __init__(self, name: str, refresh: Callable[[], None]) -> None:
        self._refresh = refresh
        self._poked = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Call `refresh` from now on."""
        self._thread.start()

    def poke(self) -> None:
        """Have `refresh` called soon."""
        self._poked.set()

    def close(self) -> None:
        """Let a call under way end, and make no other."""
        self._closing.set()
        self._poked.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._poked.wait(SAFETY_NET_SECONDS):
                self._closing.wait(BURST_SECONDS)
            self._poked.clear()
            if not self._closing.is_set():
                self._refresh()

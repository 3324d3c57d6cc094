"""Waiting for something to become true, without guessing how long it takes."""

import threading
from collections.abc import Callable
from time import monotonic


def wait_until(condition: Callable[[], object], timeout: float = 30.0, what: str = "the condition") -> None:
    """Return as soon as the condition holds; fail when it does not within `timeout` seconds."""
    deadline = monotonic() + timeout
    pause = threading.Event()
    while not condition():
        assert monotonic() < deadline, f"waited {timeout:g} s in vain for {what}"
        pause.wait(0.02)

"""Waiting for something to become true."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 240.0
"""How long a test waits for anything, in seconds: for what comes within one, on a machine that is many times slower."""

PAUSE_MIN, PAUSE_MAX = 0.02, 0.25
"""Between two looks, in seconds: soon at first, then more rarely, because looking takes the time of who works."""


def wait_until(condition: Callable[[], T], timeout: float = PATIENCE, what: str = "the condition") -> T:
    """The condition's value as soon as it is true; fails after `timeout` seconds."""
    pause, between = threading.Event(), PAUSE_MIN
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}; last: {value!r}")
        pause.wait(between)
        between = min(between * 1.5, PAUSE_MAX)

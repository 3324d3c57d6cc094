"""The clock and the threads that a supervisor runs on, in one value, so that a simulation can hand in its own.

Whoever hands in all four decides the order of everything that a supervisor does.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from agent.host.threads import Pool
from agent.supervisor.refresher import Refresher, ThreadedRefresher


class Executor(Protocol):
    """Runs tasks in the background, in the order they were given."""

    def submit(self, task: Callable[[], None]) -> None:
        """Run this soon; after `close` it is dropped."""

    def close(self) -> None:
        """Drop what waits, and let what runs end."""


def wait_for(condition: threading.Condition, holds: Callable[[], bool], seconds: float) -> None:
    """Wait until `holds`, which changes with the condition, or until so many seconds are over."""
    with condition:
        condition.wait_for(holds, seconds)


@dataclass(frozen=True, slots=True)
class Runner:
    """A clock in monotonic seconds, and what starts and suspends threads."""

    clock: Callable[[], float] = monotonic
    executor: Callable[[str, int], Executor] = Pool
    refresher: Callable[[str, Callable[[], None]], Refresher] = ThreadedRefresher
    wait: Callable[[threading.Condition, Callable[[], bool], float], None] = wait_for

"""The states of all instances behind one lock.

Nothing is kept on disk: after a restart the containers' labels say the rest.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from agent.supervisor.instance import Instance, Task
from reconciler.wire.messages import InstanceKey

REMEMBERED_MAX = 10_000
"""How many instances are remembered: while one that is gone keeps its newest version, no late message revives it."""


class Change(NamedTuple):
    """An instance's state before and after an event."""

    before: Instance
    after: Instance

    @property
    def is_new_goal(self) -> bool:
        """Whether there is a goal now that nobody works at yet."""
        return self.after.generation != self.before.generation


class InstanceTable:
    """Every instance's state. States are frozen: who reads one sees a moment, and only `update` makes another."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._instances: dict[InstanceKey, Instance] = {}

    def get(self, key: InstanceKey) -> Instance:
        """Return the instance's state; a new one for an instance that was never seen."""
        with self._lock:
            return self._instances.get(key, Instance())

    def all(self) -> dict[InstanceKey, Instance]:
        """Return the states of all instances at one moment."""
        with self._lock:
            return dict(self._instances)

    @contextmanager
    def holding_still(self) -> Iterator[None]:
        """Let no state change while the context lasts: what is read meanwhile belongs together."""
        with self._lock:
            yield

    def update(self, key: InstanceKey, event: Callable[[Instance], Instance]) -> Change:
        """Put the state that `event` makes in place of the instance's state. Raises what `event` raises."""
        with self._lock:
            before = self._instances.get(key, Instance())
            after = self._instances[key] = event(before)
            return Change(before, after)

    def take(self, key: InstanceKey) -> Task | None:
        """Return the instance's goal as a task in the caller's hand; None where there is nothing to do now."""
        before, after = self.update(key, Instance.take)
        if after is before or after.goal is None:
            return None
        assert before.in_hand is None, f"rule 1 (exactly one): two workers would have {key} in hand"
        assert before.ready, f"rule 11 (what serves goes on serving): {key} would be replaced before its image is here"
        return Task(key, after.generation, after.goal)

    def is_current(self, task: Task) -> bool:
        """Tell whether the task's goal still stands."""
        return self.get(task.key).generation == task.generation

    def forget_gone(self, existing: Collection[InstanceKey]) -> None:
        """Let go of the oldest instances of which nothing exists, beyond `REMEMBERED_MAX` in all."""
        with self._lock:
            surplus = len(self._instances) - REMEMBERED_MAX
            if surplus <= 0:
                return
            idle = [key for key, one in self._instances.items() if key not in existing and one.is_idle]
            for key in idle[:surplus]:
                del self._instances[key]

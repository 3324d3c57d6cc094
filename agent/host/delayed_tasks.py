"""Tasks that are due at a time: one thread waits for all of them, a few work, and none is there without a task."""

import heapq
import threading
from collections.abc import Callable
from itertools import count
from time import monotonic

from agent.host.threads import Pool

Task = Callable[[], None]

CLOSE_SECONDS = 1.0


class DelayedTasks:
    """Runs each task at its time, up to `limit` at once; late when more than that are due."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._pool = Pool(name, limit)
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Task]] = []
        self._order = count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def at(self, due: float, task: Task) -> None:
        """Run this at `due` (monotonic seconds), at once when that is past. After `close` it is dropped."""
        with self._changed:
            if self._closed:
                return
            heapq.heappush(self._waiting, (due, next(self._order), task))
            if self._thread is None:
                self._thread = threading.Thread(target=self._wait, name=f"{self._name}-delayed", daemon=True)
                self._thread.start()
            elif self._waiting[0][2] is task:
                self._changed.notify()

    def close(self) -> None:
        """Drop what waits, and give what runs a moment to end."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()
        self._pool.close(CLOSE_SECONDS)

    def _wait(self) -> None:
        while (task := self._next()) is not None:
            self._pool.submit(task)

    def _next(self) -> Task | None:
        with self._changed:
            while self._waiting:
                left = self._waiting[0][0] - monotonic()
                if left <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(left)
            self._thread = None
            return None

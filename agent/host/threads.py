"""A few threads that start on demand and end when idle: an agent at rest holds none of them.

The standard library's executor keeps every thread it ever started; an agent is idle nearly always and small, so
its threads go when there is nothing to do.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

log = logging.getLogger(__name__)

IDLE_SECONDS = 5.0


class Pool:
    """Runs tasks in the order they were given, up to `limit` at a time."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._tasks: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._closed = False

    def submit(self, task: Callable[[], None]) -> None:
        """Run this soon. After `close` it is dropped: a supervisor that ends takes nothing new in hand."""
        with self._changed:
            if self._closed:
                return
            self._tasks.append(task)
            if self._idle >= len(self._tasks) or len(self._threads) >= self._limit:
                self._changed.notify()
                return
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._threads.add(thread)
            thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Drop what waits, and give what runs `timeout` seconds in all to end."""
        with self._changed:
            self._closed = True
            self._tasks.clear()
            self._changed.notify_all()
            threads = tuple(self._threads)
        deadline = monotonic() + timeout
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - monotonic()))

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception:
                log.exception("a task of %s ended unexpectedly", self._name)

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._tasks or self._closed, IDLE_SECONDS)
            self._idle -= 1
            if self._tasks:
                return self._tasks.popleft()
            self._threads.discard(threading.current_thread())
            return None

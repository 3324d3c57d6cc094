"""What one runtime has on this node, kept fresh by its events, and never forgotten because it does not answer.

When the Docker Engine restarts, its containers are still there although nobody can list them. So a listing that
fails leaves the last known one in place and only marks the runtime unavailable (rule 13: unknown is not absent).
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping

from agent.runtime.contract import Running, Runtime, RuntimeFailure
from agent.supervisor.runner import Runner
from reconciler.wire.messages import InstanceKey

log = logging.getLogger(__name__)


class Inventory:
    """The last known listing of the runtime called `name`; `refreshed` is called after each try to list.

    A listing and its taking over are one step under a lock, and so are `add` and `drop`: a listing begun before a
    container was created can't hide it.
    """

    def __init__(self, name: str, runtime: Runtime, refreshed: Callable[[], None], runner: Runner) -> None:
        self.name = name
        self.runtime = runtime
        self.found: tuple[Running, ...] = ()
        self.by_key: Mapping[InstanceKey, tuple[Running, ...]] = {}
        self.available = False
        self.listed = False
        self.listings = 0
        self._refreshed = refreshed
        self._wait = runner.wait
        self._lock = threading.Lock()
        self._listed = threading.Condition()
        self._closing = False
        self._refresher = runner.refresher(f"inventory-{name}", self._refresh_or_log)

    def start(self) -> None:
        """List once, then follow the runtime's events."""
        self._refresh_or_log()
        self.runtime.watch(self.poke)
        self._refresher.start()

    def poke(self) -> None:
        """List again soon."""
        self._refresher.poke()

    def wait(self, listings: int, seconds: float) -> None:
        """Return once more listings than these were made, or after that many seconds."""
        self._wait(self._listed, lambda: self.listings > listings or self._closing, seconds)

    def refresh(self) -> None:
        """List now. Raises RuntimeFailure, and then what was known stays known."""
        with self._lock:
            try:
                found = self.runtime.list()
            except Exception:
                self.available = False
                raise
            self._take_over(found)
            self.available = self.listed = True
        with self._listed:
            self.listings += 1
            self._listed.notify_all()

    def add(self, running: Running) -> None:
        """Count in what was just created, before any listing shows it."""
        with self._lock:
            self._take_over((*self._others(running.container_id), running))

    def drop(self, container_id: str) -> None:
        """Count out what was just removed."""
        with self._lock:
            self._take_over(self._others(container_id))

    def close(self) -> None:
        """Stop following the runtime and let go of it. Ends no instance."""
        with self._listed:
            self._closing = True
            self._listed.notify_all()
        self._refresher.close()
        self.runtime.close()

    def _others(self, container_id: str) -> tuple[Running, ...]:
        return tuple(running for running in self.found if running.container_id != container_id)

    def _take_over(self, found: Iterable[Running]) -> None:
        by_key: dict[InstanceKey, tuple[Running, ...]] = {}
        self.found = tuple(found)
        for running in self.found:
            by_key[running.key] = (*by_key.get(running.key, ()), running)
        self.by_key = by_key

    def _refresh_or_log(self) -> None:
        before, first = self.available, not self.listed
        try:
            self.refresh()
        except RuntimeFailure as failure:
            if before or first:
                log.warning("%s does not answer; what runs is taken to run on: %s", self.name, failure)
        except Exception:
            log.exception("listing %s ended unexpectedly", self.name)
        else:
            if not before:
                log.info("%s answers; %d instances found", self.name, len(self.found))
        try:
            self._refreshed()
        except Exception:
            log.exception("taking over the listing of %s ended unexpectedly", self.name)

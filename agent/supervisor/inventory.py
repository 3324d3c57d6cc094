"""What one runtime has on this node, kept fresh by its events, and never forgotten because it does not answer.

When the Docker Engine restarts, its containers are still there although nobody can list them. So a listing that
fails leaves the last known one in place and only marks the runtime unavailable.
"""

import logging
import threading
from collections.abc import Callable

from agent.runtime.contract import Running, Runtime, RuntimeFailure

log = logging.getLogger(__name__)

SAFETY_NET_SECONDS = 10.0
"""How often a runtime is listed although no event came."""

BURST_SECONDS = 0.1
"""Events within this time share one listing."""


class Inventory:
    """The last known listing of a runtime.

    A listing and its taking over are one step under a lock, and so are `add` and `drop`: a listing begun before a
    container was created can't hide it. At most one listing runs and one waits.
    """

    def __init__(self, name: str, runtime: Runtime, refreshed: Callable[[], None]) -> None:
        self.name = name
        self.runtime = runtime
        self.found: tuple[Running, ...] = ()
        self.available = False
        self.listed = False
        self.listings = 0
        self._refreshed = refreshed
        self._lock = threading.Lock()
        self._poked = threading.Event()
        self._listed = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_fresh, name=f"inventory-{name}", daemon=True)

    def start(self) -> None:
        """List once, then follow the runtime's events."""
        self._refresh_or_log()
        self.runtime.watch(self.poke)
        self._thread.start()

    def wait(self, listings: int, seconds: float) -> None:
        """Return once more listings than these were made, or after that many seconds."""
        with self._listed:
            self._listed.wait_for(lambda: self.listings > listings or self._closing.is_set(), seconds)

    def poke(self) -> None:
        """List again soon."""
        self._poked.set()

    def refresh(self) -> None:
        """List now. Raises RuntimeFailure, and then what was known stays known."""
        with self._lock:
            try:
                found = tuple(self.runtime.list())
            except Exception:
                self.available = False
                raise
            self.found = found
            self.available = self.listed = True
        with self._listed:
            self.listings += 1
            self._listed.notify_all()

    def add(self, running: Running) -> None:
        """Count in what was just created, before any listing shows it."""
        with self._lock:
            others = tuple(known for known in self.found if known.container_id != running.container_id)
            self.found = (*others, running)

    def drop(self, container_id: str) -> None:
        """Count out what was just removed."""
        with self._lock:
            self.found = tuple(known for known in self.found if known.container_id != container_id)

    def close(self) -> None:
        """Stop following the runtime. Ends no instance."""
        self._closing.set()
        self._poked.set()
        with self._listed:
            self._listed.notify_all()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(5.0)
        self.runtime.close()

    def _keep_fresh(self) -> None:
        while not self._closing.is_set():
            if self._poked.wait(SAFETY_NET_SECONDS):
                self._closing.wait(BURST_SECONDS)
            self._poked.clear()
            if not self._closing.is_set():
                self._refresh_or_log()

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

"""How long this node may go on running singletons without a word from the manager.

The manager lends the right for as long as it surely waits before it counts the node as lost and starts the singleton
elsewhere. It is counted from when the last report that the manager has taken was sent, so the agent's count ends
first, whatever the network does. The clock is the one that goes on while a machine sleeps, and it is kept in a file, so
that a new agent knows how much of the lease is left; after a boot nothing of it is.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
LOOK_SECONDS = 1.0
LENGTH_SECONDS = 30.0
"""The length of a lease of which nothing is known any more: what a manager lends by default.

It only says how long singletons have for their end: such a lease has run out.
"""


def now() -> float:
    """Seconds since the boot, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """Calls `expired` when the lease has run out, and every second until it is renewed.

    `expired` gets the seconds in which what runs on it has to be gone; it returns how many instances that ended.
    """

    def __init__(self, path: Path, expired: Callable[[float], int], clock: Callable[[], float] = now) -> None:
        self._path = path
        self._expired = expired
        self._clock = clock
        self._changed = threading.Condition()
        self._closed = False
        self._ends, self._length = _kept(path)
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        """Watch over the lease from now on."""
        self._thread.start()

    def renew(self, sent_at: float, length: float, keep: bool) -> None:
        """The manager has taken a report that was sent at `sent_at`: the lease goes on for `length` seconds from then.

        `keep` says that a new agent of this node should know.
        """
        with self._changed:
            self._ends, self._length = sent_at + length, length
            self._changed.notify()
        if keep:
            _keep(self._path, self._ends, length)

    def close(self) -> None:
        """Watch no more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        while self._wait():
            try:
                # As long again passes until the manager takes the node for lost: half of it is for the instances' end.
                ended = self._expired(self._length / 2)
            except Exception:
                log.exception("singletons could not be ended")
                continue
            if ended:
                log.warning("the manager was not reached for %g s: %d singletons are ended here", self._length, ended)

    def _wait(self) -> bool:
        """Wait until the lease has run out; False when it is watched over no more."""
        with self._changed:
            if not self._closed and self._ends <= self._clock():
                self._changed.wait(LOOK_SECONDS)
            while not self._closed and (left := self._ends - self._clock()) > 0:
                self._changed.wait(left)
            return not self._closed


def _kept(path: Path) -> tuple[float, float]:
    """When the lease that an earlier agent had ends, and its length in seconds; long ago where none is of this boot."""
    try:
        found = json.loads(path.read_text())
        if found["boot"] == BOOT_ID.read_text().strip():
            return float(found["ends"]), float(found["length"])
    except (OSError, ValueError, TypeError, KeyError):
        pass
    return 0.0, LENGTH_SECONDS


def _keep(path: Path, ends: float, length: float) -> None:
    fresh = path.with_suffix(".new")
    try:
        fresh.write_text(json.dumps({"boot": BOOT_ID.read_text().strip(), "ends": ends, "length": length}))
        fresh.replace(path)
    except OSError as error:
        log.warning("the lease can't be kept in %s: %s", path, error)

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
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
LOOK_SECONDS = 1.0
LENGTH_SECONDS = 30.0
"""The length of a lease of which nothing is known any more: what a manager lends by default.

It only says how long singletons have for their end: such a lease has run out.
"""


def now() -> float:
    """Return the seconds since the boot, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Term:
    """When a lease ends, in seconds since the boot, and its length in seconds."""

    ends: float
    length: float

    @property
    def stop_seconds(self) -> float:
        """How long what runs on the lease has for its end.

        As long again as the lease passes until the manager takes the node for lost; half of it is left to spare.
        """
        return self.length / 2


RUN_OUT = Term(0.0, LENGTH_SECONDS)


class Lease:
    """Calls `expired` when the lease has run out, and every second until it is renewed.

    `expired` gets the seconds in which what runs on it has to be gone; it returns for how many instances that began.
    """

    def __init__(self, path: Path, expired: Callable[[float], int], clock: Callable[[], float] = now) -> None:
        self._path = path
        self._expired = expired
        self._clock = clock
        self._changed = threading.Condition()
        self._closed = False
        self._term = load_term(path)
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        """Watch over the lease from now on."""
        self._thread.start()

    def renew(self, sent_at: float, length: float, keep: bool) -> None:
        """Let the lease go on for `length` seconds from `sent_at`, when the report was sent that the manager has taken.

        `keep` says that a new agent of this node should know.
        """
        term = Term(sent_at + length, length)
        with self._changed:
            self._term = term
            self._changed.notify()
        if keep:
            save_term(self._path, term)

    def look(self) -> None:
        """End what runs on the lease if it has run out."""
        term = self._term
        if term.ends > self._clock():
            return
        try:
            begun = self._expired(term.stop_seconds)
        except Exception:
            log.exception("singletons could not be ended")
            return
        if begun:
            log.warning("the manager was not reached for %g s: %d singletons are ended here", term.length, begun)

    def close(self) -> None:
        """Watch no more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        while self._wait():
            self.look()

    def _wait(self) -> bool:
        """Wait until the next look is due; False when it is watched over no more.

        A lease that has run out is looked at after a moment: a new agent may only have to report to renew it.
        """
        with self._changed:
            left = self._term.ends - self._clock()
            if not self._closed:
                self._changed.wait(left if left > 0 else LOOK_SECONDS)
            return not self._closed


def load_term(path: Path) -> Term:
    """Return the lease that an earlier agent of this boot had; one that has run out where there is none."""
    try:
        found = json.loads(path.read_text())
        if found["boot"] == BOOT_ID.read_text().strip():
            return Term(float(found["ends"]), float(found["length"]))
    except (OSError, ValueError, TypeError, KeyError):
        log.debug("%s holds no lease", path)
    return RUN_OUT


def save_term(path: Path, term: Term) -> None:
    """Keep the lease for the next agent of this boot."""
    fresh = path.with_suffix(".new")
    document = {"boot": BOOT_ID.read_text().strip(), "ends": term.ends, "length": term.length}
    try:
        fresh.write_text(json.dumps(document))
        fresh.replace(path)
    except OSError as error:
        log.warning("the lease can't be kept in %s: %s", path, error)

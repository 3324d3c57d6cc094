"""The loop: takes a turn when something has changed, when an attempt is due, or when time alone changes the plan.

Time alone changes it when a node's silence passes a limit, when a window opens, or at the time that the plan itself
says. Any exception ends one turn, never the loop.
"""

import logging
import threading
from collections.abc import Callable, Iterator

from reconciler.control.desired.source_sync import SourceSync
from reconciler.control.dispatch.dispatcher import Dispatcher
from reconciler.control.loop.observation import Observation
from reconciler.control.loop.turns import Turns
from reconciler.store.store import Store

log = logging.getLogger(__name__)

HOUSEKEEPING_SECONDS = 30.0
RETRY_SECONDS = 1.0
"""How long the loop waits after a turn that failed."""


class Loop:
    """Turns in a thread of its own from `start` to `close`. Who sets `awake` has it turn soon."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        observation: Observation,
        dispatcher: Dispatcher,
        sources: SourceSync,
        awake: threading.Event,
        tick: float,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._turns = turns
        self._observation = observation
        self._dispatcher = dispatcher
        self._sources = sources
        self._awake = awake
        self._tick = tick
        self._clock = clock
        self._monotonic = monotonic
        self._sources_changed = threading.Event()
        self._closing = threading.Event()
        self._housekeeping_due = 0.0
        self._thread = threading.Thread(target=self._run, name="loop", daemon=True)

    def start(self) -> None:
        """Read the sources, then turn until `close`."""
        self._sync()
        self._sources.start(self.source_changed)
        self._awake.set()
        self._thread.start()

    def close(self) -> None:
        """End after the turn under way."""
        self._closing.set()
        self._awake.set()
        self._sources.close()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether the loop turns."""
        return self._thread.is_alive() and not self._closing.is_set()

    def turn(self) -> None:
        """Take one turn, after the reading of sources that changed and before the housekeeping that is due."""
        if self._sources_changed.is_set() or self._window_opened():
            self._sources_changed.clear()
            self._sync()
        self._turns.take()
        if self._monotonic() >= self._housekeeping_due:
            self._housekeeping_due = self._monotonic() + HOUSEKEEPING_SECONDS
            self._store.housekeeping(self._clock())

    def seconds_until_due(self) -> float:
        """In how many seconds to turn though nothing happens."""
        return max(min(self._waits()), 0.0)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._awake.clear()
            try:
                self.turn()
            except Exception:  # the loop must outlive whatever one turn meets
                log.exception("a turn of the loop failed; the next one is in a second")
                self._closing.wait(RETRY_SECONDS)
                self._awake.set()
            self._rest()

    def _rest(self) -> None:
        """Wait for the next reason to turn."""
        due = self._monotonic() + self.seconds_until_due()
        while not self._closing.is_set():
            before = self._clock()
            timeout = min(self._tick, max(due - self._monotonic(), 0.0))
            woken = self._awake.wait(timeout)
            if self._clock() - before > self._tick + timeout:
                # This process was suspended, or starved: the silence is ours, not the nodes'.
                self._observation.listen_anew()
            if woken or self._monotonic() >= due:
                return

    def _waits(self) -> Iterator[float]:
        now = self._clock()
        yield HOUSEKEEPING_SECONDS
        for at in (self._turns.latest.plan.look_again, self._sources.due):
            if at is not None:
                yield at - now
        retry = self._dispatcher.next_due()
        if retry is not None:
            yield retry
        yield from self._observation.waits()

    def _window_opened(self) -> bool:
        """Whether it is time to accept what waited for a window to open."""
        return self._sources.due is not None and self._sources.due <= self._clock()

    def source_changed(self) -> None:
        """Have the loop read the sources, and turn, soon."""
        self._sources_changed.set()
        self._awake.set()

    def _sync(self) -> None:
        result = self._sources.sync(patient=True)
        for problem in result.problems:
            log.warning("%s", problem)
        if result.prune_blocked:
            log.warning("%s", result.prune_blocked)

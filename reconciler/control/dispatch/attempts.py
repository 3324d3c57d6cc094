"""What was asked of nodes, so that nothing is asked again too soon, and no attempt is told twice.

A plan says what is missing, every time anew; asking again for what was asked for and has not come is the same attempt.
An attempt ends when what was asked for has come, or when something else is wanted there. That its action waits for a
turn, or is missing from plans while its node is silent, does not end it.
"""

import random
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from reconciler.net.backoff import Backoff
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Action, Kind
from reconciler.wire.messages import AllocationId, Reservation
from reconciler.wire.reports import Drift

AGAIN = Backoff(1.0, 2.0, 60.0, jitter=0.2)
"""When an agent is asked again: after 1, 2, 4 … 60 s."""
FORGET_SECONDS = 120.0
"""How long attempts are remembered that no plan wants any more; until then they slow the next one down."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is on a node of an instance, as far as an action can change it. `since` is epoch seconds."""

    digest: str
    container_id: str | None
    since: float
    reservation: Reservation = Reservation()
    drift: tuple[Drift, ...] = ()


def sight(allocation: Allocation | None) -> Sight | None:
    """What an allocation looks like from here; None before its node reports it."""
    if allocation is None or not allocation.confirmed:
        return None
    return Sight(allocation.digest, allocation.container_id, allocation.since, allocation.reservation, allocation.drift)


@dataclass(slots=True)
class Attempt:
    """What was asked for one instance on one node, and what was there before. Times are of the monotonic clock.

    `sent` and `told` are of this attempt; `count` goes on over several that follow each other, so that those that fail
    are spaced out.
    """

    ends: bool
    digest: str
    sight: Sight | None
    count: int = 0
    due: float = 0.0
    sent: bool = False
    told: bool = False
    under_way: bool = False
    waits: bool = False
    error: str = ""
    unwanted_since: float | None = None

    def see(self, seen: Sight | None) -> None:
        """Let the attempt end, and another begin, if what was asked for has come."""
        came = seen is None if self.ends else seen is not None and seen.digest == self.digest
        if came and seen != self.sight:
            self.sent = self.told = False
            self.sight = seen


class Attempts:
    """Remembers attempts by where they are. Safe to use from many threads."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random
    ) -> None:
        self._monotonic = monotonic
        self._chance = chance
        self._lock = threading.Lock()
        self._attempts: dict[AllocationId, Attempt] = {}

    def follow(self, actions: Collection[Action], seen: Callable[[AllocationId], Sight | None]) -> list[Action]:
        """Take up a plan's actions, and choose those that are to be sent now. `seen` says what is where."""
        now, places = self._monotonic(), {action.allocation_id for action in actions}
        assert len(places) == len(actions), "rule 15: one attempt at a time for one instance on one node"
        with self._lock:
            due = []
            for action in actions:
                attempt = self._taken_up(action, seen(action.allocation_id))
                if not attempt.waits and not attempt.under_way and attempt.due <= now:
                    due.append(action)
            self._let_go(places, seen, now)
            return due

    def is_new(self, action: Action) -> bool:
        """Whether nothing was sent yet of the attempt that an action is of."""
        with self._lock:
            return not self._attempts[action.allocation_id].sent

    def begin(self, action: Action) -> Attempt:
        """Note that an action is being sent."""
        with self._lock:
            attempt = self._attempts[action.allocation_id]
            assert not attempt.under_way, "rule 15: one attempt at a time for one instance on one node"
            attempt.count += 1
            attempt.sent = attempt.under_way = True
            return attempt

    def end(self, attempt: Attempt, error: str) -> None:
        """Note that a call has ended: with `error`, "" when the agent accepted it."""
        with self._lock:
            attempt.error = error
            attempt.under_way = False
            attempt.due = self._monotonic() + AGAIN.delay(attempt.count, self._chance())

    def untold(self, actions: Collection[Action]) -> list[Action]:
        """Choose the actions that were sent and are not on record as events."""
        with self._lock:
            pairs = [(action, self._attempts[action.allocation_id]) for action in actions]
            return [action for action, attempt in pairs if attempt.sent and not attempt.told]

    def tell(self, actions: Collection[Action]) -> None:
        """Note that these actions are on record as events."""
        with self._lock:
            for action in actions:
                self._attempts[action.allocation_id].told = True

    def is_unknown(self, action: Action) -> bool:
        """Whether nothing is remembered of where an action is, as after a restart of the manager."""
        with self._lock:
            return action.allocation_id not in self._attempts

    def next_due(self) -> float | None:
        """In how many seconds something is to be sent again; None when nothing is."""
        with self._lock:
            times = [
                attempt.due
                for attempt in self._attempts.values()
                if not attempt.under_way and not attempt.waits and attempt.unwanted_since is None
            ]
        return max(min(times) - self._monotonic(), 0.0) if times else None

    def errors(self) -> dict[AllocationId, str]:
        """Why the last call failed, for everything that is still wanted."""
        with self._lock:
            return {
                place: attempt.error
                for place, attempt in self._attempts.items()
                if attempt.error and attempt.unwanted_since is None
            }

    def _taken_up(self, action: Action, seen: Sight | None) -> Attempt:
        """The attempt that an action is of: the one that is remembered, or a new one."""
        ends = action.kind is Kind.STOP
        attempt = self._attempts.get(action.allocation_id)
        if attempt is None or (attempt.ends, attempt.digest) != (ends, action.digest):
            attempt = self._attempts[action.allocation_id] = Attempt(ends, action.digest, seen)
        attempt.see(seen)
        attempt.waits = bool(action.waits_for or action.blocked_by)
        attempt.unwanted_since = None
        return attempt

    def _let_go(
        self, wanted: Collection[AllocationId], seen: Callable[[AllocationId], Sight | None], now: float
    ) -> None:
        """Watch the attempts that the plan does not have, and forget old ones."""
        for place in [place for place in self._attempts if place not in wanted]:
            attempt = self._attempts[place]
            attempt.see(seen(place))
            if attempt.unwanted_since is None:
                attempt.unwanted_since = now
            if now - attempt.unwanted_since > FORGET_SECONDS:
                del self._attempts[place]

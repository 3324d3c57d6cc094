"""Decisions that were kept: the plans by which something happened, and all that each was made of."""

from collections.abc import Sequence
from datetime import UTC, datetime

from reconciler.control.errors import Conflict, UnknownPlan
from reconciler.plan.model.observed import Allocation
from reconciler.store.model import Event
from reconciler.store.store import Store
from reconciler.store.tables.decisions import DECISIONS_MAX, DECISIONS_SECONDS_MAX, Decision

DECISIONS_SEARCHED_MAX = 200
"""So many decisions are searched for a container that is gone."""
DAY_SECONDS = 86_400


class Decisions:
    """Finds decisions by their plan's hash, by an event, or by a container."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def newest(self, limit: int) -> list[Decision]:
        """List the newest kept decisions, the newest first."""
        return self._store.decisions.find(limit=limit)

    def read(self, plan_hash: str, decision_id: int | None = None) -> bytes:
        """Read the state that a decision was made of, with what was decided, as JSON: the newest of this plan.

        `plan_hash` may be its beginning; `decision_id` tells those of one plan apart. Raises UnknownPlan, Conflict.
        """
        found = self._store.decisions.find(plan_hash)
        hashes = {decision.plan_hash for decision in found}
        if len(hashes) > 1:
            some = ", ".join(sorted(one[:16] for one in hashes)[:3])
            raise Conflict(f"{len(hashes)} kept plans begin with {plan_hash}: {some}: give more of the hash")
        chosen = [one for one in found if decision_id in (None, one.id)]
        text = self._store.decisions.state(chosen[0].id) if chosen else None
        if text is None:
            raise UnknownPlan(self._unknown(plan_hash))
        return text

    def of(self, event: Event) -> tuple[Decision | None, bytes | None]:
        """Find the decision that an event is of, and its state; None where it is not kept."""
        known = self._store.decisions.find(event.plan_hash) if event.plan_hash else []
        found = [one for one in known if one.at <= event.at]
        return (found[0], self._store.decisions.state(found[0].id)) if found else (None, None)

    def containers(self, prefix: str) -> Sequence[Allocation]:
        """Find the allocation whose container's id begins so, as a kept decision last saw it."""
        return self._store.decisions.allocations_with(f'"container_id":"{prefix}', DECISIONS_SEARCHED_MAX)

    def _unknown(self, plan_hash: str) -> str:
        newest, oldest = self._store.decisions.find(limit=1), self._store.decisions.oldest()
        if not newest or oldest is None:
            return f"no plan '{plan_hash}' is kept: nothing was decided yet"
        return (
            f"no plan '{plan_hash}' is kept: the oldest kept one is {_shown(oldest)}, the newest {_shown(newest[0])}; "
            f"the last {DECISIONS_MAX} by which something was done or waits are kept, "
            f"for {DECISIONS_SECONDS_MAX / DAY_SECONDS:.0f} days at most"
        )


def _shown(decision: Decision) -> str:
    when = datetime.fromtimestamp(decision.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{decision.plan_hash[:12]} of {when}"

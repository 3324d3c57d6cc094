"""Letting pass what a plan holds because it is beyond a limit, and forgetting such approvals again."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from reconciler.control.errors import Conflict
from reconciler.control.view import View, documented
from reconciler.plan.gates.blast_radius import VOLUMES, stop_of
from reconciler.plan.model.plan import Action, Plan
from reconciler.store.model import Event
from reconciler.store.store import Store

APPROVAL_SECONDS_MAX = 24 * 3600.0
"""After so long an approval is forgotten, whatever became of it."""

LETTERS_MIN = 8
"""So many letters of a plan's hash say which one is meant."""


@dataclass(frozen=True, slots=True)
class PendingApproval:
    """The actions that a plan holds until they are approved, and the hash of that plan ("" where there are none)."""

    plan_hash: str
    actions: tuple[Action, ...]

    def of(self, business_ids: Collection[str]) -> "PendingApproval":
        """The same, of these businesses alone."""
        return PendingApproval(
            self.plan_hash, tuple(action for action in self.actions if action.key.business_id in business_ids)
        )


class Approvals:
    """Approves what the present plan holds. `view` gives what is known now, `wake` has the loop turn."""

    def __init__(
        self, store: Store, view: Callable[[], View], clock: Callable[[], float], wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._view = view
        self._clock = clock
        self._wake = wake

    def pending(self) -> PendingApproval:
        """Show what waits for an approval now."""
        view = self._view()
        actions = over_limit(view.plan)
        return PendingApproval(_hash(view) if actions else "", actions)

    def approve(self, given: str, who: str) -> PendingApproval:
        """Approve all that the plan of this hash (or its first letters) holds; what that is.

        Raises Conflict when the present plan is another, or holds nothing.
        """
        view = self._view()
        pending = PendingApproval(_hash(view), over_limit(view.plan))
        if len(given) < LETTERS_MIN or not pending.plan_hash.startswith(given):
            raise Conflict(
                f"the present plan is {pending.plan_hash}, not '{given}': it has changed since; look at "
                "`reconciler approve` and approve what it shows"
            )
        if not pending.actions:
            raise Conflict("nothing waits for an approval")
        self._approve(pending, who)
        return pending

    def approve_own(self, business_ids: Collection[str], who: str) -> PendingApproval:
        """Approve what is held of these businesses, as far as a `--yes` reaches: not what ends volumes.

        Returns what is still held of them.
        """
        pending = self.pending().of(business_ids)
        passing = tuple(action for action in pending.actions if VOLUMES not in action.exceeds)
        if passing:
            self._approve(PendingApproval(pending.plan_hash, passing), who)
        return self.pending().of(business_ids)

    def _approve(self, approved: PendingApproval, who: str) -> None:
        at, stops = self._clock(), {stop_of(action) for action in approved.actions}
        with self._store.transaction():
            self._store.approvals.approve(stops, approved.plan_hash, who, at)
            self._store.events.add(
                Event(
                    at,
                    "approved",
                    f"{stop_count(group)} approved by {who} in plan {approved.plan_hash[:12]}",
                    business_id,
                    cause=f"{who}: approve",
                    plan_hash=approved.plan_hash,
                )
                for business_id, group in by_business(approved.actions).items()
            )
        self._wake()


def _hash(view: View) -> str:
    return documented(view).hash


def over_limit(plan: Plan) -> tuple[Action, ...]:
    """The actions that wait for an approval."""
    return tuple(action for action in plan.actions if action.exceeds)


def by_business(actions: Sequence[Action]) -> dict[str, list[Action]]:
    """The actions of each business."""
    found: dict[str, list[Action]] = {}
    for action in actions:
        found.setdefault(action.key.business_id, []).append(action)
    return found


def stop_count(actions: Sequence[Action]) -> str:
    """Count actions that stop something: `3 stops`."""
    return f"{len(actions)} {'stop' if len(actions) == 1 else 'stops'}"


def withdraw_outdated(store: Store, view: View) -> None:
    """Forget approvals of allocations that have gone or are wanted again, and old ones."""
    known = store.approvals.all()
    if not known:
        return
    there = {(allocation.key, allocation.node_id) for allocation in view.observed.allocations}
    wanted = {*view.plan.placements, *(pending.key for pending in view.plan.pending)}
    store.approvals.withdraw(
        stop
        for stop, at in known.items()
        # What was approved after this look is not judged by it.
        if at <= view.at and (stop[:2] not in there or stop[0] in wanted or view.at - at >= APPROVAL_SECONDS_MAX)
    )

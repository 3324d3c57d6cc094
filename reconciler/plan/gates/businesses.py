"""Between businesses: what waits until others run, what stops after its users, and what is paused.

Of a paused business nothing is done but to stop it when it is stopped.
An instance that was begun in the wanted version is healed and moved without waiting: what it needs is only an order of
changes, and must not make the failure of one business that of others.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from reconciler.manifest.check.circles import circle, shown
from reconciler.manifest.model import Business
from reconciler.plan.gates.gate import Draft, Waits
from reconciler.plan.model.blockers import (
    BusinessMissing,
    BusinessNotRunning,
    NeededBusinessStopped,
    Paused,
    StillUsedByBusiness,
)
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.model.reasons import Reason
from reconciler.wire.messages import InstanceKey, Status


def circles(desired: Desired, businesses: Iterable[Business]) -> dict[str, str]:
    """Which of these businesses would wait for each other in a circle once they are accepted, and in which."""
    new = {business.business_id: business.depends_on_businesses for business in businesses}
    needs = {key: entry.business.depends_on_businesses for key, entry in desired.businesses.items()} | new
    found = {}
    for name in sorted(new):
        ways = (circle(name, other, needs) for other in new[name])
        way = next((way for way in ways if way), None)
        if way:
            found[name] = shown(way)
    return found


class Businesses:
    """Actions of businesses that are paused, or need others, or are needed."""

    def waits(self, draft: Draft) -> Waits:
        """Those that wait. What others wait for to have its room waits for no other business."""
        waits = Waits()
        if any(_needs(draft.desired, name) for name in _all(draft.desired)):
            order = _Order(draft)
            for action in draft.actions:
                why = order.why(action)
                if why is not None:
                    waits.blocked[action.allocation_id] = why
        for action in draft.actions:
            entry = draft.desired.businesses.get(action.key.business_id)
            if entry is not None and entry.paused and not entry.stopped:
                waits.blocked[action.allocation_id] = Paused(action.key.business_id)
        return waits


def _all(desired: Desired) -> list[str]:
    return sorted({*desired.businesses, *desired.removed})


def _needs(desired: Desired, business_id: str) -> Sequence[str]:
    """The businesses that this one depends on, as its newest spec has it."""
    specs = desired.specs(business_id)
    return specs[0].depends_on_businesses if specs else ()


class _Order:
    """The order between businesses: `users` are those that need each, `ending` the first instance that each ends."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._instances: dict[str, list[InstanceKey]] = defaultdict(list)
        for key in sorted(draft.wants):
            self._instances[key.business_id].append(key)
        self._ending = {
            action.key.business_id: action.key
            for action in reversed(draft.actions)
            if action.kind is Kind.STOP and self._ends(action.key.business_id)
        }
        self._users: dict[str, list[str]] = defaultdict(list)
        for name in _all(draft.desired):
            for needed in _needs(draft.desired, name):
                self._users[needed].append(name)

    def why(self, action: Action) -> Reason | None:
        """Why the action waits, None when it need not."""
        if action.allocation_id in self._draft.needed:
            return None
        if action.kind is Kind.STOP and action.key not in self._draft.wants:
            return self._still_used(action.key.business_id)
        # An instance that moves runs on where it is until it may start elsewhere.
        start = self._draft.starting.get(action.key)
        if start is None or self._was_begun(start):
            return None
        needed = _needs(self._draft.desired, action.key.business_id)
        return next((why for name in needed if (why := self._not_running(name)) is not None), None)

    def _still_used(self, business_id: str) -> Reason | None:
        users = self._users[business_id] if self._ends(business_id) else ()
        user = next((self._ending[name] for name in users if name in self._ending), None)
        return None if user is None else StillUsedByBusiness(user)

    def _ends(self, business_id: str) -> bool:
        entry = self._draft.desired.businesses.get(business_id)
        return entry is None or entry.stopped

    def _was_begun(self, start: Action) -> bool:
        there = self._draft.allocations.get(start.key, ())
        return any(allocation.confirmed and allocation.digest == start.digest for allocation in there)

    def _not_running(self, business_id: str) -> Reason | None:
        """Why a business that is needed does not run as it is wanted, None when it does."""
        entry = self._draft.desired.businesses.get(business_id)
        if entry is None:
            return BusinessMissing(business_id)
        if entry.stopped:
            return NeededBusinessStopped(business_id)
        for key in self._instances[business_id]:
            if not any(map(self._runs, self._draft.allocations.get(key, ()))):
                return BusinessNotRunning(key)
        return None

    def _runs(self, allocation: Allocation) -> bool:
        """Whether it runs in the wanted version where it is to be, or has done its work."""
        want = self._draft.wants[allocation.key]
        if (
            allocation.node_id != self._draft.placements.get(allocation.key)
            or not allocation.confirmed
            or allocation.digest != want.digest
        ):
            return False
        done = allocation.status is Status.STOPPED and allocation.ended and not want.component.runs_always
        return allocation.status is Status.RUNNING or done

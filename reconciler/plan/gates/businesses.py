"""Between businesses: what waits until others run, what stops after its users, and what is paused.

Of a paused business nothing is done but to stop it when it is stopped.
An instance that was begun in the wanted version is healed and moved without waiting: what it needs is only an order of
changes, and must not make the failure of one business that of others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.manifest.check.circles import circle, shown
from reconciler.manifest.model import Business
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
from reconciler.plan.wants.wanted import DesiredInstance
from reconciler.wire.messages import InstanceKey, Status

Place = tuple[InstanceKey, str]


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


def held(
    desired: Desired,
    wants: Mapping[InstanceKey, DesiredInstance],
    allocations: Iterable[Allocation],
    actions: Iterable[Action],
    placements: Mapping[InstanceKey, str],
) -> dict[Place, Reason]:
    """Why actions wait, by instance and node. What others wait for to have its room waits for no other business."""
    actions = tuple(actions)
    found: dict[Place, Reason] = {}
    for action in actions:
        entry = desired.businesses.get(action.key.business_id)
        if entry is not None and entry.paused and not entry.stopped:
            found[action.key, action.node_id] = Paused(action.key.business_id)
    if any(spec.depends_on_businesses for key in _all(desired) for spec in desired.specs(key)[:1]):
        order = _Order(desired, wants, allocations, actions, placements)
        for action in actions:
            why = order.why(action)
            if why is not None:
                found.setdefault((action.key, action.node_id), why)
    return found


def _all(desired: Desired) -> list[str]:
    return sorted({*desired.businesses, *desired.removed})


class _Order:
    def __init__(
        self,
        desired: Desired,
        wants: Mapping[InstanceKey, DesiredInstance],
        allocations: Iterable[Allocation],
        actions: tuple[Action, ...],
        placements: Mapping[InstanceKey, str],
    ) -> None:
        self._desired = desired
        self._wants = wants
        self._placements = placements
        self._copies: dict[InstanceKey, list[Allocation]] = defaultdict(list)
        for allocation in allocations:
            self._copies[allocation.key].append(allocation)
        self._instances: dict[str, list[InstanceKey]] = defaultdict(list)
        for key in sorted(wants):
            self._instances[key.business_id].append(key)
        self._needed = {(key, action.node_id) for action in actions for key in action.waits_for}
        self._starting = {action.key: action for action in actions if action.kind is not Kind.STOP}
        self._ending: dict[str, InstanceKey] = {}
        for action in actions:
            if action.kind is Kind.STOP and self._ends(action.key.business_id):
                first = self._ending.setdefault(action.key.business_id, action.key)
                self._ending[action.key.business_id] = min(first, action.key)
        self._users: dict[str, list[str]] = defaultdict(list)
        for name in _all(desired):
            for spec in desired.specs(name)[:1]:
                for needed in spec.depends_on_businesses:
                    self._users[needed].append(name)

    def why(self, action: Action) -> Reason | None:
        """Why the action waits, None when it need not."""
        key = action.key
        if (key, action.node_id) in self._needed:
            return None
        if action.kind is Kind.STOP and key not in self._wants:
            users = self._users[key.business_id] if self._ends(key.business_id) else ()
            user = next((self._ending[name] for name in users if name in self._ending), None)
            return StillUsedByBusiness(user) if user is not None else None
        # An instance that moves runs on where it is until it may start elsewhere.
        start = self._starting.get(key)
        if start is None or any(
            allocation.confirmed and allocation.digest == start.digest for allocation in self._copies[key]
        ):
            return None
        needed = self._desired.businesses[key.business_id].business.depends_on_businesses
        return next((why for name in needed if (why := self._not_running(name))), None)

    def _ends(self, business_id: str) -> bool:
        entry = self._desired.businesses.get(business_id)
        return entry is None or entry.stopped

    def _not_running(self, business_id: str) -> Reason | None:
        """Why a business that is needed does not run as it is wanted, None when it does."""
        entry = self._desired.businesses.get(business_id)
        if entry is None:
            return BusinessMissing(business_id)
        if entry.stopped:
            return NeededBusinessStopped(business_id)
        for key in self._instances[business_id]:
            if not any(self._runs(allocation) for allocation in self._copies[key]):
                return BusinessNotRunning(key)
        return None

    def _runs(self, allocation: Allocation) -> bool:
        """Whether it runs in the wanted version where it is to be, or has done its work."""
        want = self._wants[allocation.key]
        if (
            allocation.node_id != self._placements.get(allocation.key)
            or not allocation.confirmed
            or allocation.digest != want.digest
        ):
            return False
        done = allocation.status is Status.STOPPED and allocation.ended and not want.component.runs_always
        return allocation.status is Status.RUNNING or done

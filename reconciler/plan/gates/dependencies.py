"""Start order: what waits until what it depends on is ready, or until what depends on it has gone.

Conditions are Compose's (`depends_on`), and hold across nodes.
"""

from collections.abc import Iterable

from reconciler.manifest.model import Business, Component
from reconciler.manifest.references import dependencies, refers
from reconciler.plan.gates.gate import Draft, Waits
from reconciler.plan.model.blockers import DependencyNotReady, StillUsed
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.model.reasons import Reason
from reconciler.plan.wants.progress import good_from
from reconciler.wire.messages import InstanceKey, Status


class Dependencies:
    """Actions of components that depend on, or refer to, others of their business."""

    def waits(self, draft: Draft) -> Waits:
        """Those whose order has not come. What others wait for to have its room is never blocked."""
        desired = draft.desired
        if any(_is_ordered(desired.specs(key)) for key in (*desired.businesses, *desired.removed)):
            return _Order(draft).waits()
        return Waits()


def _is_ordered(specs: Iterable[Business]) -> bool:
    return any(component.depends_on or refers(component) for spec in specs for component in spec.components)


class _Order:
    """The order within businesses: `ending` has the first instance of each component that stops for good."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._waits = Waits()
        self._ending = {
            (action.key.business_id, action.key.component_id): action.key
            for action in reversed(draft.actions)
            if action.kind is Kind.STOP and action.key not in draft.wants
        }

    def waits(self) -> Waits:
        """The actions that wait, and when an instance will have run for long enough."""
        for action in self._draft.actions:
            why = self._why(action)
            if why is not None:
                self._waits.blocked[action.allocation_id] = why
        return self._waits

    def _why(self, action: Action) -> Reason | None:
        if action.allocation_id in self._draft.needed:
            return None
        if action.kind is Kind.STOP and action.key not in self._draft.wants:
            return self._still_used(action.key)
        # An instance that moves runs on where it is until it may start elsewhere.
        return self._not_ready(action.key) if action.key in self._draft.starting else None

    def _not_ready(self, key: InstanceKey) -> Reason | None:
        for name, dependency in self._draft.wants[key].needs.items():
            for needed in self._draft.instances.get((key.business_id, name), ()):
                there = self._draft.allocations.get(needed, ())
                if not any(self._meets(allocation, dependency.condition) for allocation in there):
                    return DependencyNotReady(needed, dependency.condition)
        return None

    def _meets(self, allocation: Allocation, condition: str) -> bool:
        """Whether the allocation is of the wanted version, where it is to be, and as far as the condition asks."""
        if allocation.node_id != self._draft.placements.get(allocation.key, allocation.node_id):
            return False
        if not allocation.confirmed or allocation.digest != self._draft.wants[allocation.key].digest:
            return False
        if condition == "service_completed_successfully":
            return allocation.status is Status.STOPPED and allocation.ended
        if condition == "service_healthy":
            return self._is_good(allocation)
        began = allocation.started_at is not None and allocation.status in (Status.STARTING, Status.STOPPED)
        return allocation.status is Status.RUNNING or began

    def _is_good(self, allocation: Allocation) -> bool:
        good = good_from(self._draft.wants[allocation.key].component, allocation, allocation.digest)
        if good is not None and good > self._draft.now:
            self._waits.until(good)
        return good is not None and good <= self._draft.now

    def _still_used(self, key: InstanceKey) -> Reason | None:
        """Stops go in reverse order: first what depends on it, where that stops too."""
        for business in self._draft.desired.specs(key.business_id):
            if _has(business.components, key.component_id):
                users = (
                    self._ending.get((key.business_id, component.component_id))
                    for component in business.components
                    if key.component_id in dependencies(component)
                )
                user = next((user for user in users if user is not None), None)
                return None if user is None else StillUsed(user)
        return None


def _has(components: Iterable[Component], component_id: str) -> bool:
    return any(component.component_id == component_id for component in components)

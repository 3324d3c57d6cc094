"""Start order: which actions are held until what they depend on is ready, or until what depends on them has gone.

Nothing is remembered: an action is held for as long as the observation says so, and the plan after the next report
looks anew. Conditions are Compose's (`depends_on`), and hold across nodes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.manifest.model import Business, Component
from reconciler.manifest.references import dependencies, refers
from reconciler.plan.model.blockers import DependencyNotReady, StillUsed
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.model.reasons import Reason
from reconciler.plan.wants.progress import Waits, good_from
from reconciler.plan.wants.wanted import DesiredInstance
from reconciler.wire.messages import InstanceKey, Status


def held(
    desired: Desired,
    wants: Mapping[InstanceKey, DesiredInstance],
    allocations: Iterable[Allocation],
    actions: Iterable[Action],
    placements: Mapping[InstanceKey, str],
    now: float,
) -> Waits:
    """Why actions of the plan wait, by instance and node; those that need not are left out.

    `wants` are all instances that should run. What others wait for to have its room (`Action.waits_for`) is never
    held, so that no two wait for each other.
    """
    if not any(_ordered(desired.specs(key)) for key in (*desired.businesses, *desired.removed)):
        return Waits()
    order = _Order(desired, wants, allocations, actions, placements, now)
    for action in order.actions:
        why = order.why(action)
        if why is not None:
            order.waits.blocked[action.key, action.node_id] = why
    return order.waits


def _ordered(specs: Iterable[Business]) -> bool:
    return any(component.depends_on or refers(component) for spec in specs for component in spec.components)


class _Order:
    def __init__(
        self,
        desired: Desired,
        wants: Mapping[InstanceKey, DesiredInstance],
        allocations: Iterable[Allocation],
        actions: Iterable[Action],
        placements: Mapping[InstanceKey, str],
        now: float,
    ) -> None:
        self._now = now
        self.waits = Waits()
        self._placements = placements
        self.actions = tuple(actions)
        self._desired = desired
        self._wants = wants
        self._copies: dict[InstanceKey, list[Allocation]] = defaultdict(list)
        for allocation in allocations:
            self._copies[allocation.key].append(allocation)
        self._instances: dict[tuple[str, str], list[InstanceKey]] = defaultdict(list)
        for key in sorted(wants):
            self._instances[key.business_id, key.component_id].append(key)
        self._needed = {(key, action.node_id) for action in self.actions for key in action.waits_for}
        self._ending = {
            (action.key.business_id, action.key.component_id): action.key
            for action in reversed(self.actions)
            if action.kind is Kind.STOP and action.key not in wants
        }
        self._starting = {action.key: action for action in self.actions if action.kind is not Kind.STOP}

    def why(self, action: Action) -> Reason | None:
        """Why the action waits, None when it need not."""
        if (action.key, action.node_id) in self._needed:
            return None
        if action.kind is not Kind.STOP:
            return self._not_ready(action.key)
        if action.key in self._wants:
            # An instance that moves runs on where it is until it may start elsewhere.
            return self._not_ready(action.key) if action.key in self._starting else None
        return self._still_used(action.key)

    def _not_ready(self, key: InstanceKey) -> Reason | None:
        for name, dependency in self._wants[key].needs.items():
            for needed in self._instances[key.business_id, name]:
                if not any(self._meets(allocation, dependency.condition) for allocation in self._copies[needed]):
                    return DependencyNotReady(needed, dependency.condition)
        return None

    def _meets(self, allocation: Allocation, condition: str) -> bool:
        """Whether the copy is of the wanted version, where it is to be, and as far as the condition asks."""
        if allocation.node_id != self._placements.get(allocation.key, allocation.node_id):
            return False
        if not allocation.confirmed or allocation.digest != self._wants[allocation.key].digest:
            return False
        if condition == "service_completed_successfully":
            return allocation.status is Status.STOPPED and allocation.ended
        if condition == "service_healthy":
            good = good_from(self._wants[allocation.key].component, allocation, allocation.digest)
            if good is not None and good > self._now:
                self.waits.until(good)
            return good is not None and good <= self._now
        began = allocation.started_at is not None and allocation.status in (Status.STARTING, Status.STOPPED)
        return allocation.status is Status.RUNNING or began

    def _still_used(self, key: InstanceKey) -> Reason | None:
        """Stops go in reverse order: first what depends on it, where that stops too."""
        for business in self._desired.specs(key.business_id):
            if _component(business.components, key.component_id) is None:
                continue
            for component in business.components:
                user = self._ending.get((key.business_id, component.component_id))
                if key.component_id in dependencies(component) and user is not None:
                    return StillUsed(user)
            return None
        return None


def _component(components: Iterable[Component], component_id: str) -> Component | None:
    return next((component for component in components if component.component_id == component_id), None)

"""Drains: how many instances of a component leave draining nodes at a time.

As many as an update takes (`update.parallelism`, 1 unless the spec says otherwise): the next one begins when the one
before runs in its new place. A successor that does not come up therefore stops the component's drain at the first
instances, and the rest go on serving where they are. What does not serve has nothing to lose and goes at once, and so
does everything once a drain's deadline has passed.
"""

from collections import defaultdict

from reconciler.plan.gates.gate import Draft, Waits
from reconciler.plan.model.blockers import DrainPaced
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.wants.progress import serves
from reconciler.wire.messages import ComponentKey, InstanceKey


class Drains:
    """Moves away from nodes that give away what they run."""

    def waits(self, draft: Draft) -> Waits:
        """The moves beyond those that may be under way at a time."""
        return _Moves(draft).waits() if draft.leaving else Waits()


class _Moves:
    """The moves away from draining nodes: `old` is what serves there, `creates` are the successors to be started."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._old: dict[InstanceKey, Allocation] = {
            allocation.key: allocation
            for allocation in draft.observed.allocations
            if allocation.node_id in draft.leaving
            and allocation.key in draft.wants
            and serves(allocation)
            and not allocation.reservation.volumes
        }
        self._creates: dict[InstanceKey, Action] = {
            action.key: action for action in draft.actions if action.kind is Kind.CREATE and action.key in self._old
        }

    def waits(self) -> Waits:
        """The creates that wait, and the stops of singletons, which go before their successors."""
        waits = Waits()
        queues: dict[ComponentKey, list[InstanceKey]] = defaultdict(list)
        for key in sorted(self._creates):
            queues[key.business_id, key.component_id].append(key)
        for name, queue in queues.items():
            component = self._draft.wants[queue[0]].component
            at_once = component.update.parallelism or len(queue)
            begun = [key for key in self._draft.instances[name] if key not in self._creates and self._is_between(key)]
            free = max(at_once - len(begun), 0)
            why = DrainPaced((*begun, *queue[:free]), at_once)
            for key in queue[free:]:
                waits.blocked[self._creates[key].allocation_id] = why
                if component.singleton:
                    waits.blocked[key, self._old[key].node_id] = why
        return waits

    def _is_between(self, key: InstanceKey) -> bool:
        """Whether the instance is between two nodes: asked for on the other one, and not running there yet."""
        there = [one for one in self._draft.allocations.get(key, ()) if one.node_id not in self._draft.leaving]
        if any(map(serves, there)):
            return False
        if key in self._old:
            return any(allocation.confirmed for allocation in there)
        return self._draft.wants[key].component.singleton

"""Singletons: at most one of each runs, whatever happens to nodes."""

from reconciler.plan.gates.gate import Draft, Waits
from reconciler.plan.model.blockers import SingletonElsewhere
from reconciler.plan.model.observed import NodeHealth


class Singleton:
    """Starts and updates of singletons."""

    def waits(self, draft: Draft) -> Waits:
        """Those that may still run on another node; on a lost one they have ended by themselves, without a lease."""
        waits = Waits()
        for action in draft.actions:
            if action.component is not None and action.component.singleton:
                others = [
                    allocation.node_id
                    for allocation in draft.allocations.get(action.key, ())
                    if allocation.node_id != action.node_id
                    and draft.health.get(allocation.node_id, NodeHealth.LOST) is not NodeHealth.LOST
                ]
                if others:
                    waits.blocked[action.allocation_id] = SingletonElsewhere(min(others))
        return waits

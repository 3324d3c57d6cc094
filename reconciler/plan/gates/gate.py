"""What a gate is: one kind of thing that actions of a plan wait for. It checks and explains, as a filter does of nodes.

Nothing is remembered: an action waits for as long as the observation says so, and the plan after the next report looks
anew. Adding a kind of wait is adding a class, its reason in `model.blockers`, and its place in `pipeline.GATES`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Allocation, Node, NodeHealth, Observed
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.model.reasons import Reason
from reconciler.plan.wants.leaving import gives_away, is_past_deadline, leaves
from reconciler.plan.wants.wanted import DesiredInstance
from reconciler.wire.messages import AllocationId, ComponentKey, InstanceKey


@dataclass(slots=True)
class Waits:
    """What blocks actions, by instance and node; and when time alone ends a wait (seconds since the epoch)."""

    blocked: dict[AllocationId, Reason] = field(default_factory=dict)
    look_again: float | None = None

    def until(self, time: float) -> None:
        """Have the plan made anew then at the latest."""
        self.look_again = time if self.look_again is None else min(time, self.look_again)


@dataclass(frozen=True)
class Draft:
    """A plan before its gates, and what they look at. What is derived of it is worked out once, when it is asked for.

    `wants` are all instances that should run; `actions` are in the plan's order; `health` is that of every node.
    """

    desired: Desired
    observed: Observed
    wants: Mapping[InstanceKey, DesiredInstance]
    actions: Sequence[Action]
    placements: Mapping[InstanceKey, str]
    health: Mapping[str, NodeHealth]
    now: float

    @cached_property
    def allocations(self) -> Mapping[InstanceKey, Sequence[Allocation]]:
        """The allocations of each instance, on whatever node."""
        found: dict[InstanceKey, list[Allocation]] = defaultdict(list)
        for allocation in self.observed.allocations:
            found[allocation.key].append(allocation)
        return found

    @cached_property
    def instances(self) -> Mapping[ComponentKey, Sequence[InstanceKey]]:
        """The wanted instances of each component, sorted."""
        found: dict[ComponentKey, list[InstanceKey]] = defaultdict(list)
        for key in sorted(self.wants):
            found[key.business_id, key.component_id].append(key)
        return found

    @cached_property
    def starting(self) -> Mapping[InstanceKey, Action]:
        """The action by which each instance starts somewhere, or is updated."""
        return {action.key: action for action in self.actions if action.kind is not Kind.STOP}

    @cached_property
    def needed(self) -> frozenset[AllocationId]:
        """The allocations that others wait for to have their room: blocking them could make a circle of waits."""
        return frozenset((key, action.node_id) for action in self.actions for key in action.waits_for)

    @cached_property
    def leaving(self) -> frozenset[str]:
        """The nodes that give away what they run, and have time to."""
        nodes = self.observed.nodes
        return frozenset(
            node_id
            for node_id, health in self.health.items()
            if gives_away(nodes[node_id], health) and not is_past_deadline(nodes[node_id], self.now)
        )

    def leaves(self, allocation: Allocation) -> bool:
        """Whether the node of an allocation gives it away."""
        return leaves(allocation, self._node(allocation), self.health[allocation.node_id])

    def is_overdue(self, allocation: Allocation) -> bool:
        """Whether the node of an allocation should have given it away by now."""
        return self.leaves(allocation) and is_past_deadline(self._node(allocation), self.now)

    def allocation(self, key: InstanceKey, node_id: str) -> Allocation | None:
        """The allocation of the instance on the node, None when there is none."""
        return next((one for one in self.allocations.get(key, ()) if one.node_id == node_id), None)

    def _node(self, allocation: Allocation) -> Node:
        return self.observed.nodes[allocation.node_id]


class Gate(Protocol):
    """One kind of thing that actions wait for."""

    def waits(self, draft: Draft) -> Waits:
        """What blocks which actions of the draft, and until when, where time alone ends it."""

"""Drains: how many instances of a component leave draining nodes at a time.

As many as an update takes (`update.parallelism`, 1 unless the spec says otherwise): the next one begins when the one
before runs in its new place. A successor that does not come up therefore stops the component's drain at the first
instances, and the rest go on serving where they are. What does not serve has nothing to lose and goes at once, and so
does everything once a drain's deadline has passed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from reconciler.plan.model.blockers import DrainPaced
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.model.reasons import Reason
from reconciler.plan.wants.progress import serves
from reconciler.plan.wants.wanted import DesiredInstance
from reconciler.wire.messages import InstanceKey

ComponentKey = tuple[str, str]
Place = tuple[InstanceKey, str]


def paced(
    wants: Mapping[InstanceKey, DesiredInstance],
    allocations: Iterable[Allocation],
    actions: Iterable[Action],
    leaving: Collection[str],
) -> dict[Place, Reason]:
    """Which moves wait, and for what, by instance and node. `leaving` are the nodes that give away what they run."""
    if not leaving:
        return {}
    old: dict[InstanceKey, Allocation] = {}
    new: dict[InstanceKey, list[Allocation]] = defaultdict(list)
    for allocation in allocations:
        if allocation.node_id not in leaving:
            new[allocation.key].append(allocation)
        elif allocation.key in wants and serves(allocation) and not allocation.reservation.volumes:
            old[allocation.key] = allocation
    creates = {action.key: action for action in actions if action.kind is Kind.CREATE and action.key in old}
    queues: dict[ComponentKey, list[InstanceKey]] = defaultdict(list)
    for key in sorted(creates):
        queues[key.business_id, key.component_id].append(key)
    begun: dict[ComponentKey, list[InstanceKey]] = defaultdict(list)
    for key in sorted(wants):
        if (key.business_id, key.component_id) in queues and key not in creates and _moves(wants[key], key in old, new):
            begun[key.business_id, key.component_id].append(key)
    blocked: dict[Place, Reason] = {}
    for name, queue in queues.items():
        at_once = wants[queue[0]].component.update.parallelism or len(queue)
        free = max(at_once - len(begun[name]), 0)
        before = [*begun[name], *queue[:free]]
        for key in queue[free:]:
            why = DrainPaced(tuple(before), at_once)
            blocked[key, creates[key].node_id] = why
            if wants[key].component.singleton:
                blocked[key, old[key].node_id] = why
    return blocked


def _moves(want: DesiredInstance, is_old_there: bool, new: Mapping[InstanceKey, list[Allocation]]) -> bool:
    """Whether it is between two nodes: asked for on the other one, and not running there yet."""
    there = new.get(want.key, [])
    if any(map(serves, there)):
        return False
    return any(allocation.confirmed for allocation in there) if is_old_there else want.component.singleton

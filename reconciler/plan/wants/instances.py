"""Which instances of a component there shall be: numbers for a replicated one, nodes for a global one.

Numbers are kept for as long as their allocations exist, so that no instance is renamed. Scaling down gives up the least
healthy instances first, then those with the highest numbers, which are the newest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from reconciler.manifest.model import Component
from reconciler.plan.model.observed import Allocation, NodeHealth
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.shape import Constraint
from reconciler.wire.messages import Status

Known = Mapping[int, Sequence[Allocation]]
"""The allocations there are of a component, by the number of their instance."""


def numbers(component: Component, known: Known, fleet: Fleet) -> Sequence[int]:
    """The numbers of a replicated component's instances."""
    wanted = component.replicas
    if max(known, default=-1) < wanted:
        return range(wanted)
    kept = sorted(
        known, key=lambda number: (min(_illness(component, allocation, fleet) for allocation in known[number]), number)
    )
    new = (number for number in count() if number not in known)
    return sorted([*kept[:wanted], *(next(new) for _ in range(wanted - len(kept)))])


def nodes(component: Component, constraint: Constraint, known: Known, fleet: Fleet) -> Iterator[tuple[int, str]]:
    """The number and the node of each of a global component's instances: one on every node that may have it.

    A node that is suspect or cordoned keeps what it has; one that is lost or draining has none.
    """
    there: dict[str, list[tuple[int, int]]] = {}
    for number, allocations in known.items():
        for allocation in allocations:
            there.setdefault(allocation.node_id, []).append((_illness(component, allocation, fleet), number))
    stays, opens = fleet.admits(replace(constraint, runtime="")), fleet.open & fleet.admits(constraint)
    taken: set[int] = set()
    new = (number for number in count() if number not in known)
    for row, node in enumerate(fleet.nodes):
        present = sorted(there.get(node.node_id, ()))
        gone = fleet.node_health[row] is NodeHealth.LOST or node.draining
        if gone or not (stays[row] if present else opens[row]):
            continue
        free = [number for _, number in present if number not in taken]
        number = free[0] if free else next(new)
        taken.add(number)
        yield number, node.node_id


def _illness(component: Component, allocation: Allocation, fleet: Fleet) -> int:
    """How far an allocation is from doing its work: 0 for one that does."""
    alive = fleet.node_health[fleet.row[allocation.node_id]]
    if alive is NodeHealth.LOST:
        return 4
    if alive is NodeHealth.SUSPECT or allocation.status is Status.STOPPING:
        return 3
    if allocation.status is Status.RUNNING or (allocation.status is Status.STOPPED and not component.runs_always):
        return 0
    return 2 if allocation.status in (Status.FAILED, Status.STOPPED) else 1

"""Which instances of a component there shall be: numbers for a replicated one, nodes for a global one.

Numbers are kept for as long as their copies exist, so that no instance is renamed. Scaling down gives up the least
healthy instances first, then those with the highest numbers, which are the newest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from reconciler.manifest.model import Component
from reconciler.plan.model.observed import Copy, Liveness
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.shape import Constraint
from reconciler.wire.messages import Status

Known = Mapping[int, Sequence[Copy]]
"""The copies there are of a component, by the number of their instance."""


def numbers(component: Component, known: Known, fleet: Fleet) -> Sequence[int]:
    """The numbers of a replicated component's instances."""
    wanted = component.replicas
    if max(known, default=-1) < wanted:
        return range(wanted)
    kept = sorted(known, key=lambda number: (min(_illness(component, copy, fleet) for copy in known[number]), number))
    new = (number for number in count() if number not in known)
    return sorted([*kept[:wanted], *(next(new) for _ in range(wanted - len(kept)))])


def nodes(component: Component, constraint: Constraint, known: Known, fleet: Fleet) -> Iterator[tuple[int, str]]:
    """The number and the node of each of a global component's instances: one on every node that may have it.

    A node that is suspect or cordoned keeps what it has; one that is lost or draining has none.
    """
    there: dict[str, list[tuple[int, int]]] = {}
    for number, copies in known.items():
        for copy in copies:
            there.setdefault(copy.node_id, []).append((_illness(component, copy, fleet), number))
    stays, opens = fleet.admits(replace(constraint, runtime="")), fleet.open & fleet.admits(constraint)
    taken: set[int] = set()
    new = (number for number in count() if number not in known)
    for row, node in enumerate(fleet.nodes):
        present = sorted(there.get(node.node_id, ()))
        gone = fleet.liveness[row] is Liveness.LOST or node.draining
        if gone or not (stays[row] if present else opens[row]):
            continue
        free = [number for _, number in present if number not in taken]
        number = free[0] if free else next(new)
        taken.add(number)
        yield number, node.node_id


def _illness(component: Component, copy: Copy, fleet: Fleet) -> int:
    """How far a copy is from doing its work: 0 for one that does."""
    alive = fleet.liveness[fleet.row[copy.node_id]]
    if alive is Liveness.LOST:
        return 4
    if alive is Liveness.SUSPECT or copy.status is Status.STOPPING:
        return 3
    if copy.status is Status.RUNNING or (copy.status is Status.STOPPED and not component.runs_always):
        return 0
    return 2 if copy.status in (Status.FAILED, Status.STOPPED) else 1

"""What the plan of some businesses asks of the fleet: little, so that little can move under it.

It is saved with the plan, and says what its preconditions are about: its own businesses, and that the nodes it puts
something on are there, open, and have room enough.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

import msgspec

from reconciler.manifest.model import Component
from reconciler.manifest.references import NODE, references
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Observed
from reconciler.plan.model.plan import Action, Kind, Plan
from reconciler.wire.messages import InstanceKey, Reservation, reservation_of


class NodeNeeds(msgspec.Struct, frozen=True):
    """What the businesses hold of one node once the plan is carried out, in sum, and what the node has to be like.

    CPU in cores, memory and disk in MiB. `opens` says that something is created there.
    """

    cpu_cores: float = 0.0
    memory_mb: int = 0
    disk_mb: int = 0
    gpu_devices: tuple[int, ...] = ()
    host_ports: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    gpus: bool = False
    opens: bool = False


class Needs(msgspec.Struct, frozen=True):
    """What a plan of some businesses asks of the fleet: of each node, by its id.

    `addresses` are nodes whose address something refers to. `moving` are instances that something happens to.
    """

    businesses: tuple[str, ...]
    nodes: dict[str, NodeNeeds]
    addresses: tuple[str, ...] = ()
    moving: tuple[str, ...] = ()


def needs(plan: Plan, after: Desired, observed: Observed, businesses: Collection[str]) -> Needs:
    """Find what a plan's actions for these businesses ask of the fleet. `after` is the desired state it is for."""
    own = [action for action in plan.actions if action.key.business_id in businesses]
    nodes: dict[str, NodeNeeds] = {}
    reservations = _reservations_after(own, observed, businesses)
    for node_id in sorted({action.node_id for action in own if action.kind is not Kind.STOP}):
        here = [action for action in own if action.node_id == node_id]
        nodes[node_id] = _node_needs(here, reservations[node_id])
    for node_id in sorted({action.node_id for action in own} - nodes.keys()):
        nodes[node_id] = NodeNeeds()
    return Needs(
        tuple(sorted(businesses)),
        nodes,
        tuple(sorted(_addressed(plan, after, own))),
        tuple(sorted({str(action.key) for action in own})),
    )


def _reservations_after(
    own: Sequence[Action], observed: Observed, businesses: Collection[str]
) -> dict[str, list[Reservation]]:
    """List what the businesses hold of each node once the plan is carried out."""
    left: dict[tuple[InstanceKey, str], Reservation] = {
        (allocation.key, allocation.node_id): allocation.reservation
        for allocation in observed.allocations
        if allocation.key.business_id in businesses
    }
    for action in own:
        if action.component is None:
            left.pop((action.key, action.node_id), None)
        else:
            left[action.key, action.node_id] = reservation_of(action.component, action.gpu_devices)
    found: dict[str, list[Reservation]] = defaultdict(list)
    for (_, node_id), reservation in left.items():
        found[node_id].append(reservation)
    return found


def _node_needs(actions: Sequence[Action], reservations: Sequence[Reservation]) -> NodeNeeds:
    """Add up what these actions on one node, after which these reservations hold there, ask of it."""
    components = [action.component for action in actions if action.component is not None]
    return NodeNeeds(
        cpu_cores=round(sum(reservation.cpu_cores for reservation in reservations), 3),
        memory_mb=sum(reservation.memory_mb for reservation in reservations),
        disk_mb=sum(_images(actions).values()),
        gpu_devices=tuple(sorted(device for reservation in reservations for device in reservation.gpu_devices)),
        host_ports=tuple(sorted(port for reservation in reservations for port in reservation.host_ports)),
        labels=tuple(sorted({label for component in components for label in _labels(component)})),
        runtimes=tuple(sorted({component.type for component in components})),
        gpus=any(component.affinity.require_gpu for component in components),
        opens=any(action.kind is Kind.CREATE for action in actions),
    )


def _images(actions: Sequence[Action]) -> dict[str, int]:
    """Find the images that have to be fetched, and their sizes in MiB where they are known."""
    fetches = [action.fetch for action in actions if action.fetch is not None and not action.fetch.present]
    return {fetch.image: fetch.size_mb for fetch in fetches if fetch.size_mb}


def _labels(component: Component) -> Iterator[str]:
    """Name the labels of its node that matter for where a component may be."""
    yield from component.affinity.node_labels
    if component.affinity.spread_by:
        yield component.affinity.spread_by


def _addressed(plan: Plan, after: Desired, own: Sequence[Action]) -> Iterator[str]:
    """Name the nodes whose address stands in what the actions start."""
    starting = [action for action in own if action.component is not None]
    for action in starting:
        entry = after.businesses.get(action.key.business_id)
        for part in entry.business.components if entry is not None else ():
            if part.component_id == action.key.component_id:
                hosts = [reference.name for reference in references(part) if reference.attribute == "host"]
                for name in hosts:
                    yield from _places(plan, action, name)


def _places(plan: Plan, action: Action, name: str) -> Iterator[str]:
    """Name the nodes that a reference in an action's component stands for."""
    if name == NODE:
        yield action.node_id
        return
    for key, node_id in plan.placements.items():
        if (key.business_id, key.component_id) == (action.key.business_id, name):
            yield node_id

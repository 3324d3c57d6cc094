"""The facts that the plan of some businesses relies on, so that it can be said later which of them has moved.

A saved plan is carried out as it is, or not at all. What it relies on is little: its own businesses, where their
instances are, and that the nodes it puts something on are there, open, and have room enough. Room is asked to suffice,
not to be the same, and nothing else of the fleet matters.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reconciler.manifest.model import Business, Component
from reconciler.manifest.references import NODE, references
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Allocation, Node, NodeHealth, Observed
from reconciler.plan.model.plan import Action, Kind, Plan
from reconciler.plan.model.policy import Policy
from reconciler.plan.schedule.node_health import node_health
from reconciler.plan.wants.references import host
from reconciler.wire.messages import InstanceKey, Reservation, Status, reservation_of


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that a plan relies on: at `path`, `value` is so; or as much as it `needs` was to be had.

    Of `is` facts the value has to be the same; of `room` facts the number `value` has to be at least `needs`; of
    `free` facts nothing of `needs` may be in the list `value` of what is taken.
    """

    path: str
    kind: str
    value: Any = None
    needs: Any = None

    def relaxed(self) -> "Fact":
        """The fact as it can be asked for later: where the plan waits for room that others give, for what there is."""
        if self.kind == "room" and self.value < self.needs:
            return msgspec.structs.replace(self, needs=self.value)
        if self.kind == "free":
            return msgspec.structs.replace(self, needs=[thing for thing in self.needs if thing not in self.value])
        return self

    def moved(self, now: "Fact | None") -> str:
        """What has moved, for people; "" when it still holds. `now` is the fact of the same path today."""
        value = now.value if now is not None else None
        if self.kind == "room":
            short = value is None or value < self.needs
            unit = " MB" if self.path.endswith("memory") or self.path.endswith("disk") else ""
            return f"needs {self.needs:g}{unit}, was {self.value:g} free, is {value or 0:g}" if short else ""
        if self.kind == "free":
            taken = sorted(set(self.needs) & set(value)) if value is not None else list(self.needs)
            return f"needs {_text(self.needs)} free, but {_text(taken)} is taken or gone" if taken else ""
        return "" if value == self.value else f"was {_text(self.value)}, is {_text(value)}"


@dataclass(frozen=True, slots=True)
class Basis:
    """What facts are taken from: the state before the plan's specs are accepted, and what is known of the fleet."""

    before: Desired
    observed: Observed
    policy: Policy
    now: float


def facts(basis: Basis, needs: "Needs") -> list[Fact]:
    """Everything that a plan with these needs relies on, as it is in this state; sorted by path."""
    found = [*_businesses(basis, needs), *_instances(basis, needs), *_nodes(basis, needs)]
    return sorted(found, key=lambda fact: fact.path)


class Touched(msgspec.Struct, frozen=True):
    """What is put on one node at the end: promises in sum, and what the node has to be like."""

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
    """What a plan of some businesses asks of the fleet; it is saved with the plan.

    `addresses` are nodes whose address something refers to. `moving` are instances that something happens to.
    """

    businesses: tuple[str, ...]
    nodes: dict[str, Touched]
    addresses: tuple[str, ...] = ()
    moving: tuple[str, ...] = ()


def needs(plan: Plan, after: Desired, observed: Observed, businesses: Collection[str]) -> Needs:
    """What the plan's actions for these businesses ask of the fleet. `after` is the desired state it is for."""
    own = [action for action in plan.actions if action.key.business_id in businesses]
    nodes: dict[str, Touched] = {}
    reservations = _final(own, observed, businesses)
    for node_id in sorted({action.node_id for action in own if action.kind is not Kind.STOP}):
        here = [action for action in own if action.node_id == node_id]
        nodes[node_id] = _touched(here, reservations[node_id])
    for node_id in sorted({action.node_id for action in own} - nodes.keys()):
        nodes[node_id] = Touched()
    return Needs(
        tuple(sorted(businesses)),
        nodes,
        tuple(sorted(_referred(plan, after, own))),
        tuple(sorted({str(action.key) for action in own})),
    )


def _final(own: Sequence[Action], observed: Observed, businesses: Collection[str]) -> dict[str, list[Reservation]]:
    """What the businesses hold of each node once the plan is carried out."""
    held: dict[tuple[InstanceKey, str], Reservation] = {
        (allocation.key, allocation.node_id): allocation.reservation
        for allocation in observed.allocations
        if allocation.key.business_id in businesses
    }
    for action in own:
        if action.component is None:
            held.pop((action.key, action.node_id), None)
        else:
            held[action.key, action.node_id] = reservation_of(action.component, action.gpu_devices)
    found: dict[str, list[Reservation]] = defaultdict(list)
    for (_, node_id), reservation in held.items():
        found[node_id].append(reservation)
    return found


def _touched(actions: Sequence[Action], reservations: Sequence[Reservation]) -> Touched:
    """What these actions on one node, after which these promises hold there, ask of it."""
    components = [action.component for action in actions if action.component is not None]
    return Touched(
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
    """The images that have to be fetched, and their sizes in MiB where they are known."""
    fetches = [action.fetch for action in actions if action.fetch is not None and not action.fetch.present]
    return {fetch.image: fetch.size_mb for fetch in fetches if fetch.size_mb}


def _labels(component: Component) -> Iterator[str]:
    """The labels of its node that matter for where a component may be."""
    yield from component.affinity.node_labels
    if component.affinity.spread_by:
        yield component.affinity.spread_by


def _referred(plan: Plan, after: Desired, own: Sequence[Action]) -> Iterator[str]:
    """The nodes whose address stands in what the actions start."""
    for action in own:
        entry = after.businesses.get(action.key.business_id)
        parts = {part.component_id: part for part in entry.business.components} if entry else {}
        part = parts.get(action.key.component_id)
        for reference in references(part) if part is not None and action.component is not None else ():
            if reference.attribute == "host":
                yield from _places(plan, action, reference.name)


def _places(plan: Plan, action: Action, name: str) -> Iterator[str]:
    if name == NODE:
        yield action.node_id
        return
    for key, node_id in plan.placements.items():
        if (key.business_id, key.component_id) == (action.key.business_id, name):
            yield node_id


def _businesses(basis: Basis, needs: Needs) -> Iterator[Fact]:
    for business_id in needs.businesses:
        entry = basis.before.businesses.get(business_id)
        where = f"business {business_id}"
        yield Fact(f"{where}: spec", "is", _digest(entry.business) if entry else "none")
        if entry is not None:
            yield Fact(f"{where}: stopped", "is", entry.stopped)
            yield Fact(f"{where}: restarts", "is", entry.restarts)
            yield Fact(f"{where}: source", "is", entry.source)


def _digest(business: Business) -> str:
    return hashlib.sha256(msgspec.json.encode(business, order="deterministic")).hexdigest()[:16]


def _instances(basis: Basis, needs: Needs) -> Iterator[Fact]:
    """Where the copies of the businesses are, and what runs there."""
    for allocation in basis.observed.allocations:
        if allocation.key.business_id in needs.businesses and allocation.node_id in basis.observed.nodes:
            moving = str(allocation.key) in needs.moving
            yield Fact(
                f"instance {allocation.key} on {allocation.node_id}",
                "is",
                f"{allocation.digest[:16]} {_state(allocation, moving)}",
            )


def _state(allocation: Allocation, moving: bool) -> str:
    """How a copy is, as far as it matters: whether it serves is asked only of what something happens to."""
    if not allocation.confirmed:
        return "assigned"
    if allocation.ended:
        return "ended"
    return "there" if not moving else "running" if allocation.status is Status.RUNNING else "not running"


def _nodes(basis: Basis, needs: Needs) -> Iterator[Fact]:
    for node_id, touched in needs.nodes.items():
        node = basis.observed.nodes.get(node_id)
        if node is None:
            yield Fact(f"node {node_id}: state", "is", "none")
            continue
        yield Fact(f"node {node_id}: state", "is", _standing(node, basis, touched.opens))
        for label in touched.labels:
            yield Fact(f"node {node_id}: label {label}", "is", node.labels.get(label))
        for runtime in touched.runtimes:
            yield Fact(f"node {node_id}: runtime {runtime}", "is", runtime in node.runtimes)
        if touched.gpus:
            yield Fact(f"node {node_id}: GPU", "is", bool(node.gpus))
        if touched != Touched():
            yield from _room(node, basis, needs, touched)
    for node_id in needs.addresses:
        node = basis.observed.nodes.get(node_id)
        yield Fact(f"node {node_id}: address", "is", host(node) if node else "none")


def _standing(node: Node, basis: Basis, opens: bool) -> str:
    """Whether a node can be asked, and whether it takes what is new, where that is asked of it."""
    alive = node_health(node, basis.policy, basis.now)
    if alive is not NodeHealth.READY or not opens:
        return str(alive)
    if node.draining or node.cordoned:
        return "draining" if node.draining else "cordoned"
    return "unsteady" if node.flapping_until > basis.now else str(alive)


def _room(node: Node, basis: Basis, needs: Needs, touched: Touched) -> Iterator[Fact]:
    """What others leave of a node, and whether it suffices for all that the businesses have there at the end."""
    where = f"node {node.node_id}"
    others = [allocation.reservation for allocation in _others(node.node_id, basis, needs)]
    if touched.cpu_cores:
        free = node.cpu_cores - sum(reservation.cpu_cores for reservation in others)
        yield Fact(f"{where}: cpu", "room", round(free, 3), touched.cpu_cores)
    if touched.memory_mb:
        free_mb = node.memory_mb - sum(reservation.memory_mb for reservation in others)
        yield Fact(f"{where}: memory", "room", free_mb, touched.memory_mb)
    if touched.disk_mb and node.disk_free_mb is not None:
        yield Fact(f"{where}: disk", "room", node.disk_free_mb, touched.disk_mb)
    if touched.host_ports:
        taken = sorted(port for reservation in others for port in reservation.host_ports)
        yield Fact(f"{where}: host ports", "free", taken, list(touched.host_ports))
    if touched.gpu_devices:
        there = {gpu.index for gpu in node.gpus}
        gone = [device for device in touched.gpu_devices if device not in there]
        held = [device for reservation in others for device in reservation.gpu_devices]
        yield Fact(f"{where}: GPU devices", "free", sorted({*gone, *held}), list(touched.gpu_devices))


def _others(node_id: str, basis: Basis, needs: Needs) -> Iterator[Allocation]:
    """The copies on a node that are not the businesses' own, and are not about to go."""
    for allocation in basis.observed.allocations:
        key = allocation.key
        if allocation.node_id == node_id and key.business_id not in needs.businesses:
            entry = basis.before.businesses.get(key.business_id)
            if entry is not None and not entry.stopped:
                yield allocation


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def moved(saved: Sequence[Fact], present: Sequence[Fact]) -> list[tuple[str, str]]:
    """The facts that no longer hold: path and what became of it. A copy that is new is one too."""
    now = {fact.path: fact for fact in present}
    then = {fact.path for fact in saved}
    found = [(fact.path, fact.moved(now.get(fact.path))) for fact in saved]
    found += [(fact.path, f"was none, is {_text(fact.value)}") for fact in present if fact.path not in then]
    return [(path, why) for path, why in found if why]

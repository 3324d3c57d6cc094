"""The preconditions of a saved plan: what it relies on, so that it can be said later which of it no longer holds.

A saved plan is carried out as it is, or not at all. Room is asked to suffice, not to be the same, and nothing of the
fleet matters but what the plan needs (`reconciler.plan.keep.needs`).
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec

from reconciler.manifest.host_ports import claimed, conflicting
from reconciler.manifest.model import Business
from reconciler.plan.keep.needs import Needs, NodeNeeds
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Allocation, Node, NodeHealth, Observed
from reconciler.plan.model.policy import Policy
from reconciler.plan.schedule.node_health import node_health
from reconciler.plan.wants.references import host
from reconciler.wire.messages import Reservation, Status


class Violation(NamedTuple):
    """Something that is not as a saved plan relies on: where, and what became of it, for people."""

    where: str
    why: str


class Precondition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that a plan relies on: at `path`, `value` is so; or as much as it `needs` was to be had.

    Of kind `is` the value has to be the same; of `room` the number `value`, in `unit`, has to be at least `needs`; of
    `free` nothing of `needs` may be in the list `value` of what is taken.
    """

    path: str
    kind: Literal["is", "room", "free"]
    value: Any = None
    needs: Any = None
    unit: str = ""

    def weakened(self) -> "Precondition":
        """Ask for what there is, where the plan waits for room that others give."""
        if self.kind == "room" and self.value < self.needs:
            return msgspec.structs.replace(self, needs=self.value)
        if self.kind == "free":
            return msgspec.structs.replace(self, needs=[thing for thing in self.needs if thing not in self.value])
        return self

    def violation(self, now: "Precondition | None") -> str:
        """Say what no longer holds, for people; "" when it holds. `now` is what is so at the same path today."""
        value = now.value if now is not None else None
        if self.kind == "room":
            unit = f" {self.unit}" if self.unit else ""
            short = value is None or value < self.needs
            return f"needs {self.needs:g}{unit}, was {self.value:g} free, is {value or 0:g}" if short else ""
        if self.kind == "free":
            taken = sorted(set(self.needs) & set(value)) if value is not None else list(self.needs)
            return f"needs {_text(self.needs)} free, but {_text(taken)} is taken or gone" if taken else ""
        return "" if value == self.value else f"was {_text(self.value)}, is {_text(value)}"


@dataclass(frozen=True, slots=True)
class Basis:
    """What preconditions are taken from: the state before the plan's specs are accepted, and what is known of nodes."""

    before: Desired
    observed: Observed
    policy: Policy
    now: float


def preconditions(basis: Basis, needs: Needs) -> list[Precondition]:
    """List everything that a plan with these needs relies on, as it is in this state; sorted by path."""
    found = [*_businesses(basis, needs), *_instances(basis, needs), *_nodes(basis, needs)]
    return sorted(found, key=lambda one: one.path)


def violated(saved: Sequence[Precondition], present: Sequence[Precondition]) -> list[Violation]:
    """Compare preconditions with what is so now. An allocation that is new is a violation too."""
    now = {one.path: one for one in present}
    then = {one.path for one in saved}
    found = [Violation(one.path, one.violation(now.get(one.path))) for one in saved]
    found += [Violation(one.path, f"was none, is {_text(one.value)}") for one in present if one.path not in then]
    return [one for one in found if one.why]


def _businesses(basis: Basis, needs: Needs) -> Iterator[Precondition]:
    for business_id in needs.businesses:
        entry = basis.before.businesses.get(business_id)
        where = f"business {business_id}"
        yield Precondition(f"{where}: spec", "is", _digest(entry.business) if entry else "none")
        if entry is not None:
            yield Precondition(f"{where}: stopped", "is", entry.stopped)
            yield Precondition(f"{where}: restarts", "is", entry.restarts)
            yield Precondition(f"{where}: source", "is", entry.source)


def _digest(business: Business) -> str:
    return hashlib.sha256(msgspec.json.encode(business, order="deterministic")).hexdigest()[:16]


def _instances(basis: Basis, needs: Needs) -> Iterator[Precondition]:
    """Where the allocations of the businesses are, and what runs there."""
    for allocation in basis.observed.allocations:
        if allocation.key.business_id in needs.businesses and allocation.node_id in basis.observed.nodes:
            moving = str(allocation.key) in needs.moving
            yield Precondition(
                f"instance {allocation.key} on {allocation.node_id}",
                "is",
                f"{allocation.digest[:16]} {_state(allocation, moving)}",
            )


def _state(allocation: Allocation, moving: bool) -> str:
    """Say how an allocation is, as far as it matters: whether it serves is asked only where something happens to it."""
    if not allocation.confirmed:
        return "assigned"
    if allocation.ended:
        return "ended"
    return "there" if not moving else "running" if allocation.status is Status.RUNNING else "not running"


def _nodes(basis: Basis, needs: Needs) -> Iterator[Precondition]:
    for node_id, asked in needs.nodes.items():
        node = basis.observed.nodes.get(node_id)
        if node is None:
            yield Precondition(f"node {node_id}: state", "is", "none")
            continue
        yield Precondition(f"node {node_id}: state", "is", _standing(node, basis, asked.opens))
        for label in asked.labels:
            yield Precondition(f"node {node_id}: label {label}", "is", node.labels.get(label))
        for runtime in asked.runtimes:
            yield Precondition(f"node {node_id}: runtime {runtime}", "is", runtime in node.runtimes)
        if asked.gpus:
            yield Precondition(f"node {node_id}: GPU", "is", bool(node.gpus))
        if asked != NodeNeeds():
            yield from _room(node, basis, needs, asked)
    for node_id in needs.addresses:
        node = basis.observed.nodes.get(node_id)
        yield Precondition(f"node {node_id}: address", "is", host(node) if node else "none")


def _standing(node: Node, basis: Basis, opens: bool) -> str:
    """Whether a node can be asked, and whether it takes what is new, where that is asked of it."""
    alive = node_health(node, basis.policy, basis.now)
    if alive is not NodeHealth.READY or not opens:
        return str(alive)
    if node.draining or node.cordoned:
        return "draining" if node.draining else "cordoned"
    return "unsteady" if node.flapping_until > basis.now else str(alive)


def _room(node: Node, basis: Basis, needs: Needs, asked: NodeNeeds) -> Iterator[Precondition]:
    """What others leave of a node, and whether it suffices for all that the businesses have there at the end."""
    where = f"node {node.node_id}"
    others = list(_others(node.node_id, basis, needs))
    if asked.cpu_cores:
        free = node.cpu_cores - sum(reservation.cpu_cores for reservation in others)
        yield Precondition(f"{where}: cpu", "room", round(free, 3), asked.cpu_cores)
    if asked.memory_mb:
        free_mb = node.memory_mb - sum(reservation.memory_mb for reservation in others)
        yield Precondition(f"{where}: memory", "room", free_mb, asked.memory_mb, "MB")
    if asked.disk_mb and node.disk_free_mb is not None:
        yield Precondition(f"{where}: disk", "room", node.disk_free_mb, asked.disk_mb, "MB")
    if asked.host_ports:
        claims = {name for reservation in others for port in reservation.host_ports for name in claimed(port)}
        taken = [port for port in asked.host_ports if not claims.isdisjoint(conflicting(port))]
        yield Precondition(f"{where}: host ports", "free", taken, list(asked.host_ports))
    if asked.gpu_devices:
        taken_or_gone = sorted(_gpus_not_free(node, others, asked))
        yield Precondition(f"{where}: GPU devices", "free", taken_or_gone, list(asked.gpu_devices))


def _gpus_not_free(node: Node, others: Sequence[Reservation], asked: NodeNeeds) -> set[int]:
    """The devices that others have, and those asked for that the node has no more."""
    gone = set(asked.gpu_devices) - {gpu.index for gpu in node.gpus}
    return gone.union(*(reservation.gpu_devices for reservation in others))


def _others(node_id: str, basis: Basis, needs: Needs) -> Iterator[Reservation]:
    """What others hold of a node: not the businesses themselves, and nobody who is about to go."""
    for allocation in basis.observed.allocations:
        business_id = allocation.key.business_id
        entry = basis.before.businesses.get(business_id)
        stays = entry is not None and not entry.stopped
        if allocation.node_id == node_id and business_id not in needs.businesses and stays:
            yield allocation.reservation


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)

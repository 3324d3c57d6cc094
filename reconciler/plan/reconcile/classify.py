"""What is to become of each wanted instance, judged by what there is of it. Pure: nothing is placed or reserved here.

One allocation of an instance is the one to keep where it is, if its node can still be counted on and meets the
constraints; every other one is surplus. The buckets are Nomad's (`scheduler/reconciler`), a value each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.plan.model.observed import Allocation, NodeHealth
from reconciler.plan.model.plan import Drifted, Kind
from reconciler.plan.model.reasons import (
    NOT_RUNNING,
    AffinityUnmet,
    Ended,
    Failed,
    NodeDrained,
    NodeSilent,
    Reason,
    RemovedByHand,
    Surplus,
)
from reconciler.plan.model.stays import LostNodeAwaited
from reconciler.plan.reconcile.drift import removed_by_hand, status_drift
from reconciler.plan.reconcile.facts import Facts
from reconciler.plan.wants.progress import serves
from reconciler.plan.wants.wanted import DesiredInstance


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing is to be done where it is; `left` is what differs and stays so."""

    node_id: str
    left: tuple[Drifted, ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody removed it from this node, and it is to be left so."""

    node_id: str
    drifted: Drifted


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nothing can be done where it is until something happens; `left` is what differs and stays so."""

    node_id: str
    reason: Reason
    left: tuple[Drifted, ...] = ()


@dataclass(frozen=True, slots=True)
class Restart:
    """A create that its node has not confirmed is repeated, or what has ended though it should run is started again."""

    kind: Kind
    allocation: Allocation
    reason: Reason
    left: tuple[Drifted, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """What runs is not what should, and is to be updated in place, if that fits."""

    allocation: Allocation


@dataclass(frozen=True, slots=True)
class Move:
    """It needs a node: why, and the allocation `old` that runs on until it has one.

    A `pinned` one holds volumes where it is: it only waits for room there. One that `leaves` can't stay in any case.
    `ends` is an allocation that stops in any case, whether or not there is a node.
    """

    reason: Reason
    old: Allocation | None = None
    pinned: bool = False
    leaves: bool = False
    ends: Allocation | None = None


Bucket = Keep | Leave | Blocked | Restart | Update | Move


def classify(want: DesiredInstance, kept: Allocation | None, facts: Facts) -> Bucket:
    """What is to become of a wanted instance; `kept` is what `best` chose of it, None where there is nothing."""
    if kept is None:
        return _absent(want, facts)
    if not facts.counts(want, kept):
        return Move(NodeSilent(kept.node_id, facts.health(kept)))
    if not facts.is_admitted(want, kept):
        return Move(AffinityUnmet(kept.node_id), kept)
    if facts.leaves(kept):
        why, late = NodeDrained(kept.node_id), facts.is_overdue(kept)
        return Move(why, None if late else kept, leaves=True, ends=kept if late else None)
    if want.unresolved is not None:
        return Blocked(kept.node_id, want.unresolved)
    if kept.digest != want.digest:
        return Update(kept)
    return _in_version(want, kept, facts)


def best(want: DesiredInstance, allocations: Sequence[Allocation], facts: Facts) -> Allocation | None:
    """The one to keep of the allocations of an instance."""
    return max(allocations, key=lambda allocation: _worth(want, allocation, facts), default=None)


def surplus(
    allocations: Sequence[Allocation], kept: Allocation | None, facts: Facts
) -> Iterator[tuple[Allocation, Reason]]:
    """The allocations of an instance besides the one that is kept, with why each stops."""
    for allocation in allocations:
        if kept is not None and allocation is not kept:
            late = facts.is_overdue(allocation) and not serves(kept)
            yield allocation, NodeDrained(allocation.node_id, overdue=True) if late else Surplus(kept.node_id)


def _worth(
    want: DesiredInstance, allocation: Allocation, facts: Facts
) -> tuple[bool, bool, bool, bool, int, bool, str]:
    """What makes one of several allocations the one to keep, most important first."""
    return (
        facts.counts(want, allocation),
        facts.is_admitted(want, allocation),
        not facts.leaves(allocation),
        allocation.digest == want.digest,
        allocation.version,
        allocation.confirmed,
        allocation.node_id,
    )


def _absent(want: DesiredInstance, facts: Facts) -> Bucket:
    """The instance has no allocation: it is to be placed, unless somebody removed it and it is to be left so."""
    gone = removed_by_hand(want, facts.observed.vanished.get(want.key))
    if gone is None:
        return Move(NOT_RUNNING)
    if not facts.entry(want.key).self_heal and _could_be_on(gone.node_id, want, facts):
        return Leave(gone.node_id, gone)
    return Move(RemovedByHand(gone.node_id))


def _could_be_on(node_id: str, want: DesiredInstance, facts: Facts) -> bool:
    row = facts.fleet.row.get(node_id)
    if row is None or facts.fleet.node_health[row] is NodeHealth.LOST or facts.fleet.nodes[row].draining:
        return False
    return bool(facts.fleet.admits(want.shape.constraint)[row])


def _in_version(want: DesiredInstance, kept: Allocation, facts: Facts) -> Bucket:
    """The instance is where it should be, in the version that it should have."""
    deviation = facts.deviation(want, kept)
    if deviation.differs:
        return Update(kept)
    health = facts.health(kept)
    if health is NodeHealth.LOST:
        reason = LostNodeAwaited(kept.node_id, volumes=want.component.on_node_loss is None)
        return Blocked(kept.node_id, reason, deviation.left)
    if health is not NodeHealth.READY:
        return Keep(kept.node_id, deviation.left)
    if not kept.confirmed:
        return Restart(Kind.CREATE, kept, NOT_RUNNING, deviation.left)
    if not kept.ended:
        return Keep(kept.node_id, deviation.left)
    return _ended(want, kept, deviation.left, facts)


def _ended(want: DesiredInstance, kept: Allocation, left: tuple[Drifted, ...], facts: Facts) -> Bucket:
    """The instance has ended, and nothing on its node starts it again by itself."""
    said = kept.message or str(kept.status)
    if kept.container_id is None:
        return Restart(Kind.CREATE, kept, Failed(said), left)
    if not want.component.runs_always:
        return Keep(kept.node_id, left)
    if not facts.entry(want.key).self_heal:
        return Keep(kept.node_id, (*left, status_drift(kept)))
    return Restart(Kind.UPDATE, kept, Ended(said), left)

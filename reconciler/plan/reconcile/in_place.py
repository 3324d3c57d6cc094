"""Updates in place: what fits where it is, as long as that makes room for more."""

from collections.abc import Sequence

from reconciler.plan.model.observed import Allocation, NodeHealth
from reconciler.plan.model.reasons import NoRoomInPlace
from reconciler.plan.model.stays import UpdateAwaitsNode
from reconciler.plan.reconcile.building import PlanBuilder
from reconciler.plan.reconcile.classify import Move
from reconciler.plan.reconcile.facts import Facts
from reconciler.plan.schedule.place import reserve
from reconciler.plan.wants.progress import serves
from reconciler.plan.wants.wanted import DesiredInstance


def update_in_place(
    updates: Sequence[tuple[DesiredInstance, Allocation]], facts: Facts, builder: PlanBuilder
) -> list[tuple[DesiredInstance, Move]]:
    """Update in place what fits, in the order of the keys; what does not has to move, or waits."""
    waiting = sorted(updates, key=lambda pair: pair[0].key)
    while waiting:
        left = [(want, allocation) for want, allocation in waiting if not updated(want, allocation, facts, builder)]
        if len(left) == len(waiting):
            break
        waiting = left
    moves = []
    for want, allocation in waiting:
        health = facts.health(allocation)
        if health is not NodeHealth.READY:
            builder.wait(want, UpdateAwaitsNode(allocation.node_id, health))
        else:
            why = NoRoomInPlace(allocation.node_id, beside=want.component.update.order == "start-first")
            moves.append((want, Move(why, allocation, pinned=allocation.reservation.volumes)))
    return moves


def updated(want: DesiredInstance, allocation: Allocation, facts: Facts, builder: PlanBuilder) -> bool:
    """Update an allocation in place if its node answers and the new version fits in the place of the old."""
    if facts.health(allocation) is not NodeHealth.READY:
        return False
    fleet, row = builder.fleet, builder.fleet.row[allocation.node_id]
    is_beside = want.component.update.order == "start-first" and serves(allocation)
    if not is_beside:
        fleet.release(row, allocation.reservation)
    if not fleet.fits(row, want.shape):
        if not is_beside:
            fleet.reserve(row, allocation.reservation)
        return False
    devices = reserve(fleet, row, want.shape, keep=allocation.reservation.gpu_devices).gpu_devices
    if not is_beside:
        builder.releases.difference(allocation, want.shape, devices)
    if want.shape.peers:
        fleet.add_peer(*want.shape.peers, row, -1)
    builder.update(want, allocation, facts.diff(want, allocation), devices)
    return True

"""Placing what needs a node; a move frees the node it leaves, which may be what another waits for."""

from collections.abc import Sequence

from reconciler.plan.model.plan import Kind, Pending, Refusal
from reconciler.plan.model.reasons import Moves
from reconciler.plan.model.stays import VolumesNeedRoom
from reconciler.plan.reconcile.building import PlanBuilder
from reconciler.plan.reconcile.classify import Move
from reconciler.plan.reconcile.facts import Facts
from reconciler.plan.reconcile.in_place import updated
from reconciler.plan.schedule.filters import refusals
from reconciler.plan.schedule.place import Placement, PlacementRequest, place
from reconciler.plan.schedule.shape import Shape
from reconciler.plan.wants.wanted import DesiredInstance


def place_all(moves: Sequence[tuple[DesiredInstance, Move]], facts: Facts, builder: PlanBuilder) -> None:
    """Give each its node, for as long as that makes room for more; say why the rest has none."""
    freed = True
    while moves and freed:
        left = [(want, move) for want, move in moves if not _stays_after_all(want, move, facts, builder)]
        freed = len(left) < len(moves)
        requests = (PlacementRequest(want.key, want.shape) for want, move in left if not move.pinned)
        placed = place(requests, builder.fleet)
        for want, move in left:
            if want.key in placed:
                freed |= _placed(want, move, placed[want.key], facts, builder)
        moves = [(want, move) for want, move in left if want.key not in placed]
    _unplaced(moves, builder)


def _stays_after_all(want: DesiredInstance, move: Move, facts: Facts, builder: PlanBuilder) -> bool:
    """Retry an in-place update that failed for lack of room: earlier moves may have freed it."""
    if move.old is None or move.leaves:
        return False
    return facts.is_admitted(want, move.old) and updated(want, move.old, facts, builder)


def _placed(want: DesiredInstance, move: Move, placement: Placement, facts: Facts, builder: PlanBuilder) -> bool:
    """Create an instance on its node and stop what runs elsewhere; whether that freed anything."""
    node_id = builder.fleet.nodes[placement.row].node_id
    builder.placements[want.key] = node_id
    if want.unresolved is not None:
        builder.wait(want, want.unresolved)
        return False
    replaced = builder.replaced(want.key, node_id)
    if replaced is None:
        builder.start(Kind.CREATE, want, node_id, move.reason, placement.gpu_devices)
    else:
        builder.update(want, replaced, facts.diff(want, replaced), placement.gpu_devices)
    if move.old is None:
        return False
    builder.stop(move.old, Moves(node_id, move.reason))
    return True


def _unplaced(moves: Sequence[tuple[DesiredInstance, Move]], builder: PlanBuilder) -> None:
    """Say why instances have no node; what runs of them stays where it is."""
    found: dict[Shape, tuple[Refusal, ...]] = {}
    for want, move in moves:
        if move.old is not None:
            builder.placements[want.key] = move.old.node_id
            if move.pinned:
                builder.wait(want, VolumesNeedRoom(move.old.node_id))
                continue
        shape = builder.fleet.stock.weighed(want.shape)
        if shape not in found:
            found[shape] = refusals(shape, builder.fleet)
        builder.pending.append(Pending(want.key, found[shape]))

"""Which allocations a draining node gives away, and which it should have given away by now."""

from reconciler.plan.model.observed import Allocation, Node, NodeHealth


def gives_away(node: Node, health: NodeHealth) -> bool:
    """Whether the node can be asked to end what it runs, and is to."""
    return node.draining and health is NodeHealth.READY


def leaves(allocation: Allocation, node: Node, health: NodeHealth) -> bool:
    """Whether the node of an allocation gives it away; one that holds data there stays."""
    return gives_away(node, health) and not allocation.reservation.volumes


def is_past_deadline(node: Node, now: float) -> bool:
    """Whether the drain of the node should be over (`now` in seconds since the epoch)."""
    return node.drain_by is not None and node.drain_by <= now

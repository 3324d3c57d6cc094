"""Whether a node can be counted on, from how long it has been silent. Time comes in as a value."""

from reconciler.plan.model.observed import Node, NodeHealth
from reconciler.plan.model.policy import Policy


def node_health(node: Node, policy: Policy, now: float) -> NodeHealth:
    """`ready`, `suspect` or `lost`; `now` is seconds since the epoch, on the clock that set `node.last_seen`."""
    silent = now - node.last_seen
    if silent >= policy.lost_after:
        return NodeHealth.LOST
    if silent >= policy.suspect_after:
        return NodeHealth.SUSPECT
    return NodeHealth.READY

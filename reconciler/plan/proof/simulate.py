"""What a plan leads to, when every action succeeds: for tests, and for looking ahead."""

from dataclasses import replace

from reconciler.plan.model.observed import Allocation, Node, Observed
from reconciler.plan.model.plan import Fetch, Kind, Plan
from reconciler.wire.messages import Status, reservation_of


def applied(plan: Plan, observed: Observed) -> Observed:
    """The observation after the plan was carried out to the letter."""
    nodes = dict(observed.nodes)
    allocations = {(allocation.key, allocation.node_id): allocation for allocation in observed.allocations}
    version = max((allocation.version for allocation in observed.allocations), default=0)
    for action in plan.actions:
        place = (action.key, action.node_id)
        if action.kind is Kind.STOP:
            allocations.pop(place, None)
        elif action.component is not None:
            version += 1
            allocations[place] = Allocation(
                key=action.key,
                node_id=action.node_id,
                status=Status.RUNNING,
                digest=action.digest,
                version=version,
                reservation=reservation_of(action.component, action.gpu_devices),
                container_id=f"container-{version}",
            )
        if action.fetch is not None and action.node_id in nodes:
            nodes[action.node_id] = _fetched(nodes[action.node_id], action.fetch)
    return replace(observed, nodes=nodes, allocations=tuple(allocations.values()))


def _fetched(node: Node, fetch: Fetch) -> Node:
    """The node once it has the image; where nobody knows the image's size, it is left as it is."""
    if fetch.size_mb is None or fetch.image in node.images:
        return node
    left = None if node.disk_free_mb is None else max(node.disk_free_mb - fetch.size_mb, 0)
    return replace(node, images={**node.images, fetch.image: fetch.size_mb}, disk_free_mb=left)

"""What is read from this node's runtimes for a report: what instances use, and which images there are."""

from agent.runtime.contract import NodeImages
from agent.supervisor.inventories import Inventories
from reconciler.wire.messages import InstanceKey, Status
from reconciler.wire.reports import Usage


def usage_by_instance(inventories: Inventories) -> dict[InstanceKey, Usage]:
    """Return what each running instance uses now; those that can't be read are left out."""
    used: dict[InstanceKey, Usage] = {}
    for inventory in inventories:
        keys = {one.container_id: one.key for one in inventory.found if one.status is Status.RUNNING}
        if keys and inventory.available:
            found = inventory.runtime.stats(tuple(keys))
            used |= {keys[container_id]: usage for container_id, usage in found.items() if container_id in keys}
    return used


def node_images(inventories: Inventories) -> NodeImages:
    """Return the node's images and the room for more, as far as one of its runtimes knows."""
    each = (inventory.runtime.node_images() for inventory in inventories)
    return next((known for known in each if known.images is not None), NodeImages())

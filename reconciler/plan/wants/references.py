"""What references stand for, given where everything is placed.

Two containers of a business that are on one node and on one network find each other there by name, on the ports they
listen on; from anywhere else a component is reached at its node's address, on the ports it publishes.
"""

from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import urlsplit

from reconciler.manifest.model import Business, Component
from reconciler.manifest.references import NODE, Reference, resolved
from reconciler.plan.model.observed import Node
from reconciler.plan.model.reasons import Reason
from reconciler.plan.model.stays import NotPlaced, PortNotPublished, ReferenceNotPlaced
from reconciler.wire.messages import InstanceKey

Places = Mapping[InstanceKey, str]
"""The node of every instance that has one."""


class Unresolved(Exception):
    """A reference stands for nothing now, for a `reason`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Resolver:
    """Finds what references stand for. `places` are where the last plan puts everything."""

    def __init__(self, places: Places, nodes: Mapping[str, Node]) -> None:
        self._places = places
        self._nodes = nodes
        self._of: dict[tuple[str, str], list[InstanceKey]] = defaultdict(list)
        for key in sorted(places):
            self._of[key.business_id, key.component_id].append(key)

    def resolved(self, business: Business, component: Component, key: InstanceKey) -> Component:
        """The component as this instance of it runs. Raises Unresolved."""
        node_id = self._places.get(key)
        if node_id is None or node_id not in self._nodes:
            raise Unresolved(NotPlaced())
        own = self._nodes[node_id]
        return resolved(component, lambda reference: self._value(business, component, own, reference))

    def _value(self, business: Business, component: Component, own: Node, reference: Reference) -> str:
        if reference.name == NODE:
            return own.node_id if reference.attribute == "id" else host(own)
        target = next(other for other in business.components if other.component_id == reference.name)
        keys = self._of[business.business_id, target.component_id]
        if reference.attribute == "replicas":
            return str(len(keys) if target.mode == "global" else target.replicas)
        if not keys:
            raise Unresolved(ReferenceNotPlaced(target.component_id, reference.attribute))
        there = [key for key in keys if self._places[key] == own.node_id]
        node_id = self._places[(there or keys)[0]]
        if there and neighbours(component, target):
            return target.component_id if reference.attribute == "host" else str(reference.port)
        if reference.attribute == "host":
            return host(self._nodes[node_id])
        return _published(target, reference.port, bool(there))


def neighbours(one: Component, other: Component) -> bool:
    """Whether the two find each other by name where they are on one node: containers with a network in common."""
    if "process" in (one.type, other.type) or one.network_mode or other.network_mode:
        return False
    return bool(set(one.networks) & set(other.networks)) or not (one.networks or other.networks)


def host(node: Node) -> str:
    """The node's address as others reach it, without the port."""
    return urlsplit(node.address).hostname or node.address


def _published(target: Component, port: int, near: bool) -> str:
    """The port of its node on which a component's own port is reached; `near` says that it is on the same node."""
    if target.type == "process" or target.network_mode == "host":
        return str(port)
    for mapping in target.ports:
        if mapping.target == port and mapping.published is not None:
            return str(mapping.published)
    raise Unresolved(PortNotPublished(target.component_id, port, near))

"""A small language for planning stories: nodes, components, and a world in which plans are carried out at once."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from reconciler.manifest.model import Affinity, Business, Component, Mount, Port, Resources
from reconciler.plan.ask.status import BusinessStatus, Notes, derive
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Allocation, Node, Observed
from reconciler.plan.model.plan import Action, Plan
from reconciler.plan.model.policy import Policy
from reconciler.plan.proof.simulate import applied
from reconciler.plan.reconcile.planner import plan
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.wants.wanted import DesiredInstance, wanted
from reconciler.wire.messages import InstanceKey
from reconciler.wire.reports import Gpu

NOW = 1_000_000.0
"""The time of every plan here, in seconds since the epoch; default policy: suspect after 15 s, lost after 60 s."""

AFFINITY_FIELDS = ("require_gpu", "node_labels", "node_id", "spread_by", "anti_affinity")


def node(
    node_id: str, cpu: float = 8, memory: int = 8192, *, gpus: Iterable[int] = (), silent: float = 0, **fields: Any
) -> Node:
    """A node with GPUs of these memories (MiB), not heard of for `silent` seconds."""
    devices = tuple(Gpu(index=index, memory_mb=size) for index, size in enumerate(gpus))
    return Node(node_id, cpu, memory, gpus=devices, last_seen=NOW - silent, **fields)


def component(
    name: str = "web",
    *,
    cpu: float = 0,
    memory: int = 0,
    gpus: int = 0,
    gpu_memory: int = 0,
    ports: Iterable[int | Port] = (),
    data: bool = False,
    **fields: Any,
) -> Component:
    """A component of one replica; `ports` are host ports, `data` gives it a volume, affinity's fields are taken too."""
    affinity = {field: fields.pop(field) for field in AFFINITY_FIELDS if field in fields}
    return Component(
        component_id=name,
        component_name=fields.pop("component_name", name),
        image_name=fields.pop("image_name", f"{name}:1"),
        resource_requirements=Resources(
            cpu_cores=float(cpu), memory_mb=memory, gpu_count=gpus, gpu_memory_mb=gpu_memory
        ),
        ports=tuple(Port(target=port, published=port) if isinstance(port, int) else port for port in ports),
        volumes=fields.pop("volumes", (Mount(type="volume", source="data", target="/data"),) if data else ()),
        affinity=Affinity(**affinity),
        **fields,
    )


def business(name: str, *components: Component) -> Business:
    """A business of these components."""
    return Business(business_id=name, business_name=name, components=components)


def key(text: str) -> InstanceKey:
    """The instance that people write as `shop/web/0`."""
    business_id, component_id, instance = text.split("/")
    return InstanceKey(business_id, component_id, int(instance))


def lines(result: Plan) -> list[str]:
    """A plan's actions as text: `create shop/web/0 on a: not running yet`."""
    return [f"{action.kind} {action.key} on {action.node_id}: {action.reason}" for action in result.actions]


def blocked(action: Action) -> str:
    """What an action waits for, as text; "" for nothing."""
    return str(action.blocked_by or "")


class World:
    """Desired and observed state that change as the story tells."""

    def __init__(self, *nodes: Node) -> None:
        self.desired = Desired()
        self.observed = Observed({node.node_id: node for node in nodes})
        self.policy = Policy()

    def wants(self, *businesses: Business) -> "World":
        """Accept these businesses, each as a new revision where it differs."""
        for accepted in businesses:
            old = self.desired.businesses.get(accepted.business_id)
            if old is None:
                entry = DesiredBusiness(accepted)
            else:
                earlier = (old.business, *old.earlier)
                entry = replace(old, business=accepted, revision=old.revision + 1, earlier=earlier)
            self._desire(accepted.business_id, entry)
        return self

    def stops(self, business_id: str) -> None:
        """An operator stops the business."""
        self._desire(business_id, replace(self.desired.businesses[business_id], stopped=True))

    def restarts(self, business_id: str) -> None:
        """An operator restarts the business."""
        entry = self.desired.businesses[business_id]
        self._desire(business_id, replace(entry, restarts=entry.restarts + 1))

    def pauses(self, business_id: str, paused: bool = True) -> None:
        """An operator pauses the business, or resumes it."""
        self._desire(business_id, replace(self.desired.businesses[business_id], paused=paused))

    def removes(self, business_id: str) -> None:
        """The business leaves the desired state."""
        rest = {name: entry for name, entry in self.desired.businesses.items() if name != business_id}
        removed = self.desired.removed | {business_id: self.desired.businesses[business_id].business}
        self.desired = replace(self.desired, businesses=rest, removed=removed)

    def has(self, *nodes: Node) -> None:
        """These nodes register, or report anew."""
        self.observed = replace(self.observed, nodes={**self.observed.nodes, **{node.node_id: node for node in nodes}})

    def node(self, node_id: str, *, silent: float | None = None, **fields: Any) -> None:
        """Something of a node changes, or it falls silent (`silent` seconds; 0: it is back)."""
        if silent is not None:
            fields["last_seen"] = NOW - silent
        self.has(replace(self.observed.nodes[node_id], **fields))

    def allocation(self, text: str, **fields: Any) -> Allocation:
        """The one copy of this instance, after changing these fields of it."""
        found = [allocation for allocation in self.observed.allocations if allocation.key == key(text)]
        assert len(found) == 1, f"{text} has {len(found)} copies"
        changed = replace(found[0], **fields)
        others = tuple(allocation for allocation in self.observed.allocations if allocation.key != key(text))
        self.observed = replace(self.observed, allocations=(*others, changed))
        return changed

    def plan(self) -> Plan:
        """What would be done now."""
        return plan(self.desired, self.observed, self.policy, NOW)

    def wanted(self) -> list[DesiredInstance]:
        """Every instance that should run."""
        fleet = Fleet(self.observed, Policy(), NOW)
        allocations: dict[InstanceKey, list[Allocation]] = {}
        for allocation in self.observed.allocations:
            if allocation.node_id in fleet.row:
                allocations.setdefault(allocation.key, []).append(allocation)
        return list(wanted(self.desired, allocations, fleet, self.plan().placements))

    def lines(self) -> list[str]:
        """What would be done now, as text."""
        return lines(self.plan())

    def settles(self) -> "World":
        """Carry out the plan, and find nothing left to do."""
        self.carries_out()
        assert self.lines() == []
        return self

    def carries_out(self) -> Plan:
        """Carry out the plan."""
        result = self.plan()
        self.observed = applied(result, self.observed)
        return result

    def carry_out(self, actions: tuple[Action, ...]) -> None:
        """Carry out just these actions of the plan."""
        self.observed = applied(replace(self.plan(), actions=actions), self.observed)

    def where(self) -> dict[str, str]:
        """The node of every instance that has a place."""
        return {str(instance): node_id for instance, node_id in self.plan().placements.items()}

    def pending(self) -> dict[str, str]:
        """Why instances have no place."""
        return {str(pending.key): str(pending) for pending in self.plan().pending}

    def running(self) -> list[str]:
        """`shop/web/0 on a` for every copy there is."""
        return sorted(f"{allocation.key} on {allocation.node_id}" for allocation in self.observed.allocations)

    def status(self, business_id: str, notes: Notes | None = None) -> BusinessStatus:
        """The business's status."""
        return derive(self.desired, self.observed, self.plan(), notes)[business_id]

    def _desire(self, business_id: str, entry: DesiredBusiness) -> None:
        removed = {key: spec for key, spec in self.desired.removed.items() if key != business_id}
        self.desired = replace(
            self.desired, businesses={**self.desired.businesses, business_id: entry}, removed=removed
        )

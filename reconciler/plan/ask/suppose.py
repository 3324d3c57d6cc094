"""What if: the plan's input as it would be with other nodes or other numbers of replicas."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Node, NodeHealth, Observed
from reconciler.plan.model.plan import Pending
from reconciler.plan.model.policy import Policy
from reconciler.plan.reconcile.planner import DEFAULT_POLICY, plan
from reconciler.plan.schedule.node_health import node_health
from reconciler.wire.reports import Gpu

LONG_AGO = 0.0
"""When a node that is supposed to be gone was last seen: it counts as lost."""

COMPONENTS_SHOWN = 5
"""So many components are named in an error."""


class NewNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nodes that might be added: `count` of them, with so many cores, MiB and GPUs each."""

    cpu_cores: float
    memory_mb: int
    gpus: int = 0
    gpu_memory_mb: int = 0
    labels: dict[str, str] = {}
    count: int = 1


class Suppose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is supposed: nodes that are lost, cordoned, drained or new, and replicas by `BUSINESS/COMPONENT`."""

    without: tuple[str, ...] = ()
    cordon: tuple[str, ...] = ()
    drain: tuple[str, ...] = ()
    add_nodes: tuple[NewNode, ...] = ()
    scale: dict[str, int] = {}


NOTHING_SUPPOSED = Suppose()


def mistakes(suppose: Suppose, desired: Desired, observed: Observed) -> Iterator[str]:
    """List what it names that is not there."""
    for field in ("without", "cordon", "drain"):
        for node_id in getattr(suppose, field):
            if node_id not in observed.nodes:
                yield f"{field}: there is no node '{node_id}': there are {', '.join(sorted(observed.nodes)) or 'none'}"
    components = {
        (business_id, component.component_id)
        for business_id, entry in desired.businesses.items()
        for component in entry.business.components
    }
    for name in suppose.scale:
        asked = _component(name)
        if asked not in components:
            near = sorted(components, key=lambda other: (other[0] != asked[0], other))[:COMPONENTS_SHOWN]
            yield f"scale: there is no component '{name}': there are {', '.join(map('/'.join, near)) or 'none'}"


def _component(name: str) -> tuple[str, str]:
    """Read the component that a caller names as `shop/web`; the ids of its business and of itself."""
    business_id, _, component_id = name.partition("/")
    return business_id, component_id


def supposed(suppose: Suppose, desired: Desired, observed: Observed, now: float) -> tuple[Desired, Observed]:
    """Make desired and observed state as they would be. `now` is in seconds since the epoch."""
    nodes = dict(observed.nodes)
    for field, change in (
        ("without", {"last_seen": LONG_AGO}),
        ("cordon", {"cordoned": True}),
        ("drain", {"cordoned": True, "draining": True}),
    ):
        for node_id in getattr(suppose, field):
            change_of: dict[str, Any] = change
            nodes[node_id] = replace(nodes[node_id], **change_of)
    for node in _new_nodes(suppose.add_nodes, now):
        nodes[node.node_id] = node
    businesses = dict(desired.businesses)
    for name, replicas in suppose.scale.items():
        business_id, component_id = _component(name)
        entry = businesses[business_id]
        components = tuple(
            msgspec.structs.replace(part, replicas=replicas) if part.component_id == component_id else part
            for part in entry.business.components
        )
        changed = msgspec.structs.replace(entry.business, components=components)
        businesses[business_id] = replace(entry, business=changed, earlier=(entry.business, *entry.earlier))
    return replace(desired, businesses=businesses), replace(observed, nodes=nodes)


def losses(
    observed: Observed, by: str | None, policy: Policy = DEFAULT_POLICY, now: float = 0.0
) -> dict[str, list[str]]:
    """Group what may be lost at once: each node that is not lost yet, or all those with one value of the label `by`."""
    groups: dict[str, list[str]] = {}
    for node_id, node in sorted(observed.nodes.items()):
        name = node_id if by is None else node.labels.get(by)
        if name is not None and node_health(node, policy, now) is not NodeHealth.LOST:
            groups.setdefault(name, []).append(node_id)
    return groups


def survival(
    desired: Desired,
    observed: Observed,
    groups: Mapping[str, Sequence[str]],
    policy: Policy = DEFAULT_POLICY,
    now: float = 0.0,
) -> dict[str, tuple[Pending, ...]]:
    """Find for each group of nodes, were it lost, what would have no place though it has one now.

    `groups` are node ids by a name, such as that of a rack.
    """
    before = {pending.key for pending in plan(desired, observed, policy, now).pending}
    found = {}
    for name, lost in groups.items():
        after = plan(*supposed(Suppose(without=tuple(lost)), desired, observed, now), policy, now)
        found[name] = tuple(pending for pending in after.pending if pending.key not in before)
    return found


def _new_nodes(added: tuple[NewNode, ...], now: float) -> Iterator[Node]:
    number = 0
    for kind in added:
        for _ in range(kind.count):
            number += 1
            yield Node(
                f"new-{number}",
                kind.cpu_cores,
                kind.memory_mb,
                kind.labels,
                tuple(Gpu(index=index, memory_mb=kind.gpu_memory_mb) for index in range(kind.gpus)),
                runtimes=("docker", "process"),
                last_seen=now,
            )

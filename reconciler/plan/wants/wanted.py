"""What should run: every instance of every business that is not stopped, with its digest and shape."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.manifest.digest import digest, digest_of_sealed
from reconciler.manifest.model import Component, Dependency
from reconciler.manifest.references import dependencies, refers
from reconciler.manifest.secrets.seal import sealed
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Allocation, Node
from reconciler.plan.model.plan import Change
from reconciler.plan.model.reasons import (
    BusinessRemoved,
    BusinessStopped,
    ComponentRemoved,
    NodeDrained,
    NodeExcluded,
    Reason,
    ReferenceMoved,
    RestartAsked,
    ScaledDown,
    SpecChanged,
    UnknownVersion,
)
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.shape import Shape, mebibytes, milli, shape_of
from reconciler.plan.wants.changes import changes
from reconciler.plan.wants.instances import Known, nodes, numbers
from reconciler.plan.wants.past_references import Resolutions
from reconciler.plan.wants.references import Places, Resolver, Unresolved
from reconciler.plan.wants.versions import rolled_back, version
from reconciler.wire.messages import InstanceKey

RESTARTS_BACK = 5
"""How many restarts back a running digest is recognised."""


@dataclass(frozen=True, slots=True)
class DesiredInstance:
    """One instance that should run.

    `version` is the digest of the component as its spec has it, `digest` that of what this instance shall run, with its
    references resolved. `seen` is what it shall run without its secrets: digests and differences are found by that.
    `needs` is what it waits for of other components. `unresolved` is why references can't be resolved (None when
    they are): such an instance stays as it is.
    """

    key: InstanceKey
    component: Component
    digest: str
    shape: Shape
    version: str
    needs: Mapping[str, Dependency]
    seen: Component
    unresolved: Reason | None = None


def wanted(
    desired: Desired, allocations: Mapping[InstanceKey, Sequence[Allocation]], fleet: Fleet, places: Places
) -> Iterator[DesiredInstance]:
    """Every instance that should run, sorted by business, then as the spec has them.

    `allocations` are all that exist on the nodes of the fleet. `places` is what references are resolved by.
    """
    resolver = Resolver(places, {node.node_id: node for node in fleet.nodes})
    known: dict[tuple[str, str], dict[int, Sequence[Allocation]]] = defaultdict(dict)
    for key, found in allocations.items():
        known[key.business_id, key.component_id][key.instance] = found
    for business_id in sorted(desired.businesses):
        entry = desired.businesses[business_id]
        if entry.stopped:
            continue
        for component in entry.business.components:
            component, mark = version(entry, component)
            shape = shape_of(entry.business, component)
            there = known.get((business_id, component.component_id), {})
            plain = not refers(component)
            needs = component.depends_on if plain else dependencies(component)
            seen = sealed(component)
            for number, bound in _instances(component, shape, there, fleet):
                key = InstanceKey(business_id, component.component_id, number)
                want = DesiredInstance(key, component, mark, bound, mark, needs, seen)
                yield want if plain else _resolved(want, entry, resolver)


def _instances(component: Component, shape: Shape, known: Known, fleet: Fleet) -> Iterator[tuple[int, Shape]]:
    """The number and the shape of each of a component's instances: those of a global one are bound to their nodes."""
    if component.mode == "replicated":
        for number in numbers(component, known, fleet):
            yield number, shape
        return
    for number, node_id in nodes(component, shape.constraint, known, fleet):
        yield number, replace(shape, constraint=replace(shape.constraint, node_id=node_id))


def _resolved(want: DesiredInstance, entry: DesiredBusiness, resolver: Resolver) -> DesiredInstance:
    try:
        component, seen = (resolver.resolved(entry.business, part, want.key) for part in (want.component, want.seen))
    except Unresolved as error:
        return replace(want, unresolved=error.reason)
    return replace(want, component=component, seen=seen, digest=digest_of_sealed(seen, entry.restarts))


def new_limits(want: DesiredInstance, allocation: Allocation) -> tuple[Change, ...]:
    """What of the limits that a running container can be given anew is not as wanted."""
    return limits_changed(want.component, allocation)


def limits_changed(component: Component, allocation: Allocation) -> tuple[Change, ...]:
    """Which limits of an allocation are not as its component has them."""
    resources, reservation = component.resource_requirements, allocation.reservation
    if reservation.cpu_cores == resources.cpu_cores and reservation.memory_mb == resources.memory_mb:
        return ()
    found = []
    if milli(reservation.cpu_cores) != milli(resources.cpu_cores):
        cores = f"{reservation.cpu_cores:g}", f"{resources.cpu_cores:g}"
        found.append(Change("resource_requirements.cpu_cores", *cores))
    if mebibytes(reservation.memory_mb) != mebibytes(resources.memory_mb):
        found.append(Change("resource_requirements.memory_mb", str(reservation.memory_mb), str(resources.memory_mb)))
    return tuple(found)


def why_update(
    entry: DesiredBusiness, want: DesiredInstance, allocation: Allocation, resolutions: Resolutions
) -> tuple[Reason, tuple[Change, ...]]:
    """Why an allocation whose digest is not the wanted one needs an update, and which fields differ."""
    rejected = rolled_back(entry).get(want.key.component_id)
    specs = [
        (business, component)
        for business in (entry.business, *entry.earlier)
        for component in business.components
        if component.component_id == want.key.component_id
    ]
    for component, seen in resolutions.of(specs, allocation):
        for restarts in range(entry.restarts, max(entry.restarts - RESTARTS_BACK, 0) - 1, -1):
            mark = digest_of_sealed(seen, restarts) if refers(component) else digest(component, restarts)
            if mark == allocation.digest:
                different = changes(seen, want.seen)
                moved = refers(component) and not changes(component, specs[0][1])
                reason = ReferenceMoved() if moved else SpecChanged()
                return rejected or (reason if different else RestartAsked()), different
    if want.version != want.digest:
        return rejected or ReferenceMoved(only=False), ()
    return rejected or UnknownVersion(), ()


def why_unwanted(desired: Desired, allocation: Allocation, node: Node) -> Reason:
    """Why nothing should run under the key of this allocation, which is on that node."""
    entry = desired.businesses.get(allocation.key.business_id)
    if entry is None:
        return BusinessRemoved(allocation.key.business_id)
    if entry.stopped:
        return BusinessStopped(allocation.key.business_id)
    for component in entry.business.components:
        if component.component_id == allocation.key.component_id:
            if component.mode == "replicated":
                return ScaledDown(component.replicas)
            return NodeDrained(node.node_id) if node.draining else NodeExcluded(node.node_id)
    return ComponentRemoved(allocation.key.component_id)

"""How the references of what runs may have been resolved when it was started.

Only the digest of a started component is stored. Candidate values for its `${...}` are tried until one gives that
digest, so that a diff can be shown.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from reconciler.manifest.model import Business, Component
from reconciler.manifest.references import references, refers
from reconciler.manifest.secrets.seal import sealed
from reconciler.plan.model.observed import Allocation, Observed
from reconciler.plan.wants.references import Places, Resolver, Unresolved
from reconciler.wire.messages import InstanceKey

ByBusiness = dict[str, dict[InstanceKey, str]]

FEW_NODES = 16
"""In a fleet of so many nodes, each is tried as the one on which something was before."""


class Resolutions:
    """What an allocation may have been started as, by where what it refers to is to be, runs now, or may have run."""

    def __init__(self, places: Places, observed: Observed) -> None:
        self._places_now, self._observed = places, observed

    @cached_property
    def _now(self) -> ByBusiness:
        return _by_business(self._places_now.items())

    @cached_property
    def _until_now(self) -> ByBusiness:
        """The oldest allocation of each counts."""
        allocations = sorted(
            self._observed.allocations, key=lambda allocation: (-allocation.version, allocation.node_id)
        )
        return _by_business((allocation.key, allocation.node_id) for allocation in allocations)

    def of(
        self, specs: Sequence[tuple[Business, Component]], allocation: Allocation
    ) -> Iterator[tuple[Component, Component]]:
        """Each of these versions of a component, with what the allocation would be in it, sealed; likeliest first."""
        plain = [component for _, component in specs if not refers(component)]
        yield from ((component, sealed(component)) for component in plain)
        referring = [(business, component) for business, component in specs if refers(component)]
        for places in self._places(referring, allocation) if referring else ():
            resolver = Resolver(places, self._observed.nodes)
            for business, component in referring:
                try:
                    yield component, resolver.resolved(business, sealed(component), allocation.key)
                except Unresolved:
                    continue

    def _places(
        self, specs: Sequence[tuple[Business, Component]], allocation: Allocation
    ) -> Iterator[dict[InstanceKey, str]]:
        own = {allocation.key: allocation.node_id}
        now = self._now.get(allocation.key.business_id, {}) | own
        yield now
        yield now | self._until_now.get(allocation.key.business_id, {}) | own
        names = {reference.name for _, component in specs for reference in references(component)}
        targets = [key for key in now if key.component_id in names]
        nodes = self._observed.nodes
        for node_id in sorted(nodes) if len(nodes) <= FEW_NODES else ():
            yield now | dict.fromkeys(targets, node_id) | own


def _by_business(places: Iterable[tuple[InstanceKey, str]]) -> ByBusiness:
    found: ByBusiness = defaultdict(dict)
    for key, node_id in places:
        found[key.business_id][key] = node_id
    return found

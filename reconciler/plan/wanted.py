"""What should run: every instance of every business that is not stopped, with its digest and shape."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.plan.diff import changes
from reconciler.plan.model import Change, Copy, Desired, DesiredBusiness
from reconciler.plan.shape import Shape, shape_of
from reconciler.spec.digest import digest
from reconciler.spec.model import Component
from reconciler.wire.messages import InstanceKey

RESTARTS_BACK = 5
"""How many restarts back a running digest is recognised."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One instance that should run."""

    key: InstanceKey
    component: Component
    digest: str
    shape: Shape


def wanted(desired: Desired) -> Iterator[Wanted]:
    """Every instance that should run, sorted by business, then as the spec has them."""
    for business_id in sorted(desired.businesses):
        entry = desired.businesses[business_id]
        if entry.stopped:
            continue
        for component in entry.business.components:
            mark, shape = digest(component, entry.restarts), shape_of(entry.business, component)
            for ordinal in range(component.replicas):
                yield Wanted(InstanceKey(business_id, component.component_id, ordinal), component, mark, shape)


def why_update(entry: DesiredBusiness, want: Wanted, copy: Copy) -> tuple[str, tuple[Change, ...]]:
    """Why a copy whose digest is not the wanted one needs an update, and which fields differ."""
    for business in (entry.business, *entry.earlier):
        for component in business.components:
            if component.component_id != want.key.component_id:
                continue
            for restarts in range(entry.restarts, max(entry.restarts - RESTARTS_BACK, 0) - 1, -1):
                if digest(component, restarts) == copy.digest:
                    different = changes(component, want.component)
                    return ("spec changed" if different else "restart asked for"), different
    return "runs a version that no kept revision has", ()


def why_unwanted(desired: Desired, copy: Copy) -> str:
    """Why nothing should run under this copy's key."""
    entry = desired.businesses.get(copy.key.business_id)
    if entry is None:
        return f"business {copy.key.business_id} is not in the desired state"
    if entry.stopped:
        return f"business {copy.key.business_id} is stopped"
    for component in entry.business.components:
        if component.component_id == copy.key.component_id:
            return f"replicas is {component.replicas}"
    return f"component {copy.key.component_id} is no longer in the spec"

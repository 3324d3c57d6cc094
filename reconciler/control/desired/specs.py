"""Accepting specs that come over the API: new ones, changed ones, and those of a saved plan.

What a watched source declares is changed in that source, what an operator rolled back from is not accepted again, and
businesses that would wait for each other in a circle are refused.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from reconciler.control.desired.changes import BODY, Change, DesiredChanges, refuse_circles
from reconciler.control.desired.ownership import Ownership
from reconciler.control.desired.rollback import refuse_quarantined
from reconciler.control.errors import Conflict
from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.model import Business
from reconciler.plan.ask.preview import overlay
from reconciler.plan.keep.saved import SavedPlan
from reconciler.plan.model.desired import API, Desired
from reconciler.plan.model.observed import Allocation
from reconciler.store.model import Accepted


class SpecService:
    """Accepts the specs of the API."""

    def __init__(self, changes: DesiredChanges, ownership: Ownership) -> None:
        self._changes = changes
        self._ownership = ownership

    def create(self, business: Business, who: str) -> Accepted:
        """Accept a new business. Raises SpecError, and Conflict when the id is taken."""
        with self._changes.make() as change:
            known = self._changes.store.desired.snapshot().businesses.get(business.business_id)
            if known is not None:
                self._ownership.refuse_foreign(known)
                raise Conflict(f"business '{business.business_id}' exists already: PUT changes it")
            return self._accept(business, who, change)

    def replace(self, business: Business, who: str) -> Accepted:
        """Accept a new version of a business. Raises UnknownBusiness, Conflict, SpecError."""
        with self._changes.make() as change:
            self._ownership.refuse_foreign(self._changes.business(business.business_id))
            return self._accept(business, who, change)

    def scale(self, business_id: str, replicas: Mapping[str, int], who: str) -> Accepted:
        """Change how many replicas components of a business have. Raises UnknownBusiness, Conflict, SpecError."""
        with self._changes.make() as change:
            entry = self._changes.business(business_id)
            self._ownership.refuse_foreign(entry)
            return self._accept(scaled(entry.business, replicas), who, change)

    def accept_planned(
        self,
        businesses: Sequence[Business],
        allocate: Callable[[Desired, Desired], Sequence[Allocation]],
        saved: SavedPlan,
        who: str,
    ) -> tuple[str, ...]:
        """Accept the specs of a saved plan together with where it puts them; the ids that changed.

        `allocate` is given the desired state before and after, and raises when the plan does not hold. Raises Conflict,
        SpecError.
        """
        with self._changes.lock:
            desired = self._changes.store.desired.snapshot()
            refuse_circles(desired, businesses)
            for business in businesses:
                known = desired.businesses.get(business.business_id)
                if known is not None:
                    self._ownership.refuse_foreign(known)
                    refuse_quarantined(known, business)
            pairs = [(business, API) for business in businesses]
            allocations = allocate(desired, overlay(desired, pairs))
            with self._changes.make() as change:
                executions = self._changes.store.executions
                accepted = executions.accept(pairs, allocations, saved, who, change.at).accepted
                changed = tuple(key for key, one in accepted.items() if one.changed)
                for key in changed:
                    message = f"revision {accepted[key].revision} accepted from {who}, as planned"
                    change.record("accepted", key, message, f"{who}: saved plan {saved.hash[:12]}")
            self._changes.wake()
            return changed

    def _accept(self, business: Business, who: str, change: Change) -> Accepted:
        desired, business_id = self._changes.store.desired, business.business_id
        refuse_circles(desired.snapshot(), [business])
        known = desired.snapshot().businesses.get(business_id)
        if known is not None:
            refuse_quarantined(known, business)
        accepted = desired.accept(business, source=API, who=who, at=change.at)
        if accepted.changed:
            number = accepted.revision
            change.record(
                "accepted", business_id, f"revision {number} accepted from {who}", f"{who}: revision {number}"
            )
        return accepted


def scaled(business: Business, replicas: Mapping[str, int]) -> Business:
    """Give components of a business these numbers of replicas. Raises SpecError for a component that it has not."""
    known = {component.component_id for component in business.components}
    unknown = [
        Problem(BODY, None, name, f"is no component of {business.business_id}: it has {', '.join(sorted(known))}")
        for name in replicas
        if name not in known
    ]
    if unknown:
        raise SpecError(unknown)
    components = tuple(
        msgspec.structs.replace(component, replicas=replicas.get(component.component_id, component.replicas))
        for component in business.components
    )
    return msgspec.structs.replace(business, components=components)

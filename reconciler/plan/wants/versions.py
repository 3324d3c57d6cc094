"""What the observation says of new versions whose spec asks to be rolled back when they fail.

A verdict is found once and then remembered, for two reasons: a version that was good is not rolled back for what
happens later, and one that was rejected is not tried again by the plan that follows its disappearance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from reconciler.manifest.digest import NOT_IN_DIGEST, digest
from reconciler.manifest.model import Component
from reconciler.plan.model.desired import Desired, DesiredBusiness, VersionResult
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.reasons import RolledBack
from reconciler.plan.wants.progress import allowed_failures, failed, good_from
from reconciler.wire.messages import InstanceKey


def judged(
    component: Component,
    marks: Mapping[InstanceKey, str],
    allocations: Mapping[InstanceKey, Sequence[Allocation]],
    now: float,
) -> tuple[VersionResult | None, float | None]:
    """The verdict on a component's wanted version if it can be told now, or else when it may be (epoch seconds).

    `marks` are the digests that its instances have in that version.
    """
    failures = [
        allocation
        for key, mark in marks.items()
        for allocation in sorted(allocations.get(key, ()), key=lambda allocation: allocation.node_id)
        if failed(allocation, mark)
    ]
    if len({allocation.key for allocation in failures}) > allowed_failures(component, len(marks)):
        return VersionResult("rejected", failures[0].message or "it failed"), None
    times = [_good(component, allocations.get(key, ()), mark) for key, mark in marks.items()]
    known = [time for time in times if time is not None]
    if not times or len(known) < len(times):
        return None, None
    return (VersionResult("good"), None) if max(known) <= now else (None, max(known))


def version(entry: DesiredBusiness, component: Component) -> tuple[Component, str]:
    """The component as it should run, and its digest: as the spec has it, or the last version that was not rejected.

    How many there are and where they run follows the spec in either case.
    """
    mark = digest(component, entry.restarts)
    if entry.verdict(component.component_id, mark) != "rejected":
        return component, mark
    kept = {field: getattr(component, field) for field in NOT_IN_DIGEST}
    for business in entry.earlier:
        for other in business.components:
            if other.component_id == component.component_id:
                before = msgspec.structs.replace(other, **kept)
                earlier = digest(before, entry.restarts)
                if entry.verdict(component.component_id, earlier) != "rejected":
                    return before, earlier
    return component, mark


def may_roll_back(entry: DesiredBusiness, component_id: str, mark: str) -> bool:
    """Whether there is another version to run in place of this one."""
    verdicts = entry.verdicts | {(component_id, mark): VersionResult("rejected")}
    rejected = replace(entry, verdicts=verdicts)
    return any(
        version(rejected, component)[1] != mark
        for component in entry.business.components
        if component.component_id == component_id
    )


def with_verdicts(desired: Desired, verdicts: Mapping[tuple[str, str, str], VersionResult]) -> Desired:
    """The desired state with more verdicts, by business id, component id and digest."""
    businesses = dict(desired.businesses)
    for (business_id, component_id, mark), verdict in verdicts.items():
        entry = businesses[business_id]
        businesses[business_id] = replace(entry, verdicts=entry.verdicts | {(component_id, mark): verdict})
    return replace(desired, businesses=businesses)


def rolled_back(entry: DesiredBusiness) -> dict[str, RolledBack]:
    """Why components do not run as the spec has them, by component id, for those that were rolled back."""
    reasons = {}
    for component in entry.business.components if _any_rejected(entry) else ():
        mark = digest(component, entry.restarts)
        if version(entry, component)[1] != mark:
            reasons[component.component_id] = RolledBack(entry.verdicts[component.component_id, mark].reason)
    return reasons


def _any_rejected(entry: DesiredBusiness) -> bool:
    return any(verdict.word == "rejected" for verdict in entry.verdicts.values())


def _good(component: Component, allocations: Sequence[Allocation], mark: str) -> float | None:
    times = [time for allocation in allocations if (time := good_from(component, allocation, mark)) is not None]
    return min(times, default=None)

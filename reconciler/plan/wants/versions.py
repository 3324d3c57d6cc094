"""Which version of a component is to run: that of the spec, or the last one that was not rejected.

What became of a version is remembered, for two reasons: a version that was good is not rolled back for what happens
later, and one that was rejected is not tried again by the plan that follows its disappearance.
"""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from reconciler.manifest.digest import NOT_IN_DIGEST, digest
from reconciler.manifest.model import Component
from reconciler.plan.model.desired import Desired, DesiredBusiness, VersionResult
from reconciler.plan.model.reasons import RolledBack


def version(entry: DesiredBusiness, component: Component) -> tuple[Component, str]:
    """The component as it should run, and its digest: as the spec has it, or the last version that was not rejected.

    How many there are and where they run follows the spec in either case.
    """
    version_digest = digest(component, entry.restarts)
    if entry.outcome(component.component_id, version_digest) != "rejected":
        return component, version_digest
    kept = {field: getattr(component, field) for field in NOT_IN_DIGEST}
    for business in entry.earlier:
        for other in business.components:
            if other.component_id == component.component_id:
                before = msgspec.structs.replace(other, **kept)
                earlier = digest(before, entry.restarts)
                if entry.outcome(component.component_id, earlier) != "rejected":
                    return before, earlier
    return component, version_digest


def may_roll_back(entry: DesiredBusiness, component_id: str, version_digest: str) -> bool:
    """Whether there is another version to run in place of this one."""
    results = entry.version_results | {(component_id, version_digest): VersionResult("rejected")}
    rejected = replace(entry, version_results=results)
    return any(
        version(rejected, component)[1] != version_digest
        for component in entry.business.components
        if component.component_id == component_id
    )


def with_version_results(desired: Desired, results: Mapping[tuple[str, str, str], VersionResult]) -> Desired:
    """The desired state with more version results, by business id, component id and digest."""
    businesses = dict(desired.businesses)
    for (business_id, component_id, version_digest), result in results.items():
        entry = businesses[business_id]
        businesses[business_id] = replace(
            entry, version_results=entry.version_results | {(component_id, version_digest): result}
        )
    return replace(desired, businesses=businesses)


def rolled_back(entry: DesiredBusiness) -> dict[str, RolledBack]:
    """Why components do not run as the spec has them, by component id, for those that were rolled back."""
    reasons = {}
    for component in entry.business.components if _any_rejected(entry) else ():
        version_digest = digest(component, entry.restarts)
        if version(entry, component)[1] != version_digest:
            reasons[component.component_id] = RolledBack(
                entry.version_results[component.component_id, version_digest].reason
            )
    return reasons


def _any_rejected(entry: DesiredBusiness) -> bool:
    return any(result.outcome == "rejected" for result in entry.version_results.values())

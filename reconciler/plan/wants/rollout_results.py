"""What becomes of versions that are to be rolled back when they fail, told by what is observed of their rollout."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.manifest.model import Component
from reconciler.plan.model.desired import Desired, VersionResult
from reconciler.plan.model.observed import Allocation
from reconciler.plan.wants.progress import allowed_failures, failed, good_from
from reconciler.plan.wants.versions import may_roll_back
from reconciler.plan.wants.wanted import DesiredInstance
from reconciler.wire.messages import InstanceKey

VersionKey = tuple[str, str, str]
"""Which version: the business's id, the component's, and the digest that its spec has."""

Allocations = Mapping[InstanceKey, Sequence[Allocation]]


@dataclass(frozen=True, slots=True)
class RolloutResults:
    """The new results, and when there may be more (seconds since the epoch), None for never."""

    found: dict[VersionKey, VersionResult] = field(default_factory=dict)
    look_again: float | None = None

    @property
    def is_any_rejected(self) -> bool:
        """Whether something is to be rolled back."""
        return any(result.outcome == "rejected" for result in self.found.values())


def rollout_results(
    desired: Desired, wants: Mapping[InstanceKey, DesiredInstance], allocations: Allocations, now: float
) -> RolloutResults:
    """The results that can be told now of versions without one whose `failure_action` is rollback."""
    found: dict[VersionKey, VersionResult] = {}
    times = []
    for version, group in _open(desired, wants).items():
        digests = {want.key: want.digest for want in group}
        result, time = rollout_result(group[0].component, digests, allocations, now)
        times += [] if time is None else [time]
        if result is not None and (
            result.outcome == "good" or may_roll_back(desired.businesses[version[0]], *version[1:])
        ):
            found[version] = result
    return RolloutResults(found, min(times, default=None))


def rollout_result(
    component: Component, digests: Mapping[InstanceKey, str], allocations: Allocations, now: float
) -> tuple[VersionResult | None, float | None]:
    """What became of a component's wanted version if it can be told now, or else when it may be (epoch seconds).

    `digests` are those that its instances have in that version.
    """
    failures = [
        allocation
        for key, digest in digests.items()
        for allocation in sorted(allocations.get(key, ()), key=lambda allocation: allocation.node_id)
        if failed(allocation, digest)
    ]
    if len({allocation.key for allocation in failures}) > allowed_failures(component, len(digests)):
        return VersionResult("rejected", failures[0].message or "it failed"), None
    times = [_good(component, allocations.get(key, ()), digest) for key, digest in digests.items()]
    known = [time for time in times if time is not None]
    if not times or len(known) < len(times):
        return None, None
    return (VersionResult("good"), None) if max(known) <= now else (None, max(known))


def _open(desired: Desired, wants: Mapping[InstanceKey, DesiredInstance]) -> dict[VersionKey, list[DesiredInstance]]:
    """The instances of each version that is to be rolled back when it fails and has no result yet."""
    found: dict[VersionKey, list[DesiredInstance]] = defaultdict(list)
    for key, want in wants.items():
        entry = desired.businesses[key.business_id]
        is_rolled_back = want.component.update.failure_action == "rollback"
        if is_rolled_back and not entry.outcome(key.component_id, want.version):
            found[key.business_id, key.component_id, want.version].append(want)
    return found


def _good(component: Component, allocations: Sequence[Allocation], digest: str) -> float | None:
    times = [time for allocation in allocations if (time := good_from(component, allocation, digest)) is not None]
    return min(times, default=None)

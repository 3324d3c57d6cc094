"""Rolling updates: how many instances of a component are between two versions at a time.

Health-gated without a memory of its own: an instance that does not run, because it is on its way to the new version or
because that version fails, uses up the component's `update.parallelism`, and so does one that has not yet run for as
long as the spec asks. A version that does not come up therefore stops at the first instances, and the rest go on
serving.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.manifest.model import Component
from reconciler.plan.model.blockers import CanaryFirst, RolloutPaced
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.model.reasons import Reason
from reconciler.plan.wants.progress import Waits, allowed_failures, failed, good_from, serves
from reconciler.plan.wants.wanted import DesiredInstance
from reconciler.wire.messages import InstanceKey

ComponentKey = tuple[str, str]
"""A component: its business's id, and its own."""


def paced(
    desired: Desired,
    wants: Mapping[InstanceKey, DesiredInstance],
    allocations: Iterable[Allocation],
    actions: Iterable[Action],
    now: float,
) -> Waits:
    """Which updates wait. `wants` are all instances that should run. What others wait for to have its room never is."""
    updates: dict[ComponentKey, list[Action]] = defaultdict(list)
    needed: set[tuple[InstanceKey, str]] = set()
    for action in actions:
        needed |= {(key, action.node_id) for key in action.waits_for}
        if action.kind is Kind.UPDATE and (action.digest != action.old_digest or (action.heals and not action.live)):
            updates[action.key.business_id, action.key.component_id].append(action)
    waits = Waits()
    if not updates:
        return waits
    known: dict[ComponentKey, dict[InstanceKey, list[Allocation]]] = {name: {} for name in updates}
    for key in wants:
        if (key.business_id, key.component_id) in known:
            known[key.business_id, key.component_id][key] = []
    for allocation in allocations:
        instances = known.get((allocation.key.business_id, allocation.key.component_id), {})
        if allocation.confirmed and allocation.key in instances:
            instances[allocation.key].append(allocation)
    for name, group in updates.items():
        entry = desired.businesses[name[0]]
        want = wants[group[0].key]
        promoted = entry.verdict(name[1], want.version) == "promoted"
        marks = {key: wants[key].digest for key in known[name]}
        rollout = _Rollout(want.component, marks, known[name], promoted, now)
        for action, why in rollout.waiting(sorted(group, key=lambda action: action.key)):
            if (action.key, action.node_id) not in needed:
                waits.blocked[action.key, action.node_id] = why
        if rollout.due is not None:
            waits.until(rollout.due)
    return waits


class _Rollout:
    """One component's way from any versions to the wanted one."""

    def __init__(
        self,
        component: Component,
        marks: Mapping[InstanceKey, str],
        allocations: Mapping[InstanceKey, list[Allocation]],
        promoted: bool,
        now: float,
    ) -> None:
        """`marks` are the digests that the instances are to have."""
        self._component = component
        self._marks = marks
        self._copies = {key: allocations[key] for key in sorted(allocations)}
        self._promoted = promoted
        settling = {key: time for key, found in allocations.items() if (time := self._settles(key, found)) > now}
        self.due = min(settling.values(), default=None)
        failures = [
            key for key, found in self._copies.items() if any(failed(allocation, marks[key]) for allocation in found)
        ]
        if self._component.update.failure_action != "continue":
            failures = failures[: allowed_failures(self._component, len(allocations))]
        self._down = {key for key, found in self._copies.items() if found and not any(map(serves, found))}
        tried = {
            key
            for key, found in self._copies.items()
            if any(allocation.failed_digest == marks[key] for allocation in found)
        }
        self._settling = settling.keys()
        self._blocking = [
            key for key in self._copies if key in self._down | tried | self._settling and key not in failures
        ]
        self._begun = tried | {
            key for key, found in self._copies.items() if any(allocation.digest == marks[key] for allocation in found)
        }

    def waiting(self, updates: list[Action]) -> Iterable[tuple[Action, Reason]]:
        """The updates that have to wait, and for what. What does not serve anyway goes at once."""
        update = self._component.update
        serving = [action for action in updates if action.key not in self._down]
        heals = [action for action in serving if action.heals]
        first = [action for action in serving if action.key in self._begun and not action.heals]
        rest = [action for action in serving if action.key not in self._begun]
        free = max((update.parallelism or len(self._copies)) - len(self._blocking), 0)
        canaries = len(rest)
        if update.canary and not self._promoted:
            canaries = max(update.canary - len(self._begun), 0)
        going = min(free, canaries)
        for action in rest[going:]:
            if canaries <= free:
                key = action.key
                yield action, CanaryFirst(key.business_id, key.component_id, update.canary, len(self._copies))
            else:
                yield action, self._why([*self._blocking, *(action.key for action in (*first, *rest[:going]))])
        for action in heals[free - going :]:
            before = (*first, *rest[:going], *heals[: free - going])
            yield action, self._why([*self._blocking, *(action.key for action in before)])

    def _why(self, before: list[InstanceKey]) -> Reason:
        names = tuple(dict.fromkeys(before))
        only_settling = bool(names) and all(key in self._settling for key in names)
        run_for = self._component.monitor + self._component.update.delay if only_settling else 0.0
        return RolloutPaced(names, self._component.update.parallelism, run_for)

    def _settles(self, key: InstanceKey, allocations: list[Allocation]) -> float:
        """When what runs in the new version no longer keeps others waiting (epoch seconds); 0 if none does."""
        times = [good_from(self._component, allocation, self._marks[key]) for allocation in allocations]
        return max((time + self._component.update.delay for time in times if time is not None), default=0.0)

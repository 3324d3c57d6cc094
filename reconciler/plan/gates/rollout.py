"""Rolling updates: how many instances of a component are between two versions at a time.

Health-gated without a memory of its own: an instance that does not run, because it is on its way to the new version or
because that version fails, uses up the component's `update.parallelism`, and so does one that has not yet run for as
long as the spec asks. A version that does not come up therefore stops at the first instances, and the rest go on
serving.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from reconciler.plan.gates.gate import Draft, Waits
from reconciler.plan.model.blockers import CanaryFirst, RolloutPaced
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.model.reasons import Reason
from reconciler.plan.wants.progress import allowed_failures, failed, good_from, serves
from reconciler.wire.messages import ComponentKey, InstanceKey


class Rollout:
    """Updates to another version, and those that set back what was changed by hand and need a new container."""

    def waits(self, draft: Draft) -> Waits:
        """The updates beyond those that may be under way. What others wait for to have its room is never blocked."""
        waits = Waits()
        for name, updates in _by_component(draft.actions).items():
            rollout = _Rollout(draft, name)
            for action, why in rollout.waiting(updates):
                if action.allocation_id not in draft.needed:
                    waits.blocked[action.allocation_id] = why
            if rollout.due is not None:
                waits.until(rollout.due)
        return waits


def _by_component(actions: Iterable[Action]) -> dict[ComponentKey, list[Action]]:
    """The updates that interrupt, in order, by their component."""
    updates: dict[ComponentKey, list[Action]] = defaultdict(list)
    for action in actions:
        if action.kind is Kind.UPDATE and (action.digest != action.old_digest or (action.heals and not action.live)):
            updates[action.key.business_id, action.key.component_id].append(action)
    return updates


class _Rollout:
    """One component's way from any versions to the wanted one.

    `down` are the instances of which nothing serves, `settling` those that serve in the wanted version and not for long
    enough, `begun` those that have it or have tried it. `blocking` use up `update.parallelism`. `due` is when the first
    of `settling` is done (seconds since the epoch).
    """

    def __init__(self, draft: Draft, name: ComponentKey) -> None:
        keys = draft.instances[name]
        want = draft.wants[keys[0]]
        self._component = want.component
        self._promoted = draft.desired.businesses[name[0]].outcome(name[1], want.version) == "promoted"
        self._digests = {key: draft.wants[key].digest for key in keys}
        self._allocations = {key: [one for one in draft.allocations.get(key, ()) if one.confirmed] for key in keys}
        settling = {key: time for key in keys if (time := self._settles(key)) > draft.now}
        self.due = min(settling.values(), default=None)
        self._settling = settling.keys()
        self._down = {key for key in keys if (there := self._allocations[key]) and not any(map(serves, there))}
        tried = {key for key in keys if any(one.failed_digest == self._digests[key] for one in self._allocations[key])}
        has = {key for key in keys if any(one.digest == self._digests[key] for one in self._allocations[key])}
        self._begun = tried | has
        failures = self._tolerated()
        busy = self._down | tried | self._settling
        self._blocking = [key for key in keys if key in busy and key not in failures]

    def _tolerated(self) -> Sequence[InstanceKey]:
        """The instances that have failed with the wanted version and keep no others waiting."""
        failures = [
            key
            for key, there in self._allocations.items()
            if any(failed(allocation, self._digests[key]) for allocation in there)
        ]
        if self._component.update.failure_action == "continue":
            return failures
        return failures[: allowed_failures(self._component, len(self._allocations))]

    def waiting(self, updates: list[Action]) -> Iterator[tuple[Action, Reason]]:
        """The updates that have to wait, and for what. What does not serve anyway goes at once."""
        update = self._component.update
        serving = [action for action in updates if action.key not in self._down]
        heals = [action for action in serving if action.heals]
        first = [action for action in serving if action.key in self._begun and not action.heals]
        rest = [action for action in serving if action.key not in self._begun]
        free = max((update.parallelism or len(self._allocations)) - len(self._blocking), 0)
        canaries = len(rest)
        if update.canary and not self._promoted:
            canaries = max(update.canary - len(self._begun), 0)
        going = min(free, canaries)
        for action in rest[going:]:
            if canaries <= free:
                key = action.key
                yield action, CanaryFirst(key.business_id, key.component_id, update.canary, len(self._allocations))
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

    def _settles(self, key: InstanceKey) -> float:
        """When what runs in the new version no longer keeps others waiting (epoch seconds); 0 if none does."""
        times = [good_from(self._component, one, self._digests[key]) for one in self._allocations[key]]
        return max((time + self._component.update.delay for time in times if time is not None), default=0.0)

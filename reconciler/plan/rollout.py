"""Rolling updates: how many instances of a component are between two versions at a time.

Health-gated without a memory of its own: an instance that does not run, because it is on its way to the new version or
because that version fails, uses up the component's `update.parallelism`. A version that does not come up therefore
stops at the first instances, and the rest go on serving.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.plan.model import Action, Copy, Kind
from reconciler.plan.wanted import Wanted
from reconciler.spec.model import Component
from reconciler.wire.messages import InstanceKey, Status


def paced(
    wants: Mapping[InstanceKey, Wanted], copies: Iterable[Copy], actions: Iterable[Action]
) -> dict[tuple[InstanceKey, str], str]:
    """Why updates wait for their turn, by instance and node; those that need not are left out.

    `wants` are all instances that should run. What others wait for to have its room is never held.
    """
    updates: dict[tuple[str, str], list[Action]] = defaultdict(list)
    needed: set[tuple[InstanceKey, str]] = set()
    for action in actions:
        needed |= {(key, action.node_id) for key in action.waits_for}
        if action.kind is Kind.UPDATE and action.digest != action.old_digest:
            updates[(action.key.business_id, action.key.component_id)].append(action)
    rolling = {key: group for key, group in updates.items() if _component(wants, group).update.parallelism}
    if not rolling:
        return {}
    known: dict[InstanceKey, list[Copy]] = defaultdict(list)
    for copy in copies:
        if copy.confirmed and (copy.key.business_id, copy.key.component_id) in rolling:
            known[copy.key].append(copy)
    held = {}
    for group in rolling.values():
        for action, why in _waiting(group, _component(wants, group), wants, known):
            if (action.key, action.node_id) not in needed:
                held[(action.key, action.node_id)] = why
    return held


def _component(wants: Mapping[InstanceKey, Wanted], group: list[Action]) -> Component:
    return wants[group[0].key].component


def _waiting(
    group: list[Action],
    component: Component,
    wants: Mapping[InstanceKey, Wanted],
    known: Mapping[InstanceKey, list[Copy]],
) -> Iterable[tuple[Action, str]]:
    """The updates of one component that have to wait, and for what."""
    first = group[0].key
    keys = sorted(
        key for key in wants if (key.business_id, key.component_id) == (first.business_id, first.component_id)
    )
    under_way = [key for key in keys if known.get(key) and not any(_serves(copy) for copy in known[key])]
    blocking = [key for key in under_way if not _given_up(component, wants[key], known[key])]
    down = set(under_way)
    serving = sorted((action for action in group if action.key not in down), key=lambda action: action.key)
    free = max(component.update.parallelism - len(blocking), 0)
    before = [*blocking, *(action.key for action in serving[:free])]
    names = ", ".join(f"{key.component_id}/{key.instance}" for key in before[:3])
    verb = "runs" if len(before) == 1 else "run"
    for action in serving[free:]:
        yield action, f"waits until {names} {verb}: {component.update.parallelism} at a time"


def _serves(copy: Copy) -> bool:
    return copy.status is Status.RUNNING


def _given_up(component: Component, want: Wanted, copies: list[Copy]) -> bool:
    """Whether the new version has failed here and the spec says to go on nevertheless."""
    if component.update.failure_action != "continue":
        return False
    return any(copy.digest == want.digest and copy.status is Status.FAILED for copy in copies)

"""The status words of the mission's section 8, derived from plan and observation; nobody sets them by hand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.manifest.model import Component
from reconciler.plan.model.blockers import Paused
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Allocation, Observed
from reconciler.plan.model.plan import Action, Drifted, Kind, Plan
from reconciler.plan.reconcile.drift import STATUS
from reconciler.plan.wants.versions import rolled_back
from reconciler.wire.messages import InstanceKey, Status

Notes = Mapping[tuple[InstanceKey, str], str]
"""What the dispatcher has to say of an instance on a node: why its last attempt failed, when the next is due."""


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """What one instance is doing, where, and why if it is not simply running."""

    key: InstanceKey
    component: Component
    status: Status
    node_id: str | None = None
    container_id: str | None = None
    message: str = ""
    started_at: float | None = None


@dataclass(frozen=True, slots=True)
class BusinessStatus:
    """The business's word (pending, deploying, running, failed, stopping, stopped, updating) and its instances'."""

    business_id: str
    status: str
    message: str
    instances: tuple[InstanceStatus, ...]


def derive(desired: Desired, observed: Observed, plan: Plan, notes: Notes | None = None) -> dict[str, BusinessStatus]:
    """The status of every desired business, by id."""
    allocations: dict[str, list[Allocation]] = defaultdict(list)
    for allocation in observed.allocations:
        allocations[allocation.key.business_id].append(allocation)
    actions: dict[str, list[Action]] = defaultdict(list)
    for action in plan.actions:
        actions[action.key.business_id].append(action)
    pending = {entry.key: str(entry) for entry in plan.pending}
    drifted: dict[InstanceKey, list[Drifted]] = defaultdict(list)
    for left in plan.drifted:
        drifted[left.key].append(left)
    keys: dict[tuple[str, str], list[InstanceKey]] = defaultdict(list)
    for key in plan.instances:
        keys[key.business_id, key.component_id].append(key)
    return {
        business_id: _business(
            entry, keys, allocations[business_id], actions[business_id], plan.placements, pending, drifted, notes or {}
        )
        for business_id, entry in sorted(desired.businesses.items())
    }


def _business(
    entry: DesiredBusiness,
    keys: Mapping[tuple[str, str], Sequence[InstanceKey]],
    allocations: Sequence[Allocation],
    actions: Sequence[Action],
    placements: Mapping[InstanceKey, str],
    pending: Mapping[InstanceKey, str],
    drifted: Mapping[InstanceKey, Sequence[Drifted]],
    notes: Notes,
) -> BusinessStatus:
    business_id = entry.business.business_id
    here = {(allocation.key, allocation.node_id): allocation for allocation in allocations}
    todo = {action.key: action for action in actions if action.kind is not Kind.STOP}
    # What is paused waits for one thing, which is said of the business.
    acting = {} if entry.paused else todo
    instances = []
    for component in entry.business.components:
        if entry.stopped:
            instances += _stopped(business_id, component, allocations)
            continue
        for key in keys.get((business_id, component.component_id), ()):
            node_id = placements.get(key)
            allocation = here.get((key, node_id)) if node_id else None
            note = notes.get((key, node_id), "") if node_id else ""
            item = _instance(key, component, node_id, allocation, acting.get(key), pending.get(key, ""), note)
            instances.append(_with_drift(item, drifted.get(key, ())))
    word = _word(entry, allocations, instances, todo, pending)
    beyond = [str(action.blocked_by) for action in actions if action.exceeds]
    quiet = word == "running" and not any(item.key in drifted for item in instances)
    message = beyond[0] if beyond else "" if quiet else _why(instances, pending)
    message = message or "; ".join(f"{name}: {why}" for name, why in rolled_back(entry).items())
    message = _joined(str(Paused(business_id)) if entry.paused else "", message, _pinned(entry))
    return BusinessStatus(business_id, word, message, tuple(instances))


def _pinned(entry: DesiredBusiness) -> str:
    """That an operator went back to an earlier revision, and what that keeps out."""
    if entry.pinned is None:
        return ""
    what = "what came after it" if entry.source == "api" else f"{entry.source} as it is"
    return f"pinned to revision {entry.pinned}: {what} was rolled back"


def _stopped(business_id: str, component: Component, allocations: Sequence[Allocation]) -> list[InstanceStatus]:
    """The instances of a stopped business's component: stopping for as long as anything of them is left."""
    left = {
        allocation.key: allocation
        for allocation in allocations
        if allocation.key.component_id == component.component_id
    }
    replicas = component.replicas if component.mode == "replicated" else 0
    keys = left.keys() | {InstanceKey(business_id, component.component_id, number) for number in range(replicas)}
    return [
        InstanceStatus(key, component, Status.STOPPING, left[key].node_id, left[key].container_id)
        if key in left
        else InstanceStatus(key, component, Status.STOPPED)
        for key in sorted(keys)
    ]


def _instance(
    key: InstanceKey,
    component: Component,
    node_id: str | None,
    allocation: Allocation | None,
    action: Action | None,
    refused: str,
    note: str,
) -> InstanceStatus:
    """What one wanted instance is doing."""
    waits = str(action.blocked_by or "") if action else ""
    if action and action.waits_for:
        waits = f"waits until {', '.join(map(str, action.waits_for))} is gone"
    if allocation is None or not allocation.confirmed:
        return InstanceStatus(key, component, Status.PENDING, node_id, message=refused or note or waits)
    message = _joined(allocation.message, refused, note) or waits
    return InstanceStatus(
        key, component, allocation.status, node_id, allocation.container_id, message, allocation.started_at
    )


def _with_drift(item: InstanceStatus, left: Sequence[Drifted]) -> InstanceStatus:
    """The instance, and what somebody changed of it that is left so; one that was ended by hand has failed."""
    if not left:
        return item
    ended = any(change.field == STATUS for one in left for change in one.changes)
    message = _joined(item.message, *map(str, left))
    return replace(item, status=Status.FAILED if ended else item.status, message=message)


def _word(
    entry: DesiredBusiness,
    allocations: Sequence[Allocation],
    instances: Sequence[InstanceStatus],
    todo: Mapping[InstanceKey, Action],
    pending: Mapping[InstanceKey, str],
) -> str:
    """The business's word. It is pending when anything has no place, be it only for its new version."""
    if entry.stopped:
        return "stopping" if allocations else "stopped"
    failures = {(allocation.key, allocation.failed_digest) for allocation in allocations if allocation.failed_digest}
    if any(instance.status is Status.FAILED for instance in instances) or any(
        (action.key, action.digest) in failures for action in todo.values()
    ):
        return "failed"
    updates = [action for action in todo.values() if action.kind is Kind.UPDATE]
    if any(instance.key in pending for instance in instances):
        return "pending"
    if all(_fine(instance) for instance in instances) and not updates:
        return "running"
    runs = any(allocation.status is Status.RUNNING for allocation in allocations)
    return "updating" if updates or (runs and (entry.revision > 1 or entry.restarts)) else "deploying"


def _fine(instance: InstanceStatus) -> bool:
    """Running, or a one-shot that has done its work."""
    done = instance.status is Status.STOPPED and not instance.component.runs_always
    return instance.status is Status.RUNNING or done


def _why(instances: Sequence[InstanceStatus], pending: Mapping[InstanceKey, str]) -> str:
    """The first reason a person should read, with the instance it is about: failures, what waits, anything."""
    told = [instance for instance in instances if instance.message]
    failed = [instance for instance in told if instance.status is Status.FAILED]
    waiting = [instance for instance in told if instance.status is Status.PENDING or instance.key in pending]
    for instance in (*failed, *waiting, *told):
        return f"{instance.key.component_id}/{instance.key.instance}: {instance.message}"
    return ""


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))

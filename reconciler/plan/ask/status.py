"""The status words of the mission's section 8, derived from plan and observation; nobody sets them by hand."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.manifest.model import Component
from reconciler.plan.model.blockers import Paused
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Allocation, Observed
from reconciler.plan.model.plan import Action, Drifted, Kind, Pending, Plan
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


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one business; `keys` are its wanted instances by component id, `todo` what is no stop.

    `placements`, `pending`, `drifted` and `notes` hold what is known of others too.
    """

    entry: DesiredBusiness
    keys: Mapping[str, Sequence[InstanceKey]]
    allocations: Sequence[Allocation]
    actions: Sequence[Action]
    todo: Mapping[InstanceKey, Action]
    placements: Mapping[InstanceKey, str]
    pending: Mapping[InstanceKey, Pending]
    drifted: Mapping[InstanceKey, Sequence[Drifted]]
    notes: Notes


def derive(desired: Desired, observed: Observed, plan: Plan, notes: Notes | None = None) -> dict[str, BusinessStatus]:
    """Derive the status of every desired business, by id."""
    allocations: dict[str, list[Allocation]] = defaultdict(list)
    for allocation in observed.allocations:
        allocations[allocation.key.business_id].append(allocation)
    actions: dict[str, list[Action]] = defaultdict(list)
    todo: dict[str, dict[InstanceKey, Action]] = defaultdict(dict)
    for action in plan.actions:
        actions[action.key.business_id].append(action)
        if action.kind is not Kind.STOP:
            todo[action.key.business_id][action.key] = action
    drifted: dict[InstanceKey, list[Drifted]] = defaultdict(list)
    for left in plan.drifted:
        drifted[left.key].append(left)
    keys: dict[str, dict[str, list[InstanceKey]]] = defaultdict(lambda: defaultdict(list))
    for key in plan.instances:
        keys[key.business_id][key.component_id].append(key)
    pending = {entry.key: entry for entry in plan.pending}
    return {
        name: _business(
            _Known(
                *(entry, keys[name], allocations[name], actions[name], todo[name]),
                *(plan.placements, pending, drifted, notes or {}),
            )
        )
        for name, entry in sorted(desired.businesses.items())
    }


def _business(known: _Known) -> BusinessStatus:
    instances = tuple(_stopping(known) if known.entry.stopped else _wanted(known))
    word = _word(known, instances)
    return BusinessStatus(known.entry.business.business_id, word, _message(known, word, instances), instances)


def _wanted(known: _Known) -> Iterator[InstanceStatus]:
    """Every instance that should run."""
    here = {(allocation.key, allocation.node_id): allocation for allocation in known.allocations}
    # What is paused waits for one thing, which is said of the business.
    acting = {} if known.entry.paused else known.todo
    for component in known.entry.business.components:
        for key in known.keys.get(component.component_id, ()):
            node_id = known.placements.get(key)
            allocation = here.get((key, node_id)) if node_id else None
            note = known.notes.get((key, node_id), "") if node_id else ""
            refused = str(known.pending[key]) if key in known.pending else ""
            item = _instance(key, component, node_id, allocation, acting.get(key), refused, note)
            yield _with_drift(item, known.drifted.get(key, ()))


def _message(known: _Known, word: str, instances: Sequence[InstanceStatus]) -> str:
    """What a person should read of the business, "" when all is well."""
    entry = known.entry
    beyond = next((str(action.blocked_by) for action in known.actions if action.exceeds), "")
    quiet = word == "running" and not any(item.key in known.drifted for item in instances)
    message = beyond or ("" if quiet else _why(instances, known.pending))
    message = message or "; ".join(f"{name}: {why}" for name, why in rolled_back(entry).items())
    paused = str(Paused(entry.business.business_id)) if entry.paused else ""
    return _joined(paused, message, _pinned(entry))


def _pinned(entry: DesiredBusiness) -> str:
    """That an operator went back to an earlier revision, and what that keeps out."""
    if entry.pinned is None:
        return ""
    what = "what came after it" if entry.source == "api" else f"{entry.source} as it is"
    return f"pinned to revision {entry.pinned}: {what} was rolled back"


def _stopping(known: _Known) -> Iterator[InstanceStatus]:
    """Every instance of a stopped business: stopping for as long as anything of it is left."""
    left = {allocation.key: allocation for allocation in known.allocations}
    for component in known.entry.business.components:
        replicas = component.replicas if component.mode == "replicated" else 0
        name = component.component_id
        keys = {InstanceKey(known.entry.business.business_id, name, number) for number in range(replicas)}
        for key in sorted(keys | {key for key in left if key.component_id == name}):
            if key in left:
                yield InstanceStatus(key, component, Status.STOPPING, left[key].node_id, left[key].container_id)
            else:
                yield InstanceStatus(key, component, Status.STOPPED)


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


def _word(known: _Known, instances: Sequence[InstanceStatus]) -> str:
    """The business's word. It is pending when anything has no place, be it only for its new version."""
    entry, todo = known.entry, known.todo
    if entry.stopped:
        return "stopping" if known.allocations else "stopped"
    if _has_failed(known, instances):
        return "failed"
    if any(instance.key in known.pending for instance in instances):
        return "pending"
    updates = any(action.kind is Kind.UPDATE for action in todo.values())
    if all(_fine(instance) for instance in instances) and not updates:
        return "running"
    runs = any(allocation.status is Status.RUNNING for allocation in known.allocations)
    return "updating" if updates or (runs and (entry.revision > 1 or entry.restarts)) else "deploying"


def _has_failed(known: _Known, instances: Sequence[InstanceStatus]) -> bool:
    """Whether an instance has failed, or the version that is to replace it did."""
    failures = {(allocation.key, allocation.failed_digest) for allocation in known.allocations}
    return any(instance.status is Status.FAILED for instance in instances) or any(
        action.digest and (action.key, action.digest) in failures for action in known.todo.values()
    )


def _fine(instance: InstanceStatus) -> bool:
    """Running, or a one-shot that has done its work."""
    done = instance.status is Status.STOPPED and not instance.component.runs_always
    return instance.status is Status.RUNNING or done


def _why(instances: Sequence[InstanceStatus], pending: Collection[InstanceKey]) -> str:
    """The first reason a person should read, with the instance it is about: failures, what waits, anything."""
    told = [instance for instance in instances if instance.message]
    failed = [instance for instance in told if instance.status is Status.FAILED]
    waiting = [instance for instance in told if instance.status is Status.PENDING or instance.key in pending]
    for instance in (*failed, *waiting, *told):
        return f"{instance.key.component_id}/{instance.key.instance}: {instance.message}"
    return ""


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))

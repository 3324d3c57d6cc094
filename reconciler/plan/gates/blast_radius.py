"""Blast radius: how much one plan may end for good before an operator says yes.

What counts is the stop of an allocation whose instance is wanted no more: removals, scale-downs, stopped businesses.
Moves and surplus allocations have a successor and do not count. Beyond a limit all that count towards it are blocked,
not the first few: otherwise they would trickle through, one plan after the other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.plan.model.blockers import ApprovalNeeded, Exceeded
from reconciler.plan.model.desired import Desired, Stop
from reconciler.plan.model.observed import Allocation, Node, Observed
from reconciler.plan.model.plan import Action, Kind, Plan
from reconciler.plan.model.policy import BlastRadius
from reconciler.wire.messages import AllocationId, InstanceKey, Status

VOLUMES = "volumes"
"""The name of the limit that only an explicit approval passes."""


def within_blast_radius(plan: Plan, desired: Desired, observed: Observed, limits: BlastRadius) -> Plan:
    """The plan, with the stops beyond a limit blocked until they are approved."""
    counted = [action for action in endings(plan, desired, observed) if stop_of(action) not in desired.approved]
    if not counted:
        return plan
    found: dict[AllocationId, list[Exceeded]] = defaultdict(list)
    for name, why, concerned in _exceeded(counted, desired, observed, limits):
        for action in concerned:
            found[action.key, action.node_id].append(Exceeded(name, why))
    if not found:
        return plan
    return replace(
        plan, actions=tuple(_blocked(action, found.get((action.key, action.node_id), [])) for action in plan.actions)
    )


def endings(plan: Plan, desired: Desired, observed: Observed) -> Iterator[Action]:
    """The stops of what is wanted no more. Draining a node ends what is to run on every node: that is no loss."""
    waiting = {pending.key for pending in plan.pending}
    for action in plan.actions:
        if action.kind is not Kind.STOP or action.key in plan.placements or action.key in waiting:
            continue
        if not _drained(action.key, observed.nodes[action.node_id], desired):
            yield action


def stop_of(action: Action) -> Stop:
    """What an approval of this stop names."""
    return action.key, action.node_id, action.old_digest


def _blocked(action: Action, exceeded: Sequence[Exceeded]) -> Action:
    if not exceeded:
        return action
    names = tuple(sorted({one.limit for one in exceeded}))
    return replace(action, blocked_by=ApprovalNeeded(tuple(exceeded)), exceeds=names)


def _drained(key: InstanceKey, node: Node, desired: Desired) -> bool:
    entry = desired.businesses.get(key.business_id)
    if entry is None or entry.stopped or not node.draining:
        return False
    return any(
        component.component_id == key.component_id and component.mode == "global"
        for component in entry.business.components
    )


def _exceeded(
    counted: Sequence[Action], desired: Desired, observed: Observed, limits: BlastRadius
) -> Iterator[tuple[str, str, Sequence[Action]]]:
    """Each limit that is exceeded: its name, how, and the stops concerned."""
    allocations = {(allocation.key, allocation.node_id): allocation for allocation in observed.allocations}
    holding = [action for action in counted if allocations[action.key, action.node_id].reservation.volumes]
    if len(holding) > limits.volumes:
        many = _more(len(holding), "stop", " of instances with volumes")
        yield VOLUMES, f"{many} the {limits.volumes} that one plan may do", holding
    if len(counted) > limits.stops:
        yield "stops", f"{_more(len(counted), 'stop')} the {limits.stops} that one plan may do", counted
    nodes = {action.node_id for action in counted}
    if len(nodes) > limits.nodes:
        many = _more(len(nodes), "node", " with stops")
        yield "nodes", f"{many} the {limits.nodes} that one plan may touch", counted
    if limits.share < 1.0:
        yield from _shares(counted, desired, observed.allocations, limits.share)


def _shares(
    counted: Sequence[Action], desired: Desired, allocations: Sequence[Allocation], share: float
) -> Iterator[tuple[str, str, Sequence[Action]]]:
    """The businesses that stay and would lose more than this share of what runs of them."""
    running = Counter(allocation.key.business_id for allocation in allocations if allocation.status is Status.RUNNING)
    groups: dict[str, list[Action]] = defaultdict(list)
    for action in counted:
        entry = desired.businesses.get(action.key.business_id)
        if entry is not None and not entry.stopped:
            groups[action.key.business_id].append(action)
    for business_id, group in groups.items():
        if len(group) > share * running[business_id]:
            many = _more(len(group), "stop", f" of the {running[business_id]} instances that run of {business_id}")
            yield "share", f"{many} the {share:.0%} that one plan may do", group


def _more(count: int, noun: str, of: str = "") -> str:
    """`3 stops of it are more than`."""
    return f"1 {noun}{of} is more than" if count == 1 else f"{count} {noun}s{of} are more than"

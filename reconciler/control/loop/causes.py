"""What led to an action, for people: a commit, a call, a report, a node's silence.

It is told from the action's reason, from what was observed before, and from the record: every change of desired state
is an event with its cause.
"""

from collections.abc import Callable

from reconciler.control.view import View
from reconciler.plan.model.observed import Allocation, NodeHealth
from reconciler.plan.model.plan import Action
from reconciler.plan.model.reasons import (
    AffinityUnmet,
    BusinessRemoved,
    BusinessStopped,
    Deviates,
    Ended,
    Failed,
    Moves,
    NodeDrained,
    NodeExcluded,
    NodeSilent,
    NotRunning,
    Reason,
    RemovedByHand,
    RestartAsked,
    Surplus,
    UnknownVersion,
)

CHANGES = ("accepted", "rollback", "unpinned", "promoted", "restart", "stop", "removed", "resumed")
"""The kinds of events that tell of a change of desired state."""

Recorded = Callable[[str, tuple[str, ...]], str]
"""The cause of the newest event of these kinds about a business, "" for none."""


def cause_of(action: Action, before: View, after: View, recorded: Recorded) -> str:
    """What led to an action of `after`'s plan; `before` is the view before that."""
    reason = action.reason.why if isinstance(action.reason, Moves) else action.reason
    return _of_nodes(action, reason, before, after) or _of_desired(
        action.key.business_id, _changes(reason), after, recorded
    )


def desired_cause(business_id: str, after: View, recorded: Recorded) -> str:
    """What brought the business's desired state about."""
    return _of_desired(business_id, CHANGES, after, recorded)


def _of_nodes(action: Action, reason: Reason, before: View, after: View) -> str:
    """The cause, where it is something that a node did or that was done to it; "" otherwise."""
    match reason:
        case NodeDrained(node_id):
            return f"operator drain of {node_id}"
        case NodeSilent(node_id, health) if health is not NodeHealth.READY:
            return f"node {node_id} {health}"
        case AffinityUnmet(node_id) | NodeExcluded(node_id) if _is_same_entry(action.key.business_id, before, after):
            return f"report of node {node_id}: its labels changed"
        case NotRunning() | RemovedByHand():
            gone = _gone(action, before, after)
            return f"report of node {gone.node_id}: it is gone" if gone is not None else ""
    what = _reported(reason)
    return f"report of node {action.node_id}: {what}" if what else ""


def _reported(reason: Reason) -> str:
    """What a node's report said that led to an action on it; "" where it was something else."""
    match reason:
        case Failed():
            return "it failed"
        case Ended():
            return "it ended"
        case Surplus():
            return "a copy too many"
        case Deviates(limits=False):
            return "drift"
        case UnknownVersion():
            return "an unknown version"
    return ""


def _is_same_entry(business_id: str, before: View, after: View) -> bool:
    return before.desired.businesses.get(business_id) is after.desired.businesses.get(business_id)


def _gone(action: Action, before: View, after: View) -> Allocation | None:
    """The copy of the instance that there was until now."""
    left = {(allocation.key, allocation.node_id) for allocation in after.observed.allocations}
    for allocation in before.observed.allocations:
        if allocation.key == action.key and allocation.confirmed and (allocation.key, allocation.node_id) not in left:
            return allocation
    return None


def _changes(reason: Reason) -> tuple[str, ...]:
    """The kinds of events that tell of the change of desired state that led to an action."""
    match reason:
        case RestartAsked():
            return ("restart",)
        case BusinessStopped():
            return ("stop",)
        case BusinessRemoved():
            return ("removed",)
    return CHANGES


def _of_desired(business_id: str, kinds: tuple[str, ...], after: View, recorded: Recorded) -> str:
    """The cause, where it is a change of desired state."""
    found = recorded(business_id, kinds)
    entry = after.desired.businesses.get(business_id)
    if found or entry is None:
        return found
    return entry.commit.origin if entry.commit else f"{entry.source}: revision {entry.revision}"

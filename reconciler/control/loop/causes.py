"""What led to an action, for people: a commit, a call, a report, a node's silence.

It is told from the action's reason, from what was observed before, and from the record: every change of desired state
is an event with its cause.
"""

from collections.abc import Callable

from reconciler.control.loop.view import View
from reconciler.plan.model.observed import Allocation, NodeHealth
from reconciler.plan.model.plan import Action

CHANGES = ("accepted", "rollback", "unpinned", "promoted", "restart", "stop", "removed", "resumed")
"""The kinds of events that tell of a change of desired state."""

BY_REASON = {
    "restart asked for": ("restart",),
    "is stopped": ("stop",),
    "is not in the desired state": ("removed",),
}
"""How reasons that are about one kind of change end."""

Recorded = Callable[[str, tuple[str, ...]], str]
"""The cause of the newest event of these kinds about a business, "" for none."""


def cause_of(action: Action, before: View, after: View, recorded: Recorded) -> str:
    """What led to an action of `after`'s plan; `before` is the view before that."""
    reason = action.reason
    if reason.startswith("moves to "):
        reason = reason.partition(": ")[2]
    return _of_nodes(action, reason, before, after) or _of_desired(action.key.business_id, reason, after, recorded)


def desired_cause(business_id: str, after: View, recorded: Recorded) -> str:
    """What brought the business's desired state about."""
    return _of_desired(business_id, "", after, recorded)


def _of_nodes(action: Action, reason: str, before: View, after: View) -> str:
    """The cause, where it is something that a node did or that was done to it; "" otherwise."""
    words = reason.split(" ")
    if words[0] == "node" and len(words) > 2:
        named = words[1]
        if reason.endswith(("is draining", "its deadline has passed")):
            return f"operator drain of {named}"
        if words[2:] in (["is", NodeHealth.LOST], ["is", NodeHealth.SUSPECT]):
            return f"node {named} {words[3]}"
        same = before.desired.businesses.get(action.key.business_id) is after.desired.businesses.get(
            action.key.business_id
        )
        if reason.endswith(("no longer meets its affinity", "is to have none")) and same:
            return f"report of node {named}: its labels changed"
    report = f"report of node {action.node_id}"
    for start, what in (
        ("failed:", "it failed"),
        ("has ended:", "it ended"),
        ("surplus:", "a copy too many"),
        ("drift", "drift"),
        ("runs a version that no kept", "an unknown version"),
    ):
        if reason.startswith(start):
            return f"{report}: {what}"
    is_new = reason == "not running yet" or reason.startswith("was removed on ")
    gone = _gone(action, before, after) if is_new else None
    return f"report of node {gone.node_id}: it is gone" if gone is not None else ""


def _gone(action: Action, before: View, after: View) -> Allocation | None:
    """The copy of the instance that there was until now."""
    left = {(allocation.key, allocation.node_id) for allocation in after.observed.allocations}
    for allocation in before.observed.allocations:
        if allocation.key == action.key and allocation.confirmed and (allocation.key, allocation.node_id) not in left:
            return allocation
    return None


def _of_desired(business_id: str, reason: str, after: View, recorded: Recorded) -> str:
    """The cause, where it is a change of desired state."""
    kinds = next((kinds for end, kinds in BY_REASON.items() if reason.endswith(end)), CHANGES)
    found = recorded(business_id, kinds)
    entry = after.desired.businesses.get(business_id)
    if found or entry is None:
        return found
    return entry.commit.origin if entry.commit else f"{entry.source}: revision {entry.revision}"

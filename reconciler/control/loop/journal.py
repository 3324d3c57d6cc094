"""What happened, as events: found by comparing two views, so that nobody has to remember to tell."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.control.loop.approvals import by_business, over_limit, stop_count
from reconciler.control.loop.causes import Recorded, cause_of, desired_cause
from reconciler.control.view import View, documented
from reconciler.plan.model.observed import NodeHealth
from reconciler.plan.model.plan import Action
from reconciler.store.model import Event

NODE_NEWS = {
    NodeHealth.READY: "answers again",
    NodeHealth.SUSPECT: "has not reported lately",
    NodeHealth.LOST: "is lost: what can move, moves",
}


def events_between(before: View, after: View, sent: Sequence[Action], recorded: Recorded) -> list[Event]:
    """The events between two views, and of the actions that were sent in between; `recorded` knows earlier causes."""
    at = after.at
    events = _of_nodes(before, after)
    causes: dict[str, str] = {}
    for action in sent:
        key, cause = action.key, cause_of(action, before, after, recorded)
        causes.setdefault(key.business_id, cause)
        where = (key.business_id, key.component_id, key.instance, action.node_id)
        events.append(Event(at, action.kind.value, why(action), *where, cause=cause))
    events += [
        Event(
            at,
            "rollback",
            f"a new version failed and is rolled back: {verdict.reason}",
            business_id,
            component_id,
            cause=desired_cause(business_id, after, recorded),
        )
        for (business_id, component_id, _), verdict in after.plan.version_results.items()
        if verdict.outcome == "rejected"
    ]
    events += _held(before, after, recorded)
    for business_id, status in after.statuses.items():
        if before.statuses.get(business_id) is not status:
            events += _of_status(business_id, before, after, causes.get(business_id, ""), recorded)
    if not events:
        return []
    plan_hash = documented(after).hash
    return [replace(event, plan_hash=plan_hash) for event in events]


def asked_of_node(node_id: str, cordoned: bool, draining: bool, deadline: float | None, who: str, at: float) -> Event:
    """What an operator asked of a node; `deadline` in seconds from now."""
    word = "drain" if draining else "cordon" if cordoned else "uncordon"
    within = "" if deadline is None else f" within {deadline:g} s"
    return Event(at, "node", f"{word}{within} asked for by {who}", node_id=node_id, cause=f"{who}: {word}")


def _of_nodes(before: View, after: View) -> list[Event]:
    """Nodes that are new, fell silent, or are back."""
    events = []
    for node_id, alive in after.node_health.items():
        silent = alive is not NodeHealth.READY
        cause = f"silence of node {node_id}" if silent else f"report of node {node_id}"
        if node_id not in before.node_health:
            events.append(Event(after.at, "node", f"{node_id} is known", node_id=node_id, cause=cause))
        elif before.node_health[node_id] is not alive:
            events.append(Event(after.at, "node", f"{node_id} {NODE_NEWS[alive]}", node_id=node_id, cause=cause))
    return events


def _of_status(business_id: str, before: View, after: View, cause: str, recorded: Recorded) -> list[Event]:
    """Instances of a business that have failed, and its new status; `cause` is that of what was just sent, or ""."""
    events = []
    old, status = before.statuses.get(business_id), after.statuses[business_id]
    was = {item.key: item for item in old.instances} if old else {}
    for item in status.instances:
        before_it = was.get(item.key)
        report = f"report of node {item.node_id}" if item.node_id else ""
        if before_it is not None and before_it.status != item.status:
            cause = cause or report
        if item.status == "failed" and (before_it is None or before_it.status != "failed"):
            key = item.key
            where = (business_id, key.component_id, key.instance, item.node_id)
            events.append(Event(after.at, "failed", item.message, *where, cause=report))
    if old is None or old.status != status.status:
        message = f"{status.status}: {status.message}" if status.message else status.status
        cause = cause or (desired_cause(business_id, after, recorded) if before.at else "the manager started")
        events.append(Event(after.at, "status", message, business_id, cause=cause))
    return events


def _held(before: View, after: View, recorded: Recorded) -> Iterator[Event]:
    """What of a business has come to be held until it is approved."""
    known = by_business(over_limit(before.plan))
    for business_id, actions in by_business(over_limit(after.plan)).items():
        if business_id not in known:
            cause = cause_of(actions[0], before, after, recorded)
            yield Event(
                after.at, "blocked", f"{stop_count(actions)} held: {actions[0].blocked_by}", business_id, cause=cause
            )


def why(action: Action) -> str:
    """An action's reason; with what it sets back, which would be gone for good if it were not told."""
    if not action.heals:
        return str(action.reason)
    fields = (f"{one.field}: {one.old or '(none)'} → {one.new or '(none)'}" for one in action.changes)
    return f"{action.reason}: {', '.join(fields)}"

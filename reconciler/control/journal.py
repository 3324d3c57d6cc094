"""What happened, as events: found by comparing two views, so that nobody has to remember to tell."""

from collections.abc import Iterable, Iterator

from reconciler.control.approvals import by_business, over_limit, told
from reconciler.control.view import View
from reconciler.plan.model import Action, Liveness
from reconciler.store.model import Event

NODE_NEWS = {
    Liveness.READY: "answers again",
    Liveness.SUSPECT: "has not reported lately",
    Liveness.LOST: "is lost: what can move, moves",
}


def happened(before: View, after: View, sent: Iterable[Action]) -> list[Event]:
    """The events between two views, and of the actions that were sent in between."""
    at = after.at
    events = []
    for node_id, alive in after.liveness.items():
        if node_id not in before.liveness:
            events.append(Event(at, "node", f"{node_id} is known", node_id=node_id))
        elif before.liveness[node_id] is not alive:
            events.append(Event(at, "node", f"{node_id} {NODE_NEWS[alive]}", node_id=node_id))
    events += [
        Event(
            at,
            action.kind.value,
            action.reason,
            action.key.business_id,
            action.key.component_id,
            action.key.instance,
            action.node_id,
        )
        for action in sent
    ]
    events += [
        Event(at, "rollback", f"a new version failed and is rolled back: {verdict.reason}", business_id, component_id)
        for (business_id, component_id, _), verdict in after.plan.verdicts.items()
        if verdict.word == "rejected"
    ]
    events += _held(before, after)
    for business_id, status in after.statuses.items():
        old = before.statuses.get(business_id)
        if old is not None and old is status:
            continue
        words = {item.key: (item.status, item.message) for item in old.instances} if old else {}
        for item in status.instances:
            was = words.get(item.key)
            if item.status == "failed" and (was is None or was[0] != "failed"):
                key = item.key
                events.append(
                    Event(at, "failed", item.message, business_id, key.component_id, key.instance, item.node_id)
                )
        if old is None or old.status != status.status:
            message = f"{status.status}: {status.message}" if status.message else status.status
            events.append(Event(at, "status", message, business_id))
    return events


def _held(before: View, after: View) -> Iterator[Event]:
    """What of a business has come to be held until it is approved."""
    known = by_business(over_limit(before.plan))
    for business_id, actions in by_business(over_limit(after.plan)).items():
        if business_id not in known:
            yield Event(after.at, "held", f"{told(actions)} held: {actions[0].held}", business_id)

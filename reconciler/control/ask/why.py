"""Why something was done: from the commit or call that led to it, by the decision, to what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.control.ask.decisions import Decisions
from reconciler.control.errors import Conflict, UnknownInstance
from reconciler.control.view import View
from reconciler.plan.ask.explain import Explanation, explain
from reconciler.plan.ask.status import InstanceStatus
from reconciler.plan.keep.replay import read_decided
from reconciler.plan.model.desired import DesiredBusiness
from reconciler.plan.model.observed import Allocation
from reconciler.plan.show.fields import ActionFields, PendingFields
from reconciler.store.model import Event
from reconciler.store.tables.decisions import Decision
from reconciler.store.tables.events import Events
from reconciler.wire.messages import InstanceKey

ACTIONS = ("create", "update", "stop")
STARTS = ("create", "update")
"""The kinds of events that tell of an action, and of one after which something runs."""

EVENTS_SEARCHED_MAX = 200
"""So many events after an action are searched for what came of it."""
FOLLOWING_MAX = 5
ID_LETTERS_MIN = 4
"""The fewest letters of a container's id that say which one is meant."""

HOW = "name BUSINESS/COMPONENT[/N] such as shop/web/0, the id of an event, or that of a container"


@dataclass(frozen=True, slots=True)
class Why:
    """The way to one action: `event` tells of it and of its cause, `decision` is the one it is of, if it is kept.

    `entry` is what was desired of the business then, `action` and `pending` what the plan says of the instance (None:
    nothing), `explanation` how it stood with every node. `after` is what came of it, up to the next action about it;
    `now` what the instance does, where no action followed.
    """

    event: Event
    key: InstanceKey
    decision: Decision | None = None
    entry: DesiredBusiness | None = None
    action: ActionFields | None = None
    pending: PendingFields | None = None
    explanation: Explanation | None = None
    after: tuple[Event, ...] = ()
    now: InstanceStatus | None = None


def why(target: str, events: Events, decisions: Decisions, view: View) -> Why:
    """Walk the way to the action that `target` names. Raises UnknownInstance, Conflict."""
    event, key = _meant(target, events, decisions, view)
    after = _after(event, key, events)
    acted = any(one.kind in ACTIONS for one in after)
    now = None if acted else _now(key, view)
    decision, text = decisions.of(event)
    if decision is None or text is None:
        return Why(event, key, after=after, now=now)
    state, made = read_decided(text)
    pending = next((one for one in made.pending if one.key == key), None)
    waits = event.kind not in ACTIONS and pending is None
    action = next((one for one in made.actions if one.key == key and (waits or _told(one, event))), None)
    entry = state.desired.businesses.get(key.business_id)
    placed = pending is not None or (action is not None and action.kind in STARTS)
    explanation = explain(state.desired, state.observed, key, state.policy, state.now) if placed else None
    return Why(event, key, decision, entry, action, pending, explanation, after, now)


def _meant(target: str, events: Events, decisions: Decisions, view: View) -> tuple[Event, InstanceKey]:
    """The event and the instance that are meant."""
    if "/" in target:
        return _of_component(target, events, view)
    if target.isascii() and target.isdigit() and len(target) < 19:
        found = events.find(after=int(target) - 1, limit=1) if int(target) else []
        if found and found[0].id == int(target):
            return _of_event(found[0], events)
    return _of_container(target, events, decisions, view)


def _of_component(target: str, events: Events, view: View) -> tuple[Event, InstanceKey]:
    """The newest decision about a component, or one instance of it."""
    business_id, _, rest = target.partition("/")
    component_id, _, number = rest.partition("/")
    if not business_id or not component_id or (number and not (number.isascii() and number.isdigit())):
        raise UnknownInstance(f"'{target}' names no instance: {HOW}")
    instance = int(number[:9]) if number else None

    def named(key: InstanceKey) -> bool:
        about = (key.business_id, key.component_id) == (business_id, component_id)
        return about and instance in (None, key.instance)

    waiting = [one.key for one in view.plan.pending if named(one.key)]
    event = events.newest(business_id, ("status",)) if waiting else None
    if event is not None:
        return event, waiting[0]
    event = events.newest(business_id, ACTIONS, component_id=component_id, instance=instance)
    held = [one.key for one in view.plan.actions if named(one.key)] if event is None else []
    begun = events.newest(business_id, ("status",)) if held else None
    if begun is not None:
        return begun, held[0]
    if event is None:
        raise UnknownInstance(f"no action about {target} is on record: 'reconciler events' lists what is; {HOW}")
    return event, _key(event)


def _of_event(event: Event, events: Events) -> tuple[Event, InstanceKey]:
    """The action that an event tells of, or that led to it."""
    if event.business_id is None or event.component_id is None or event.instance is None:
        raise UnknownInstance(
            f"event {event.id} ({event.kind}: {event.message}) is about no instance; its cause: {event.cause or 'none'}"
        )
    if event.kind in ACTIONS:
        return event, _key(event)
    key = _key(event)
    found = events.newest(
        key.business_id, ACTIONS, component_id=key.component_id, instance=key.instance, before=event.id
    )
    return found or event, key


def _of_container(target: str, events: Events, decisions: Decisions, view: View) -> tuple[Event, InstanceKey]:
    """What started a container, one that is gone too."""
    found: Sequence[Allocation] = ()
    if len(target) >= ID_LETTERS_MIN:
        found = [
            allocation for allocation in view.observed.allocations if (allocation.container_id or "").startswith(target)
        ]
        found = found or decisions.containers(target)
    if len({allocation.container_id for allocation in found}) > 1:
        raise Conflict(f"several containers begin with {target}: give more of the id")
    if not found:
        raise UnknownInstance(f"nothing that is on record is called '{target}': {HOW}")
    allocation = found[0]
    key = allocation.key
    event = events.newest(
        key.business_id,
        STARTS,
        component_id=key.component_id,
        instance=key.instance,
        node_id=allocation.node_id,
        at=allocation.since,
    )
    if event is None:
        raise UnknownInstance(f"{target} is {key} on {allocation.node_id}; the events of its start are kept no more")
    return event, key


def _after(event: Event, key: InstanceKey, events: Events) -> tuple[Event, ...]:
    """What came of it: events about the instance and its business's status, up to the next action about it."""
    found = []
    for one in events.find(key.business_id, after=event.id, limit=EVENTS_SEARCHED_MAX):
        ours = one.component_id == key.component_id and one.instance == key.instance
        if ours or (one.kind == "status" and one.component_id is None):
            found.append(one)
        if (ours and one.kind in ACTIONS) or len(found) == FOLLOWING_MAX:
            break
    return tuple(found)


def _now(key: InstanceKey, view: View) -> InstanceStatus | None:
    status = view.statuses.get(key.business_id)
    return next((item for item in status.instances if item.key == key), None) if status else None


def _key(event: Event) -> InstanceKey:
    return InstanceKey(event.business_id or "", event.component_id or "", event.instance or 0)


def _told(action: ActionFields, event: Event) -> bool:
    """Whether the event tells of this action."""
    return (action.kind, action.node_id) == (event.kind, event.node_id)

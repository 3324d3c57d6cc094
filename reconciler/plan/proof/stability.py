"""The proof that a plan settles: it is carried out in thought and made anew, and the second plan must be empty.

A business that would still have something to do would have it for ever: each loop would undo what the one before did.
None of its actions is taken, and it is said which field flips between which values. Everything else goes on.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Protocol

from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Observed
from reconciler.plan.model.plan import Action, Kind, Pending, Plan, Refusal
from reconciler.plan.model.policy import Policy
from reconciler.plan.model.stays import NeverSettles
from reconciler.plan.proof.simulate import applied
from reconciler.plan.wants.versions import with_version_results


class Planner(Protocol):
    """Makes a plan; with `only`, for these businesses, while whatever runs of others counts as it is."""

    def __call__(
        self, desired: Desired, observed: Observed, policy: Policy, now: float, only: Collection[str] | None = None
    ) -> Plan:
        """The plan."""


def without_oscillation(planner: Planner, desired: Desired, observed: Observed, policy: Policy, now: float) -> Plan:
    """The plan, without the actions of the businesses that would never settle.

    A plan without actions is proof of itself. Businesses that have nothing to do are not planned twice: what they do
    depends on nothing that the actions of others change.
    """
    first = planner(desired, observed, policy, now)
    if not first.actions:
        return first
    busy = {action.key.business_id for action in first.actions}
    busy |= {pending.key.business_id for pending in first.pending}
    after = with_version_results(desired, first.version_results)
    second = planner(after, applied(first, observed), policy, now, only=busy)
    return _without(first, second.actions) if second.actions else first


def _without(plan: Plan, again: Collection[Action]) -> Plan:
    """The plan without the businesses of the actions that there are again once it is carried out."""
    flips: dict[str, NeverSettles] = {}
    for action in again:
        if action.key.business_id not in flips:
            flips[action.key.business_id] = NeverSettles(_flip(plan, action))
    placements = dict(plan.placements)
    pending = {waiting.key: waiting for waiting in plan.pending}
    dropped = [action for action in plan.actions if action.key.business_id in flips]
    wanted = set(plan.instances)
    for action in dropped:
        key = action.key
        if key in wanted:
            pending[key] = Pending(key, (Refusal(0, flips[key.business_id]),))
        if action.kind is Kind.CREATE:
            placements.pop(key, None)
    for action in dropped:
        if action.kind is Kind.STOP and action.key in wanted:
            placements.setdefault(action.key, action.node_id)
    for action in again:
        key = action.key
        pending.setdefault(key, Pending(key, (Refusal(0, flips[key.business_id]),)))
    return replace(
        plan,
        actions=tuple(action for action in plan.actions if action.key.business_id not in flips),
        pending=tuple(pending[key] for key in sorted(pending)),
        placements=dict(sorted(placements.items())),
    )


def _flip(plan: Plan, again: Action) -> str:
    """`web/0: image_name flips between app:1 and app:2`: what the second plan would change back."""
    name = f"{again.key.component_id}/{again.key.instance}"
    for change in again.changes:
        return f"{name}: {change.field} flips between {change.old or '(none)'} and {change.new or '(none)'}"
    places = [_place(action) for action in plan.actions if action.key == again.key]
    other = next((place for place in places if place != _place(again)), None)
    if again.kind is not Kind.UPDATE and other is not None:
        return f"{name}: its node flips between {other} and {_place(again)}"
    return f"{name}: there is another {again.kind} after each, because: {again.reason}"


def _place(action: Action) -> str:
    """Where an action has its instance run."""
    return "none" if action.kind is Kind.STOP else action.node_id

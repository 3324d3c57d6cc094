"""All gates in one order, and the actions that have passed them or wait."""

from dataclasses import replace

from reconciler.plan.gates.businesses import Businesses
from reconciler.plan.gates.dependencies import Dependencies
from reconciler.plan.gates.drains import Drains
from reconciler.plan.gates.gate import Draft, Gate
from reconciler.plan.gates.handover import Handover
from reconciler.plan.gates.rollout import Rollout
from reconciler.plan.gates.singleton import Singleton
from reconciler.plan.model.plan import Action
from reconciler.plan.model.reasons import Reason
from reconciler.wire.messages import AllocationId

GATES: tuple[Gate, ...] = (Businesses(), Singleton(), Handover(), Dependencies(), Rollout(), Drains())
"""Where several block an action, the first of them is told. Room (`Action.waits_for`) is found before them, and the
blast radius is looked at after the proof."""


def gated(draft: Draft) -> tuple[tuple[Action, ...], float | None]:
    """The actions of a draft with what blocks them; and when time alone lets one go (epoch seconds), None for never."""
    found = [gate.waits(draft) for gate in GATES]
    blocked: dict[AllocationId, Reason] = {}
    for waits in reversed(found):
        blocked |= waits.blocked
    times = [waits.look_again for waits in found if waits.look_again is not None]
    actions = tuple(
        replace(action, blocked_by=blocked[action.allocation_id]) if action.allocation_id in blocked else action
        for action in draft.actions
    )
    return actions if blocked else tuple(draft.actions), min(times, default=None)

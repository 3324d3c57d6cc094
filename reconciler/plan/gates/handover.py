"""Handover: what serves goes on serving until its successor can be had (rule of behaviour 11).

An allocation that moves, or that is one too many, runs on until the other node has what it takes to start its
successor; or until that one runs, where its update order is start-first or its node is drained.
"""

from reconciler.plan.gates.gate import Draft, Waits
from reconciler.plan.model.blockers import SuccessorNotReady, SuccessorNotRunning
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.model.reasons import Moves, Reason, Surplus
from reconciler.plan.wants.progress import serves


class Handover:
    """Stops of what has a successor."""

    def waits(self, draft: Draft) -> Waits:
        """The stops whose successor can't be had yet.

        A stop whose room others wait for, while its own successor waits for room, goes at once: its room is needed
        more than its service then. Such circles take two instances that swap crowded nodes.
        """
        waits = Waits()
        waiting = {action.key for action in draft.actions if action.waits_for}
        for action in draft.actions:
            if action.kind is not Kind.STOP or action.key not in draft.wants:
                continue
            if action.key in waiting and action.allocation_id in draft.needed:
                continue
            why = _why(draft, action)
            if why is not None:
                waits.blocked[action.allocation_id] = why
        return waits


def _why(draft: Draft, stop: Action) -> Reason | None:
    """What the stop waits for, None for nothing. The allocation of a singleton goes first, whatever serves by it."""
    old = draft.allocation(stop.key, stop.node_id)
    if old is None or not serves(old) or draft.is_overdue(old) or draft.wants[stop.key].component.singleton:
        return None
    match stop.reason:
        case Moves(to):
            return _until_had(draft, old, None, to)
        case Surplus(runs_on):
            return _until_had(draft, old, draft.allocation(stop.key, runs_on), runs_on)
    return None


def _until_had(draft: Draft, old: Allocation, new: Allocation | None, to: str) -> Reason | None:
    if draft.wants[old.key].component.update.order == "start-first" or draft.leaves(old):
        return None if new is not None and serves(new) else SuccessorNotRunning(to)
    is_there = new is not None and new.confirmed and new.container_id is not None
    return None if is_there else SuccessorNotReady(to)

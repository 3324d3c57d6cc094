"""Saved plans: made on request, carried out to the letter or refused, and followed to their end."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from reconciler.control.desired.changes import BODY
from reconciler.control.desired.specs import SpecService
from reconciler.control.errors import PlanOutdated, UnknownPlan
from reconciler.control.view import View
from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.model import Business
from reconciler.plan.ask.preview import overlay
from reconciler.plan.keep.preconditions import Basis
from reconciler.plan.keep.saved import SavedPlan, assigned, deviations, save, violations
from reconciler.plan.keep.state import State
from reconciler.plan.model.desired import API, Desired
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.reconcile.planner import plan
from reconciler.store.model import Event
from reconciler.store.store import Store
from reconciler.store.tables.executions import DONE, SUPERSEDED, Execution

SHOWN_LETTERS = 12
"""So many letters of a hash are shown."""


class SavedPlans:
    """Makes, carries out and follows saved plans. Nothing is planned or sent while `turn` is held."""

    def __init__(
        self,
        store: Store,
        specs: SpecService,
        state: Callable[[], State],
        clock: Callable[[], float],
        turn: threading.Lock,
    ) -> None:
        self._store = store
        self._specs = specs
        self._state = state
        self._clock = clock
        self._turn = turn
        self._followed = {execution.saved.hash: execution for execution in store.executions.running()}

    def save(self, businesses: Sequence[Business]) -> SavedPlan:
        """What would happen if these were accepted, with the facts it relies on. Stores nothing."""
        basis = self._basis(self._store.desired.snapshot())
        after = overlay(basis.before, ((business, API) for business in businesses))
        planned = plan(after, basis.observed, basis.policy, basis.now)
        return save(basis, planned, after, (business.business_id for business in businesses))

    def apply(self, saved: SavedPlan, businesses: Sequence[Business], who: str) -> Execution:
        """Carry out a saved plan of these businesses.

        Raises SpecError, Conflict, and PlanOutdated when it does not hold.
        """
        _check(saved, businesses)
        specs = {business.business_id: business for business in businesses}

        def allocate(before: Desired, after: Desired) -> Sequence[Allocation]:
            basis = self._basis(before)
            moved = violations(saved, basis)
            if moved:
                raise PlanOutdated(moved)
            allocations = assigned(saved, specs, basis)
            different = deviations(saved, after, allocations, basis)
            if different:
                raise PlanOutdated(different)
            assert all(one.key.business_id in specs for one in allocations), "rule 14: apply does what was shown alone"
            return allocations

        with self._turn:
            self._specs.accept_planned(businesses, allocate, saved, who)
            execution = self.get(saved.hash)
            self._followed[saved.hash] = execution
        count = len(saved.actions())
        self._tell(execution, "plan", f"saved plan accepted from {who}: {count} actions")
        return execution

    def get(self, plan_hash: str) -> Execution:
        """What became of a saved plan. Raises UnknownPlan."""
        found = self._store.executions.find(plan_hash)
        if found is None:
            raise UnknownPlan(f"no saved plan '{plan_hash}' was applied here")
        return found

    def follow(self, view: View, sent: Iterable[Action]) -> None:
        """Note what was sent beside the plans that are being carried out, and those that are at their end."""
        if not self._followed:
            return
        actions = tuple(sent)
        for execution in tuple(self._followed.values()):
            new = tuple(one for one in _beside(execution, actions) if one not in execution.departures)
            state = _state(execution, view)
            if state == DONE:
                new += tuple(_missing(execution, view))
            if not new and state == execution.state:
                continue
            execution = replace(execution, state=state, departures=execution.departures + new)
            self._note(execution, new)
            self._followed[execution.saved.hash] = execution
            if state in (DONE, SUPERSEDED):
                del self._followed[execution.saved.hash]

    def _note(self, execution: Execution, departures: Iterable[str]) -> None:
        """Store how far a plan is, and put on record what is new of it."""
        with self._store.transaction():
            self._store.executions.update(execution)
            for departure in departures:
                self._tell(execution, "departure", departure)
            if execution.state == DONE:
                count = len(execution.departures)
                how = f"with {count} departures from it" if count else "to the letter"
                self._tell(execution, "plan", f"saved plan carried out {how}")

    def _basis(self, desired: Desired) -> Basis:
        state = self._state()
        return Basis(desired, state.observed, state.policy, state.now)

    def _tell(self, execution: Execution, kind: str, message: str) -> None:
        text = f"{message} (plan {execution.saved.hash[:SHOWN_LETTERS]})"
        at = self._clock()
        cause = f"{execution.who}: saved plan {execution.saved.hash[:SHOWN_LETTERS]}"
        self._store.events.add(
            Event(at, kind, text, business_id, cause=cause, plan_hash=execution.saved.hash)
            for business_id in execution.saved.needs.businesses
        )


def _check(saved: SavedPlan, businesses: Sequence[Business]) -> None:
    """Raise SpecError unless these are the businesses of the plan."""
    if {business.business_id for business in businesses} != set(saved.needs.businesses):
        wrong = "the specs are not of the plan's businesses: make a new plan with `reconciler diff --out`"
        raise SpecError([Problem(BODY, None, "plan", wrong)])


def _beside(execution: Execution, sent: Sequence[Action]) -> Iterator[str]:
    """The actions for the plan's businesses that it does not have."""
    planned = {(one.kind, one.key, one.node_id, one.digest or "") for one in execution.saved.actions()}
    for action in sent:
        key = action.key
        mark = (action.kind, key, action.node_id, action.digest)
        if key.business_id in execution.saved.needs.businesses and mark not in planned:
            yield f"{action.kind} {key} on {action.node_id} was not in the plan: {action.reason}"


def _state(execution: Execution, view: View) -> str:
    """Whether a later revision has superseded the plan, or nothing is left to do for its businesses."""
    for business_id, revision in execution.revisions.items():
        entry = view.desired.businesses.get(business_id)
        if entry is None or entry.revision != revision:
            return SUPERSEDED
    own = execution.saved.needs.businesses
    keys = [action.key for action in view.plan.actions] + [pending.key for pending in view.plan.pending]
    return execution.state if any(key.business_id in own for key in keys) else DONE


def _missing(execution: Execution, view: View) -> Iterator[str]:
    """What the plan has and the fleet shows no sign of, once nothing is left to do."""
    there = {(allocation.key, allocation.node_id): allocation.digest for allocation in view.observed.allocations}
    for one in execution.saved.actions():
        runs = there.get((one.key, one.node_id))
        if (runs is not None) if one.kind is Kind.STOP else runs != one.digest:
            yield f"{one.kind} {one.key} on {one.node_id} was in the plan and was not done"

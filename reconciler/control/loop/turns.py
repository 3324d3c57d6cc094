"""One turn after the other: read, plan, dispatch, record.

Level-triggered: every turn looks at all of desired and observed state, so a lost wake-up costs time, never truth.
"""

import threading
from collections.abc import Callable

from reconciler.control.desired.saved_plans import SavedPlans
from reconciler.control.dispatch.dispatcher import Dispatcher
from reconciler.control.loop.approvals import withdraw_outdated
from reconciler.control.loop.journal import events_between
from reconciler.control.loop.observation import Observation
from reconciler.control.loop.recorder import Recorder
from reconciler.control.view import View
from reconciler.plan.ask.status import BusinessStatus, derive
from reconciler.plan.schedule.node_health import node_health
from reconciler.store.model import BusinessRow, ComponentRow
from reconciler.store.store import Store

FRESH_COST = 2.0
"""Reuse a view for up to `FRESH_COST` times the seconds its plan took, so that readers cannot keep the planner busy."""

WORST_FIRST = ("failed", "pending", "downloading", "starting", "stopping", "running", "stopped")
"""The status words of instances; the worst of a component's instances stands for it."""


class Turns:
    """Plans, carries plans out, and publishes what is known. Nothing else plans or sends while `turn` is held."""

    def __init__(
        self,
        store: Store,
        observation: Observation,
        dispatcher: Dispatcher,
        saved_plans: SavedPlans,
        turn: threading.Lock,
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._observation = observation
        self._dispatcher = dispatcher
        self._saved_plans = saved_plans
        self._recorder = Recorder(store)
        self._turn = turn
        self._monotonic = monotonic
        self._latest = self._recorded = View()
        self._fresh_until = 0.0

    @property
    def latest(self) -> View:
        """What was known when a plan was last made."""
        return self._latest

    def view(self) -> View:
        """What is known now: never older than the last accepted change of desired state."""
        view = self._latest
        if view.desired is self._store.desired.snapshot():
            fresh = view.observed is self._store.observed.snapshot()
            if fresh or self._monotonic() < self._fresh_until:
                return view
        with self._turn:
            return self._look()

    def take(self) -> None:
        """Take one turn: plan, send, and write down what it means."""
        with self._turn:
            before, after = self._recorded, self._look()
            sent = self._dispatcher.carry_out(after.plan, after.desired, after.state.observed, after.at)
            self._save_statuses(before, after)
            self._store.version_results.record(after.plan.version_results, after.at)
            withdraw_outdated(self._store, after)
            self._saved_plans.follow(after, sent)
            self._store.vanished.keep_only(set(after.plan.instances))
            events = events_between(before, after, sent, self._store.events.newest_cause)
        try:
            # First, so that the plan of an event that somebody sees is kept already.
            self._recorder.follow(after, bool(events))
        finally:
            if events:
                self._store.events.add(events)
            self._dispatcher.tell(sent)
            self._recorded = after

    def _look(self) -> View:
        """Plan anew and publish what is known."""
        began = self._monotonic()
        known = self._store.observed.snapshot()
        self._observation.watch()
        state = self._observation.state()
        planned = state.plan()
        statuses = derive(state.desired, state.observed, planned, self._dispatcher.errors())
        old = self._latest.statuses
        self._latest = View(
            state.desired,
            known,
            planned,
            {key: old[key] if old.get(key) == status else status for key, status in statuses.items()},
            {node_id: node_health(node, state.policy, state.now) for node_id, node in state.observed.nodes.items()},
            state.now,
            state,
        )
        self._fresh_until = began + FRESH_COST * (self._monotonic() - began)
        return self._latest

    def _save_statuses(self, before: View, after: View) -> None:
        """Write down the statuses that changed."""
        changed = [status for key, status in after.statuses.items() if before.statuses.get(key) is not status]
        if changed:
            self._store.statuses.save(
                [BusinessRow(status.business_id, status.status) for status in changed],
                [row for status in changed for row in component_rows(status)],
                after.at,
            )


def component_rows(status: BusinessStatus) -> list[ComponentRow]:
    """Choose a row for every component: its worst instance's, for the mission's table has one row each."""
    worst: dict[str, ComponentRow] = {}
    for item in status.instances:
        known = worst.get(item.key.component_id)
        if known is None or WORST_FIRST.index(item.status) < WORST_FIRST.index(known.status):
            worst[item.key.component_id] = ComponentRow(
                item.key.business_id,
                item.key.component_id,
                item.status,
                item.node_id,
                item.container_id,
                item.started_at,
            )
    return list(worst.values())

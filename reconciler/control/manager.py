"""The reconcile loop: read, plan, dispatch, record.

Level-triggered: every turn looks at all of desired and observed state, so a lost wake-up costs time, never truth.
It turns when something has changed, when an attempt is due, or when a node's silence passes a limit.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from reconciler.control.ask.dry_runs import Questions
from reconciler.control.ask.exec import Execs, Relay, copy_to_enter
from reconciler.control.desired.operations import Intake
from reconciler.control.desired.saved_plans import SavedPlans
from reconciler.control.dispatch.agent_client import AgentClient
from reconciler.control.dispatch.dispatcher import Dispatcher
from reconciler.control.errors import UnknownBusiness, UnknownInstance, UnknownNodeId
from reconciler.control.loop.approvals import Approvals
from reconciler.control.loop.flap_damper import FlapDamper
from reconciler.control.loop.journal import asked_of_node, happened
from reconciler.control.loop.recorder import Recorder
from reconciler.control.loop.view import View
from reconciler.plan.ask.status import BusinessStatus, derive
from reconciler.plan.keep.state import State
from reconciler.plan.model.observed import Node, NodeHealth, Observed
from reconciler.plan.model.policy import Policy
from reconciler.plan.schedule.node_health import node_health
from reconciler.source.source import Source
from reconciler.store.model import BusinessRow, ComponentRow
from reconciler.store.store import Store
from reconciler.wire.messages import ComponentReport, Exec, InstanceKey, LogChunk, NodeReport

log = logging.getLogger(__name__)

HOUSEKEEPING_SECONDS = 30.0
LEASE_SHARE = 0.5
"""The lease of singletons, as a share of the silence after which a node counts as lost; the rest is for their end."""
FRESH_COST = 2.0
"""A view is as good as new for this many times what the last one took to make."""


class Controller:
    """The manager, without its HTTP side: desired state is changed through `intake`, and asked about in `questions`.

    What a plan holds beyond its limits passes through `approvals`; what was decided is kept by `recorder`.
    """

    def __init__(
        self,
        store: Store,
        agents: AgentClient,
        sources: Sequence[Source] = (),
        policy: Policy | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._sources = tuple(sources)
        self._agents = agents
        self._policy = policy or Policy()
        self._clock = clock
        self.intake = Intake(store, self._sources, clock, self.wake)
        self.questions = Questions(store, self.intake, self.observed, self._policy, clock)
        self._turn = threading.Lock()
        self.saved_plans = SavedPlans(store, self.intake, self.observed, self._policy, clock, self._turn)
        self.approvals = Approvals(store, self.view, clock, self.wake)
        self.recorder = Recorder(store)
        self._dispatcher = Dispatcher(store, agents, self.wake)
        self._execs = Execs(store, agents, clock)
        self._steadiness = FlapDamper()
        self._awake = threading.Event()
        self._files_changed = threading.Event()
        self._closing = threading.Event()
        self._view = self._recorded = View()
        self._view_cost = 0.0
        self._heard_from = clock()
        self._thread = threading.Thread(target=self._run, name="loop", daemon=True)

    # -- life

    def start(self) -> None:
        """Read the sources, then keep the fleet as desired until `close`."""
        self._sync()
        for source in self._sources:
            source.start(self._source_changed)
        self._awake.set()
        self._thread.start()

    def close(self) -> None:
        """End the loop; calls under way are waited for. Ends no instance."""
        self._closing.set()
        self._awake.set()
        for source in self._sources:
            source.close()
        if self._thread.is_alive():
            self._thread.join()
        self._dispatcher.close()

    @property
    def is_alive(self) -> bool:
        """Whether the loop turns."""
        return self._thread.is_alive() and not self._closing.is_set()

    def wake(self) -> None:
        """Have the loop turn soon."""
        self._awake.set()

    # -- observed state

    @property
    def lease_seconds(self) -> float:
        """How long a node may run singletons after a report of it was taken: they have ended when it counts as lost."""
        return self._policy.lost_after * LEASE_SHARE

    def report(self, report: NodeReport) -> None:
        """Take a node's heartbeat and inventory."""
        changed = self._store.record_report(report, self._clock())
        if changed or self._view.node_health.get(report.node_id) is not NodeHealth.READY:
            self.wake()

    def report_component(self, report: ComponentReport) -> None:
        """Take one change of one instance. Raises UnknownNode when its node has not registered."""
        if self._store.record_component(report, self._clock()):
            self.wake()

    def set_cordoned(
        self, node_id: str, cordoned: bool, draining: bool = False, deadline: float | None = None, who: str = ""
    ) -> None:
        """Have a node get nothing new, or again; a draining one gives away what it runs, within `deadline` seconds.

        Raises UnknownNodeId.
        """
        nodes = self._store.observed().nodes
        if node_id not in nodes:
            raise UnknownNodeId(node_id, nodes)
        now = self._clock()
        drain_by = None if deadline is None else now + deadline
        self._store.set_cordoned(node_id, cordoned, draining, drain_by)
        self._store.add_events([asked_of_node(node_id, cordoned, draining, deadline, who, now)])
        self.wake()

    # -- reading

    @property
    def store(self) -> Store:
        """Revisions, events, metrics and reports are read here."""
        return self._store

    def logs(self, key: InstanceKey, query: Mapping[str, str]) -> LogChunk:
        """Some of an instance's output, from the node it is on. Raises UnknownInstance, AgentError."""
        observed = self._store.observed()
        allocations = [
            allocation for allocation in observed.allocations if allocation.key == key and allocation.confirmed
        ]
        if not allocations:
            raise UnknownInstance(f"nothing of {key} is on any node; 'reconciler status {key.business_id}' says why")
        newest = max(allocations, key=lambda allocation: allocation.version)
        return self._agents.logs(observed.nodes[newest.node_id].address, key, query)

    def exec(self, exec_: Exec, who: str) -> Relay:
        """Run a command inside an instance, on record; its output, which the caller closes.

        Raises UnknownBusiness, UnknownInstance, NotRunning, Busy, StoreError, AgentError.
        """
        view, observed = self.view(), self._store.observed()
        status = view.statuses.get(exec_.business_id)
        if status is None:
            raise UnknownBusiness(exec_.business_id, tuple(view.statuses))
        allocation = copy_to_enter(exec_.key, status, observed)
        return self._execs.start(observed.nodes[allocation.node_id].address, allocation.node_id, exec_, who)

    def view(self) -> View:
        """What is known now: never older than the last accepted change of desired state."""
        view = self._view
        if view.desired is self._store.desired():
            fresh = view.observed is self._store.observed()
            if fresh or self._clock() - view.at < FRESH_COST * self._view_cost:
                return view
        with self._turn:
            return self._look()

    # -- the loop

    def _run(self) -> None:
        next_housekeeping = 0.0
        while not self._closing.is_set():
            self._awake.clear()
            try:
                if self._files_changed.is_set() or self._window_opened():
                    self._files_changed.clear()
                    self._sync()
                self._turn_once()
                if time.monotonic() >= next_housekeeping:
                    next_housekeeping = time.monotonic() + HOUSEKEEPING_SECONDS
                    self._store.housekeeping(self._clock())
            except Exception:  # the loop must outlive whatever one turn meets
                log.exception("a turn of the loop failed; the next one is in a second")
                self._closing.wait(1.0)
                self._awake.set()
            self._rest()

    def _turn_once(self) -> None:
        """One turn: plan, send, and write down what it means."""
        with self._turn:
            before, after = self._recorded, self._look()
            sent = self._dispatcher.carry_out(after.plan, after.desired, after.observed, after.at)
            self._save(before, after)
            self._store.judge(after.plan.verdicts, after.at)
            self.approvals.tidy(after)
            self.saved_plans.follow(after, sent)
            self._store.want_only(set(after.plan.instances))
            events = happened(before, after, sent, self._store.newest_cause)
            self._recorded = after
        try:
            # First, so that the plan of an event that somebody sees is kept already.
            self.recorder.follow(after, bool(events))
        finally:
            if events:
                self._store.add_events(events)

    def _look(self) -> View:
        """Plan anew and publish what is known."""
        began = time.monotonic()
        now = self._clock()
        desired, known = self._store.desired(), self._store.observed()
        observed = self.observed(now)
        state = State(desired, observed, self._policy, now)
        planned = state.plan()
        statuses = derive(desired, observed, planned, self._dispatcher.notes())
        old = self._view.statuses
        self._view = View(
            desired,
            known,
            planned,
            {key: old[key] if old.get(key) == status else status for key, status in statuses.items()},
            {node_id: node_health(node, self._policy, now) for node_id, node in observed.nodes.items()},
            now,
            state,
        )
        self._view_cost = time.monotonic() - began
        return self._view

    def observed(self, now: float) -> Observed:
        """Observed state, with what is known of its nodes beyond their reports."""
        observed = replace(self._heard(self._store.observed(), now), heals=self._store.heals())
        self._steadiness.watch({key: node_health(node, self._policy, now) for key, node in observed.nodes.items()}, now)
        unsteady = self._steadiness.unsteady(now)
        if not unsteady:
            return observed
        nodes = {key: replace(node, flapping_until=unsteady.get(key, 0.0)) for key, node in observed.nodes.items()}
        return replace(observed, nodes=nodes)

    def _heard(self, observed: Observed, now: float) -> Observed:
        """Observed state, with no silence counted from before this manager could listen."""
        if now - self._heard_from > self._policy.lost_after:
            return observed
        nodes = {
            node_id: replace(node, last_seen=max(node.last_seen, self._heard_from))
            for node_id, node in observed.nodes.items()
        }
        return replace(observed, nodes=nodes)

    def _save(self, before: View, after: View) -> None:
        """Write down the statuses that changed."""
        changed = [status for key, status in after.statuses.items() if before.statuses.get(key) is not status]
        if changed:
            self._store.save_statuses(
                [BusinessRow(status.business_id, status.status) for status in changed],
                [row for status in changed for row in _rows(status)],
                after.at,
            )

    def _rest(self) -> None:
        """Wait for the next reason to turn."""
        tick = self._policy.suspect_after / 3
        due = self._next_due()
        while not self._closing.is_set():
            before = self._clock()
            timeout = min(tick, max(due - time.monotonic(), 0.0)) if due is not None else tick
            woken = self._awake.wait(timeout)
            if self._clock() - before > tick + timeout:
                # This process was suspended, or starved: the silence is ours, not the nodes'.
                self._heard_from = self._clock()
            if woken or (due is not None and time.monotonic() >= due):
                return

    def _next_due(self) -> float | None:
        """When to turn next if nothing happens, on the monotonic clock."""
        now = self._clock()
        waits = [HOUSEKEEPING_SECONDS]
        look_again = self._view.plan.look_again
        if look_again is not None:
            waits.append(max(look_again - now, 0.0))
        waits += [until - now for until in self._steadiness.unsteady(now).values()]
        if self.intake.due is not None:
            waits.append(max(self.intake.due - now, 0.0))
        retry = self._dispatcher.next_due()
        if retry is not None:
            waits.append(retry)
        for node in self._store.observed().nodes.values():
            waits += self._limits(node, now)
        return time.monotonic() + min(waits)

    def _limits(self, node: Node, now: float) -> list[float]:
        """In how many seconds this node's silence passes a limit that it has not passed yet."""
        heard = (
            max(node.last_seen, self._heard_from)
            if now - self._heard_from <= self._policy.lost_after
            else node.last_seen
        )
        limits = (self._policy.suspect_after, self._policy.lost_after)
        return [heard + limit - now for limit in limits if heard + limit > now]

    def _window_opened(self) -> bool:
        """Whether it is time to accept what waited for a window to open."""
        return self.intake.due is not None and self.intake.due <= self._clock()

    def _source_changed(self) -> None:
        self._files_changed.set()
        self.wake()

    def _sync(self) -> None:
        result = self.intake.sync(patient=True)
        for problem in result.problems:
            log.warning("%s", problem)
        if result.held:
            log.warning("%s", result.held)


def _rows(status: BusinessStatus) -> list[ComponentRow]:
    """A row for every component: its worst instance stands for it, for the mission's table has one row each."""
    order = ("failed", "pending", "downloading", "starting", "stopping", "running", "stopped")
    worst: dict[str, ComponentRow] = {}
    for item in status.instances:
        known = worst.get(item.key.component_id)
        if known is None or order.index(item.status) < order.index(known.status):
            worst[item.key.component_id] = ComponentRow(
                item.key.business_id,
                item.key.component_id,
                item.status,
                item.node_id,
                item.container_id,
                item.started_at,
            )
    return list(worst.values())

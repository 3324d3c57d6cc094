"""The one way out: a plan's actions become calls to agents.

The plan says what is missing, every time anew; the dispatcher only remembers what it has tried, so as not to ask again
too soon. Before an instance is asked of a node it is written down as assigned there, with a version that no earlier
message has: whatever dies after that, the next plan finds it. What has to wait is assigned too, so that it goes to the
node and the devices that the plan said, whatever looks better by then; of a paused business, nothing is.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.control.dispatch.agent_client import AgentClient, AgentError
from reconciler.control.dispatch.backoff import backoff
from reconciler.control.dispatch.node_queues import NodeQueues
from reconciler.manifest.model import Component
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Allocation, Observed
from reconciler.plan.model.plan import Action, Kind, Plan
from reconciler.store.store import Store
from reconciler.wire.messages import Deploy, InstanceKey, Status, Stop, reservation_of

FORGET_AFTER = 120.0
"""Seconds without need after which failed attempts no longer slow the next one down."""

Where = tuple[InstanceKey, str]


@dataclass(slots=True)
class _Attempt:
    """What was tried for one instance on one node, and whether people were told. Times are of the monotonic clock."""

    kind: Kind
    digest: str
    count: int = 0
    due: float = 0.0
    under_way: bool = False
    error: str = ""
    quiet_since: float | None = None
    told: bool = False


class Dispatcher:
    """Carries out plans."""

    def __init__(self, store: Store, agents: AgentClient, wake: Callable[[], None]) -> None:
        self._store = store
        self._agents = agents
        self._wake = wake
        self._queues = NodeQueues()
        self._lock = threading.Lock()
        self._attempts: dict[Where, _Attempt] = {}

    def carry_out(self, plan: Plan, desired: Desired, observed: Observed, at: float) -> list[Action]:
        """Send what is due of the plan; what of it was not asked for before. `at` is the time (epoch seconds)."""
        due, new = self._due(plan)
        present = {(allocation.key, allocation.node_id) for allocation in observed.allocations}
        paused = {key for key, entry in desired.businesses.items() if entry.paused}
        waiting = [
            action
            for action in plan.actions
            if action.kind is Kind.CREATE and _waits(action) and (action.key, action.node_id) not in present
            if action.key.business_id not in paused
        ]
        if not due and not waiting:
            return []
        versions = self._store.versions.next(len(due) + len(waiting))
        self._store.assignments.assign(
            [
                _assigned(action, action.component, version)
                for action, version in zip((*due, *waiting), versions, strict=True)
                if action.component is not None and (action.key, action.node_id) not in present
            ],
            at,
        )
        self._store.vanished.expect_end((action.key, action.node_id) for action in due if action.kind is Kind.STOP)
        self._store.heals.record([(action.key, action.heals) for action in new if action.heals], at)
        self._store.heals.forget([action.key for action in new if action.old_digest not in ("", action.digest)])
        for action, version in zip(due, versions, strict=False):
            address = observed.nodes[action.node_id].address
            self._queues.put(
                action.node_id,
                action.key,
                self._job(action, version, address, desired.businesses.get(action.key.business_id)),
            )
        return new

    def next_due(self) -> float | None:
        """In how many seconds something is to be tried again; None when nothing is."""
        with self._lock:
            times = [
                attempt.due
                for attempt in self._attempts.values()
                if not attempt.under_way and attempt.quiet_since is None
            ]
        return max(min(times) - time.monotonic(), 0.0) if times else None

    def notes(self) -> dict[Where, str]:
        """Why the last attempt failed, for everything that is still wanted."""
        with self._lock:
            return {
                where: attempt.error
                for where, attempt in self._attempts.items()
                if attempt.error and attempt.quiet_since is None
            }

    def close(self) -> None:
        """Begin nothing more; wait for the calls under way."""
        self._queues.close()

    def _due(self, plan: Plan) -> tuple[list[Action], list[Action]]:
        """The actions to send now, each noted as under way; and those of them that are no repetition."""
        now = time.monotonic()
        due, new = [], []
        with self._lock:
            wanted = set()
            for action in plan.actions:
                if _waits(action):
                    continue
                where = (action.key, action.node_id)
                wanted.add(where)
                attempt = self._attempts.get(where)
                if attempt is None or (attempt.kind is Kind.STOP, attempt.digest) != (
                    action.kind is Kind.STOP,
                    action.digest,
                ):
                    attempt = self._attempts[where] = _Attempt(action.kind, action.digest)
                attempt.quiet_since = None
                if not attempt.under_way and attempt.due <= now:
                    attempt.count += 1
                    attempt.under_way = True
                    due.append(action)
                    new += [] if attempt.told else [action]
                    attempt.told = True
            for where in [where for where in self._attempts if where not in wanted]:
                attempt = self._attempts[where]
                if attempt.quiet_since is None:
                    attempt.quiet_since = now
                    attempt.told = False
                elif now - attempt.quiet_since > FORGET_AFTER:
                    del self._attempts[where]
        return due, new

    def _job(self, action: Action, version: int, address: str, entry: DesiredBusiness | None) -> Callable[[], bool]:
        attempt = self._attempts[(action.key, action.node_id)]

        def job() -> bool:
            error, answered = "", True
            try:
                self._call(action, version, address, entry)
            except AgentError as failure:
                error, answered = str(failure), failure.reached
            with self._lock:
                attempt.error = error
                attempt.under_way = False
                attempt.due = time.monotonic() + backoff(attempt.count)
            self._wake()
            return answered

        return job

    def _call(self, action: Action, version: int, address: str, entry: DesiredBusiness | None) -> None:
        key = action.key
        if action.component is None:
            self._agents.stop(
                address,
                Stop(
                    business_id=key.business_id,
                    component_id=key.component_id,
                    instance=key.instance,
                    version=version,
                ),
            )
            return
        self._agents.deploy(
            address,
            Deploy(
                business_id=key.business_id,
                component=action.component,
                instance=key.instance,
                digest=action.digest,
                version=version,
                gpu_devices=action.gpu_devices,
                heal=action.heals,
                revision=entry.revision if entry else 0,
                commit=entry.commit.sha if entry and entry.commit else "",
            ),
        )


def _waits(action: Action) -> bool:
    return bool(action.waits_for or action.held)


def _assigned(action: Action, component: Component, version: int) -> Allocation:
    """The copy to write down before its node is asked for it."""
    return Allocation(
        key=action.key,
        node_id=action.node_id,
        status=Status.PENDING,
        digest=action.digest,
        version=version,
        reservation=reservation_of(component, action.gpu_devices),
        confirmed=False,
    )

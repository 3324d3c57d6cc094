"""The one way out: a plan's actions become calls to agents.

The plan says what is missing, every time anew; the dispatcher only remembers what it has tried, so as not to ask again
too soon. Before an instance is asked of a node it is written down as assigned there, with a version that no earlier
message has: whatever dies after that, the next plan finds it. What has to wait is assigned too, so that it goes to the
node and the devices that the plan said, whatever looks better by then; of a paused business, nothing is.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from reconciler.control.dispatch.agent_client import AgentClient, AgentError
from reconciler.control.dispatch.attempts import Attempts, sight
from reconciler.control.dispatch.node_queues import NodeQueues
from reconciler.manifest.model import Component
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Allocation, Observed
from reconciler.plan.model.plan import Action, Kind, Plan
from reconciler.store.store import Store
from reconciler.wire.messages import AllocationId, Deploy, Status, Stop, reservation_of


class Dispatcher:
    """Carries out plans."""

    def __init__(
        self, store: Store, agents: AgentClient, queues: NodeQueues, attempts: Attempts, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._agents = agents
        self._queues = queues
        self._attempts = attempts
        self._wake = wake

    def carry_out(self, plan: Plan, desired: Desired, observed: Observed, at: float) -> list[Action]:
        """Send what is due of the plan, once it is written down. `at` is the time (epoch seconds).

        Returns the actions that were sent and are not on record as events; who puts them on record calls `tell`.
        """
        present = {(allocation.key, allocation.node_id): allocation for allocation in observed.allocations}
        assert all(action.allocation_id in present for action in plan.actions if action.kind is Kind.STOP), (
            "rule 13: what nobody reported is never stopped"
        )
        told_before = [
            action for action in plan.actions if self._is_on_record(action, present.get(action.allocation_id))
        ]
        due = self._attempts.follow(plan.actions, lambda place: sight(present.get(place)))
        self._attempts.tell(told_before)
        waiting = [action for action in plan.actions if _is_to_reserve(action, desired, present)]
        if due or waiting:
            versions = self._store.versions.next(len(due) + len(waiting))
            self._write_down(due, waiting, versions, present, at)
            for action, version in zip(due, versions, strict=False):
                self._send(action, version, desired, observed)
        return self._attempts.untold(plan.actions)

    def tell(self, actions: Collection[Action]) -> None:
        """Note that these actions are on record as events."""
        self._attempts.tell(actions)

    def next_due(self) -> float | None:
        """In how many seconds something is to be tried again; None when nothing is."""
        return self._attempts.next_due()

    def errors(self) -> dict[AllocationId, str]:
        """Why the last call failed, for everything that is still wanted."""
        return self._attempts.errors()

    def close(self) -> None:
        """Begin nothing more; wait for the calls under way."""
        self._queues.close()

    def _is_on_record(self, action: Action, there: Allocation | None) -> bool:
        """Whether an event tells of this attempt already, from before the manager was started."""
        if there is None or not self._attempts.is_unknown(action):
            return False
        if action.kind is not Kind.STOP and (there.confirmed or there.digest != action.digest):
            return False
        key = action.key
        event = self._store.events.newest(
            key.business_id, (action.kind.value,), key.component_id, key.instance, action.node_id
        )
        return event is not None and event.at >= there.since

    def _write_down(
        self,
        due: Sequence[Action],
        waiting: Sequence[Action],
        versions: Sequence[int],
        present: Mapping[AllocationId, Allocation],
        at: float,
    ) -> None:
        """Write down what is about to be sent, and what room is kept for, so that a new manager finds it."""
        self._store.assignments.assign(
            [
                _assigned(action, action.component, version)
                for action, version in zip((*due, *waiting), versions, strict=True)
                if action.component is not None and action.allocation_id not in present
            ],
            at,
        )
        self._store.vanished.expect_end(action.allocation_id for action in due if action.kind is Kind.STOP)
        new = [action for action in due if self._attempts.is_new(action)]
        self._store.heals.record([(action.key, action.heals) for action in new if action.heals], at)
        self._store.heals.forget([action.key for action in new if action.old_digest not in ("", action.digest)])

    def _send(self, action: Action, version: int, desired: Desired, observed: Observed) -> None:
        """Queue the call that an action comes to."""
        attempt = self._attempts.begin(action)
        address = observed.nodes[action.node_id].address
        entry = desired.businesses.get(action.key.business_id)

        def job() -> bool:
            error, answered = "the call was not made", False
            try:
                self._call(action, version, address, entry)
                error, answered = "", True
            except AgentError as failure:
                error, answered = str(failure), failure.reached
            finally:
                self._attempts.end(attempt, error)
                self._wake()
            return answered

        self._queues.put(action.node_id, action.key, job)

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


def _is_to_reserve(action: Action, desired: Desired, present: Mapping[AllocationId, Allocation]) -> bool:
    """Whether room is to be kept for an instance that has to wait: not for one of a paused business."""
    entry = desired.businesses.get(action.key.business_id)
    waits = action.kind is Kind.CREATE and (action.waits_for or action.blocked_by)
    return bool(waits) and action.allocation_id not in present and not (entry and entry.paused)


def _assigned(action: Action, component: Component, version: int) -> Allocation:
    """The allocation to write down before its node is asked for it."""
    return Allocation(
        key=action.key,
        node_id=action.node_id,
        status=Status.PENDING,
        digest=action.digest,
        version=version,
        reservation=reservation_of(component, action.gpu_devices),
        confirmed=False,
    )

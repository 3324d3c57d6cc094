"""A plan in the making: each step changes the fleet's free room together with what the plan says of it."""

from reconciler.plan.model.observed import Allocation, NodeHealth
from reconciler.plan.model.plan import Action, Drifted, Kind, Pending, Refusal
from reconciler.plan.model.reasons import STOPS, Reason
from reconciler.plan.reconcile.drift import RunningDiff
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.reservations import Releases
from reconciler.plan.wants.wanted import DesiredInstance
from reconciler.wire.messages import AllocationId, InstanceKey


class PlanBuilder:
    """The actions, placements and waits found so far, and the room that they leave."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.releases = Releases(fleet)
        self.actions: list[Action] = []
        self.pending: list[Pending] = []
        self.drifted: list[Drifted] = []
        self.placements: dict[InstanceKey, str] = {}
        self._stopped: dict[AllocationId, Allocation] = {}

    def start(
        self, kind: Kind, want: DesiredInstance, on: str, reason: Reason, devices: tuple[int, ...], old: str = ""
    ) -> None:
        """Create an instance on node `on`, or start it again; the room for it is reserved already.

        `old` is the digest of what runs there ("" for nothing).
        """
        fetch = self.fleet.stock.fetch(want.shape.image, self.fleet.row[on])
        self._add(
            Action(kind, want.key, on, reason, want.component, want.digest, old, gpu_devices=devices, fetch=fetch)
        )

    def update(
        self, want: DesiredInstance, allocation: Allocation, diff: RunningDiff, devices: tuple[int, ...]
    ) -> None:
        """Update an allocation in place; the room for it is reserved already."""
        row = self.fleet.row[allocation.node_id]
        self.drifted += diff.left
        self._add(
            Action(
                Kind.UPDATE,
                want.key,
                allocation.node_id,
                diff.reason,
                want.component,
                want.digest,
                allocation.digest,
                devices,
                diff.changes,
                live=diff.live,
                heals=diff.heals,
                fetch=None if diff.live else self.fleet.stock.fetch(want.shape.image, row),
            )
        )

    def stop(self, allocation: Allocation, reason: Reason) -> None:
        """Stop an allocation and release its room; one whose node does not answer goes when the node is back."""
        assert isinstance(reason, STOPS), f"rule 4: {allocation.key} would be stopped because: {reason}"
        if self._health(allocation.node_id) is NodeHealth.READY:
            key, node_id = allocation.key, allocation.node_id
            self._add(Action(Kind.STOP, key, node_id, reason, old_digest=allocation.digest))
            self.releases.all_of(allocation)
            self._stopped[key, node_id] = allocation

    def replaced(self, key: InstanceKey, node_id: str) -> Allocation | None:
        """Take back the stop of an allocation, as its instance is to run there after all; None where there is none."""
        allocation = self._stopped.pop((key, node_id), None)
        if allocation is not None:
            self.actions = [action for action in self.actions if action.allocation_id != (key, node_id)]
        return allocation

    def wait(self, want: DesiredInstance, reason: Reason) -> None:
        """Say that nothing can be done for an instance until something happens."""
        self.pending.append(Pending(want.key, (Refusal(0, reason),)))

    def _add(self, action: Action) -> None:
        assert self._health(action.node_id) is NodeHealth.READY, f"rule 13: {action.node_id} can't be asked"
        self.actions.append(action)

    def _health(self, node_id: str) -> NodeHealth:
        return self.fleet.node_health[self.fleet.row[node_id]]

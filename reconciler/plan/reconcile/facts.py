"""What classifying and placing ask of one allocation: its node's health, constraints, drain, and how it deviates."""

from dataclasses import dataclass

from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Allocation, Node, NodeHealth, Observed
from reconciler.plan.reconcile.drift import RunningDiff, diff_running
from reconciler.plan.schedule.fleet import Fleet, meets_but_runtime
from reconciler.plan.wants.leaving import is_past_deadline, leaves
from reconciler.plan.wants.past_references import Resolutions
from reconciler.plan.wants.wanted import DesiredInstance, why_update
from reconciler.wire.messages import InstanceKey


@dataclass(frozen=True, slots=True)
class Facts:
    """The input of one planning. Of the fleet only what planning does not change is asked, never its free room."""

    desired: Desired
    observed: Observed
    fleet: Fleet
    resolutions: Resolutions
    freeze_after: int
    now: float

    def entry(self, key: InstanceKey) -> DesiredBusiness:
        """The business of a wanted instance."""
        return self.desired.businesses[key.business_id]

    def node(self, allocation: Allocation) -> Node:
        """The node of an allocation."""
        return self.observed.nodes[allocation.node_id]

    def health(self, allocation: Allocation) -> NodeHealth:
        """The health of the node of an allocation."""
        return self.fleet.node_health[self.fleet.row[allocation.node_id]]

    def counts(self, want: DesiredInstance, allocation: Allocation) -> bool:
        """Whether an allocation counts where it is: its node answers, or is waited for, as when it holds data."""
        health = self.health(allocation)
        if not allocation.confirmed:
            return health is NodeHealth.READY
        if health is not NodeHealth.LOST:
            return True
        keep = want.component.on_node_loss
        return allocation.reservation.volumes if keep is None else keep == "keep"

    def is_admitted(self, want: DesiredInstance, allocation: Allocation) -> bool:
        """Whether the node of an allocation meets the constraints; its runtime may be away for a while."""
        return meets_but_runtime(self.node(allocation), want.shape.constraint)

    def leaves(self, allocation: Allocation) -> bool:
        """Whether the node of an allocation gives it away."""
        node = self.node(allocation)
        return node.draining and leaves(allocation, node, self.health(allocation))

    def is_overdue(self, allocation: Allocation) -> bool:
        """Whether the node of an allocation should have given it away by now."""
        return self.leaves(allocation) and is_past_deadline(self.node(allocation), self.now)

    def deviation(self, want: DesiredInstance, allocation: Allocation) -> RunningDiff:
        """How an allocation in the wanted version differs from what it should be."""
        return diff_running(self.entry(want.key), want, allocation, self.observed.heals, self.freeze_after)

    def diff(self, want: DesiredInstance, allocation: Allocation) -> RunningDiff:
        """What an update of an allocation changes, and why; for whichever version it is in."""
        if want.digest == allocation.digest:
            return self.deviation(want, allocation)
        return RunningDiff(*why_update(self.entry(want.key), want, allocation, self.resolutions))

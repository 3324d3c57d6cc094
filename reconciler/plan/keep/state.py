"""Everything that a plan depends on, as one value, and the same without its secrets.

A manager's state at one moment plans anywhere as it did there: `snapshot`, `diff --state` and the kept decisions are
made of it. What is written down holds no secret: specs are sealed (`reconciler.manifest.secrets.seal`).
"""

from dataclasses import dataclass, replace

from reconciler.manifest.memo import Memo
from reconciler.manifest.secrets.redact import without_password
from reconciler.manifest.secrets.seal import sealed_business
from reconciler.plan.model.desired import Desired, DesiredBusiness
from reconciler.plan.model.observed import Observed
from reconciler.plan.model.plan import Plan
from reconciler.plan.model.policy import Policy
from reconciler.plan.reconcile.planner import plan
from reconciler.plan.show.document import document
from reconciler.plan.show.fields import PlanDocument


@dataclass(frozen=True, slots=True)
class State:
    """Desired and observed state, the policy, and the time of the plan (seconds since the epoch)."""

    desired: Desired
    observed: Observed
    policy: Policy = Policy()
    now: float = 0.0

    def sealed(self) -> "State":
        """Take the secrets out; the plan has the same document."""
        return replace(self, desired=_sealed_desired(self.desired), observed=_sealed_observed(self.observed))

    def plan(self) -> Plan:
        """Make the plan."""
        return plan(self.desired, self.observed, self.policy, self.now)

    def document(self) -> PlanDocument:
        """Make the plan, and write it down."""
        return document(self.plan(), self.desired)


def _sealed_desired(desired: Desired) -> Desired:
    return replace(
        desired,
        businesses={key: _sealed_entry(entry) for key, entry in desired.businesses.items()},
        removed={key: sealed_business(business) for key, business in desired.removed.items()},
    )


def _seal_entry(entry: DesiredBusiness) -> DesiredBusiness:
    return replace(
        entry,
        business=sealed_business(entry.business),
        earlier=tuple(map(sealed_business, entry.earlier)),
        version_results={
            name: replace(verdict, reason=without_password(verdict.reason))
            for name, verdict in entry.version_results.items()
        },
    )


_sealed_entry: Memo[DesiredBusiness, DesiredBusiness] = Memo(_seal_entry)


def _sealed_observed(observed: Observed) -> Observed:
    allocations = tuple(
        replace(allocation, message=without_password(allocation.message)) if "://" in allocation.message else allocation
        for allocation in observed.allocations
    )
    return replace(observed, allocations=allocations)

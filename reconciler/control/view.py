"""What the manager knows at one moment, for everything that reads: API, dashboard, CLI."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.manifest.memo import Memo
from reconciler.plan.ask.status import BusinessStatus
from reconciler.plan.keep.state import State
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import NodeHealth, Observed
from reconciler.plan.model.plan import Plan
from reconciler.plan.show.document import document
from reconciler.plan.show.fields import PlanDocument


@dataclass(frozen=True, slots=True, weakref_slot=True)
class View:
    """Desired and observed state, the plan between them, and what it means. `at` is seconds since the epoch.

    `state` is all that the plan was made of; its observed state has what is known beyond reports.
    """

    desired: Desired = field(default_factory=Desired)
    observed: Observed = field(default_factory=Observed)
    plan: Plan = field(default_factory=Plan)
    statuses: Mapping[str, BusinessStatus] = field(default_factory=dict)
    node_health: Mapping[str, NodeHealth] = field(default_factory=dict)
    at: float = 0.0
    state: State = field(default_factory=lambda: State(Desired(), Observed()))


documented: Memo[View, PlanDocument] = Memo(lambda view: document(view.plan, view.desired))
"""The public form of a view's plan."""

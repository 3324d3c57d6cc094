"""What the manager knows at one moment, for everything that reads: API, dashboard, CLI."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.manifest.errors import Problem
from reconciler.manifest.memo import Memo
from reconciler.plan.ask.status import BusinessStatus
from reconciler.plan.keep.state import State
from reconciler.plan.model.desired import Commit, Desired
from reconciler.plan.model.observed import NodeHealth, Observed
from reconciler.plan.model.plan import Plan
from reconciler.plan.show.document import Form, document
from reconciler.source.deferral import Deferred


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


documented: Memo[View, Form] = Memo(lambda view: document(view.plan, view.desired))
"""The public form of a view's plan."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen: the plan, the desired state it is for, and what keeps part of it from being considered.

    `at` is when it was made, in seconds since the epoch. `deferred` is what files say and is not accepted now.
    """

    desired: Desired
    plan: Plan
    problems: tuple[Problem, ...] = ()
    prune_blocked: str = ""
    at: float = 0.0
    deferred: tuple[Deferred, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What reading sources anew did. `prune_blocked` says why removals wait ("" when none do).

    `waiting` are businesses that are missing since just now: they are removed when they still are in a moment.
    `deferred` is what files say and is not accepted now. `sources` has the part of each source by its name, and
    `commit` what that one read.
    """

    accepted: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()
    prune_blocked: str = ""
    waiting: tuple[str, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    commit: Commit | None = None
    sources: Mapping[str, "SyncResult"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion did: the components whose new version goes on, and the revision that they are of."""

    revision: int
    components: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rollback:
    """What going back did: to which revision, and the number of the new one that says the same."""

    target: int
    revision: int

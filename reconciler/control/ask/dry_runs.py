"""What would be, and how instances stand: questions about plans that change nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reconciler.control.desired.changes import business_of, component_of
from reconciler.control.desired.source_sync import SourceSync
from reconciler.control.errors import Conflict
from reconciler.manifest.errors import Problem
from reconciler.manifest.model import Business
from reconciler.plan.ask.explain import Explanation, explain
from reconciler.plan.ask.preview import preview
from reconciler.plan.ask.suppose import NOTHING_SUPPOSED, Suppose, losses, survival
from reconciler.plan.keep.state import State
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.plan import Pending, Plan
from reconciler.source.decide import Decision
from reconciler.source.deferral import Deferred
from reconciler.wire.messages import InstanceKey

LOSSES_MAX = 500
"""How many losses one question may be about: each takes a plan."""


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


class DryRuns:
    """Makes plans that nobody carries out. `state` reads everything that a plan made now depends on."""

    def __init__(self, state: Callable[[], State], sources: SourceSync) -> None:
        self.state = state
        self._sources = sources

    def preview(
        self, businesses: Sequence[Business] | None, prune: bool = False, suppose: Suppose = NOTHING_SUPPOSED
    ) -> Preview:
        """Plan as if these businesses were accepted (None: as if the sources were read now). Stores nothing.

        With `prune`, businesses of the sources that are not among them would go. `suppose` is what else would be so.
        Raises SpecError when it names what is not there.
        """
        state, decision = self.state(), Decision()
        if businesses is None:
            desired, decision = self._sources.preview(state.desired)
            state = replace(state, desired=desired)
        found = preview(state, businesses, prune, suppose)
        after, blocked = found.state.desired, decision.prune_blocked
        return Preview(after, found.plan, decision.problems, blocked, state.now, decision.deferred)

    def survival(self, by: str | None) -> dict[str, tuple[Pending, ...]]:
        """Find what would have no place were a node lost, or all nodes with one value of the label `by`; by its name.

        Raises Conflict when there are too many to look at.
        """
        state = self.state()
        groups = losses(state.observed, by, state.policy, state.now)
        if len(groups) > LOSSES_MAX:
            raise Conflict(f"{len(groups)} losses are more than the {LOSSES_MAX} looked at: group nodes by a label")
        return survival(state.desired, state.observed, groups, state.policy, state.now)

    def explain(self, key: InstanceKey) -> Explanation:
        """Say how an instance stands with every node. Raises UnknownBusiness, UnknownInstance."""
        state = self.state()
        component_of(business_of(state.desired, key.business_id), key.component_id)
        return explain(state.desired, state.observed, key, state.policy, state.now)

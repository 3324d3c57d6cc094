"""What would be, and why: questions about plans that change nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from reconciler.control.desired.operations import Intake
from reconciler.control.errors import Conflict
from reconciler.control.loop.view import Preview
from reconciler.manifest.model import Business
from reconciler.plan.ask.explain import Explanation, explain
from reconciler.plan.ask.suppose import NOTHING_SUPPOSED, Suppose, losses, survival
from reconciler.plan.keep.state import State, preview
from reconciler.plan.model.observed import Observed
from reconciler.plan.model.policy import Policy
from reconciler.source.decide import Decision
from reconciler.store.store import Store
from reconciler.wire.messages import InstanceKey

MOST_GROUPS = 500
"""How many losses one question may be about: each takes a plan."""


class Questions:
    """Plans that nobody carries out. `observed` gives the observed state at a time (seconds since the epoch)."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        observed: Callable[[float], Observed],
        policy: Policy,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._intake = intake
        self._observed = observed
        self._policy = policy
        self._clock = clock

    def preview(
        self, businesses: Sequence[Business] | None, prune: bool = False, suppose: Suppose = NOTHING_SUPPOSED
    ) -> Preview:
        """What would happen if these businesses were accepted (None: if the files were read now). Stores nothing.

        With `prune`, businesses of the directory that are not among them would go. `suppose` is what else would be so.
        Raises SpecError when it names what is not there.
        """
        state, decision = self.state(), Decision()
        if businesses is None:
            desired, decision = self._intake.with_files(state.desired)
            state = replace(state, desired=desired)
        found = preview(state, businesses, prune, suppose)
        return Preview(found.state.desired, found.plan, decision.problems, decision.held, state.now, decision.deferred)

    def state(self) -> State:
        """Everything that a plan made now depends on."""
        now = self._clock()
        return State(self._store.desired(), self._observed(now), self._policy, now)

    def survival(self, by: str | None) -> dict[str, dict[InstanceKey, str]]:
        """What would have no place were a node lost, or all nodes with one value of the label `by`; by its name.

        Raises Conflict when there are too many to look at.
        """
        state = self.state()
        groups = losses(state.observed, by, state.policy, state.now)
        if len(groups) > MOST_GROUPS:
            raise Conflict(f"{len(groups)} losses are more than the {MOST_GROUPS} looked at: group nodes by a label")
        return survival(state.desired, state.observed, groups, state.policy, state.now)

    def explain(self, key: InstanceKey) -> Explanation:
        """How an instance stands with every node. Raises UnknownBusiness, UnknownInstance."""
        desired, now = self._store.desired(), self._clock()
        self._intake.component(key.business_id, key.component_id)
        return explain(desired, self._observed(now), key, self._policy, now)

"""What would be, and why: questions about plans that change nothing."""

from collections.abc import Callable, Sequence

from reconciler.control.errors import Conflict
from reconciler.control.intake import BODY, Intake, overlay
from reconciler.control.view import Preview
from reconciler.plan.explain import Explanation, explain
from reconciler.plan.liveness import liveness
from reconciler.plan.model import Liveness, Observed, Policy
from reconciler.plan.planner import plan
from reconciler.plan.suppose import NOTHING_SUPPOSED, Suppose, mistakes, supposed, survival
from reconciler.source.decide import API, Decision
from reconciler.spec.errors import Problem, SpecError
from reconciler.spec.model import Business
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
        desired, decision = self._store.desired(), Decision()
        if businesses is None:
            desired, decision = self._intake.with_files(desired)
        else:
            named = {business.business_id for business in businesses}
            known = desired.businesses
            gone = [key for key, entry in known.items() if prune and entry.source != API and key not in named]
            sources = {key: entry.source for key, entry in known.items()}
            pairs = ((business, sources.get(business.business_id, API)) for business in businesses)
            desired = overlay(desired, pairs, gone)
        now = self._clock()
        observed = self._observed(now)
        problems = [Problem(BODY, None, "suppose", wrong) for wrong in mistakes(suppose, desired, observed)]
        if problems:
            raise SpecError(problems)
        desired, observed = supposed(suppose, desired, observed, now)
        return Preview(desired, plan(desired, observed, self._policy, now), decision.problems, decision.held, now)

    def survival(self, by: str | None) -> dict[str, dict[InstanceKey, str]]:
        """What would have no place were a node lost, or all nodes with one value of the label `by`; by its name.

        Raises Conflict when there are too many to look at.
        """
        now = self._clock()
        observed = self._observed(now)
        groups: dict[str, list[str]] = {}
        for node_id, node in sorted(observed.nodes.items()):
            name = node_id if by is None else node.labels.get(by)
            if name is not None and liveness(node, self._policy, now) is not Liveness.LOST:
                groups.setdefault(name, []).append(node_id)
        if len(groups) > MOST_GROUPS:
            raise Conflict(f"{len(groups)} losses are more than the {MOST_GROUPS} looked at: group nodes by a label")
        return survival(self._store.desired(), observed, groups, self._policy, now)

    def explain(self, key: InstanceKey) -> Explanation:
        """How an instance stands with every node. Raises UnknownBusiness, UnknownInstance."""
        desired, now = self._store.desired(), self._clock()
        self._intake.component(key.business_id, key.component_id)
        return explain(desired, self._observed(now), key, self._policy, now)

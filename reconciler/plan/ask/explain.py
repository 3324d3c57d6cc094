"""Why an instance is where it is: every node by every constraint, with the numbers, and what would make it fit.

The question is asked of the fleet as it will be once the plan is carried out, without the instance itself: whatever
is said to fit would be taken if the instance were tied to that node. Nodes in the same situation are told together.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reconciler.plan.ask.remedy import remedy
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Observed
from reconciler.plan.model.plan import Plan
from reconciler.plan.model.policy import Policy
from reconciler.plan.model.reasons import Reason
from reconciler.plan.proof.simulate import applied
from reconciler.plan.reconcile.planner import DEFAULT_POLICY, plan
from reconciler.plan.schedule.filters import FILTERS
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.place import ScoreParts, score_parts
from reconciler.plan.schedule.shape import Shape, shape_of
from reconciler.plan.wants.versions import version
from reconciler.wire.messages import InstanceKey

NOT_WANTED = "it is not wanted: the business is stopped, or has fewer replicas"


@dataclass(frozen=True, slots=True)
class Situation:
    """Nodes that differ in nothing that matters: what keeps the instance off them (nothing: it fits), and the score.

    `nodes` are the ids; `score` is of the first of them, the lowest wins.
    """

    nodes: tuple[str, ...]
    obstacles: tuple[Reason, ...]
    score: ScoreParts | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where the plan has an instance (None: nowhere), why, and how it stands with every node.

    `reason` is what an action or a wait says of it now ("" when nothing is to be done). `remedy` is the smallest change
    that would make it fit, where nothing fits ("" otherwise).
    """

    key: InstanceKey
    node_id: str | None
    reason: str
    situations: tuple[Situation, ...]
    remedy: str = ""


def explain(
    desired: Desired, observed: Observed, key: InstanceKey, policy: Policy = DEFAULT_POLICY, now: float = 0.0
) -> Explanation:
    """Compare a wanted instance with every node. Raises KeyError when its component is not desired."""
    planned = plan(desired, observed, policy, now)
    node_id = planned.placements.get(key)
    shape = _shape(desired, key, node_id)
    fleet = _fleet_without(key, applied(planned, observed), policy, now)
    situations = _situations(shape, fleet)
    wanted = key in planned.instances
    fits = any(not situation.obstacles for situation in situations)
    helps = wanted and node_id is None and not fits
    reasons = [*_reasons(planned, key), *([] if wanted else [NOT_WANTED])]
    return Explanation(
        key, node_id, "; ".join(dict.fromkeys(reasons)), situations, _remedy(shape, fleet, situations) if helps else ""
    )


def _shape(desired: Desired, key: InstanceKey, node_id: str | None) -> Shape:
    """What the instance asks of a node; one of a global component is tied to the node it is for."""
    entry = desired.businesses[key.business_id]
    parts = {component.component_id: component for component in entry.business.components}
    component, _ = version(entry, parts[key.component_id])
    shape = shape_of(entry.business, component)
    if component.mode == "global" and node_id is not None:
        return replace(shape, constraint=replace(shape.constraint, node_id=node_id))
    return shape


def _fleet_without(key: InstanceKey, after: Observed, policy: Policy, now: float) -> Fleet:
    """The fleet once the plan is carried out, without the instance itself."""
    fleet = Fleet(replace(after, allocations=()), policy, now)
    for allocation in after.allocations:
        if allocation.key != key and allocation.node_id in fleet.row:
            row = fleet.row[allocation.node_id]
            fleet.reserve(row, allocation.reservation)
            fleet.add_peer(allocation.key.business_id, allocation.key.component_id, row)
    return fleet


def _reasons(planned: Plan, key: InstanceKey) -> Iterator[str]:
    """What the plan says of the instance, for people."""
    for action in planned.actions:
        if action.key == key:
            yield f"{action.reason}, {action.blocked_by}" if action.blocked_by else str(action.reason)
    for pending in planned.pending:
        if pending.key == key:
            yield str(pending)


def _situations(shape: Shape, fleet: Fleet) -> tuple[Situation, ...]:
    """Every node, grouped: those that fit first, best score first; then those with the fewest obstacles."""
    groups: dict[tuple[tuple[Reason, ...], ScoreParts | None], list[str]] = defaultdict(list)
    for row, why in _obstacles(shape, fleet).items():
        score = None if why else score_parts(shape, fleet, row)
        groups[tuple(why), score].append(fleet.nodes[row].node_id)
    situations = [Situation(tuple(nodes), why, score) for (why, score), nodes in groups.items()]
    return tuple(sorted(situations, key=_best_first))


def _obstacles(shape: Shape, fleet: Fleet) -> dict[int, list[Reason]]:
    """What keeps the instance off each node: every obstacle, not only the first."""
    found: dict[int, list[Reason]] = {row: [] for row in range(len(fleet.nodes))}
    for check in FILTERS:
        if check.applies(shape):
            for failing in np.flatnonzero(~check.check(shape, fleet)):
                found[int(failing)] += [one.reason for one in check.explain(shape, fleet, np.array([failing]))]
    return found


def _best_first(situation: Situation) -> tuple[int, float, tuple[str, ...]]:
    return len(situation.obstacles), situation.score.total if situation.score else 0.0, situation.nodes


def _remedy(shape: Shape, fleet: Fleet, situations: Sequence[Situation]) -> str:
    """The smallest change for one of the nodes that have the fewest obstacles."""
    obstacles = {node: situation.obstacles for situation in situations for node in situation.nodes}
    fewest = min(map(len, obstacles.values()), default=0)
    return remedy(shape, fleet, [node for node, why in obstacles.items() if len(why) == fewest], obstacles.__getitem__)

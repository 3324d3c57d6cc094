"""Why an instance is where it is: every node by every constraint, with the numbers, and what would make it fit.

The question is asked of the fleet as it will be once the plan is carried out, without the instance itself: whatever
is said to fit would be taken if the instance were tied to that node. Nodes in the same situation are told together.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Observed
from reconciler.plan.model.policy import Policy
from reconciler.plan.proof.simulate import applied
from reconciler.plan.reconcile.planner import DEFAULT_POLICY, plan
from reconciler.plan.schedule.filters import FILTERS
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.place import ScoreParts, score_parts
from reconciler.plan.schedule.shape import MILLI, Shape, shape_of
from reconciler.plan.wants.versions import version
from reconciler.wire.messages import InstanceKey


@dataclass(frozen=True, slots=True)
class Situation:
    """Nodes that differ in nothing that matters: what keeps the instance off them (nothing: it fits), and the score.

    `nodes` are the ids; `score` is of the first of them, the lowest wins.
    """

    nodes: tuple[str, ...]
    obstacles: tuple[str, ...]
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
    """How this wanted instance stands with every node. Raises KeyError when its component is not desired."""
    entry = desired.businesses[key.business_id]
    parts = {component.component_id: component for component in entry.business.components}
    component, _ = version(entry, parts[key.component_id])
    planned = plan(desired, observed, policy, now)
    node_id = planned.placements.get(key)
    shape = shape_of(entry.business, component)
    if component.mode == "global" and node_id is not None:
        shape = replace(shape, constraint=replace(shape.constraint, node_id=node_id))
    after = applied(planned, observed)
    fleet = Fleet(replace(after, allocations=()), policy, now)
    for allocation in after.allocations:
        if allocation.key != key and allocation.node_id in fleet.row:
            row = fleet.row[allocation.node_id]
            fleet.hold(row, allocation.reservation)
            fleet.add_peer(allocation.key.business_id, allocation.key.component_id, row)
    mine = [action for action in planned.actions if action.key == key]
    reasons = [f"{action.reason}, {action.blocked_by}" if action.blocked_by else str(action.reason) for action in mine]
    reasons += [str(pending) for pending in planned.pending if pending.key == key]
    wanted = key in planned.instances
    if not wanted:
        reasons.append("it is not wanted: the business is stopped, or has fewer replicas")
    situations = _situations(shape, fleet)
    fits = any(not situation.obstacles for situation in situations)
    remedy = "" if fits or node_id is not None or not wanted else _remedy(shape, fleet, situations)
    return Explanation(key, node_id, "; ".join(dict.fromkeys(reasons)), situations, remedy)


def _situations(shape: Shape, fleet: Fleet) -> tuple[Situation, ...]:
    """Every node, grouped: those that fit first, best score first; then those with the fewest obstacles."""
    obstacles: dict[int, list[str]] = {row: [] for row in range(len(fleet.nodes))}
    for check in FILTERS:
        if check.applies(shape):
            for failing in np.flatnonzero(~check.check(shape, fleet)):
                refusals = check.explain(shape, fleet, np.array([failing]))
                obstacles[int(failing)] += [str(refusal.reason) for refusal in refusals]
    groups: dict[tuple[tuple[str, ...], ScoreParts | None], list[str]] = defaultdict(list)
    for row, why in obstacles.items():
        score = None if why else score_parts(shape, fleet, row)
        groups[tuple(why), score].append(fleet.nodes[row].node_id)
    situations = [Situation(tuple(nodes), why, score) for (why, score), nodes in groups.items()]
    return tuple(sorted(situations, key=_best_first))


def _best_first(situation: Situation) -> tuple[int, float, tuple[str, ...]]:
    return len(situation.obstacles), situation.score.total if situation.score else 0.0, situation.nodes


def _remedy(shape: Shape, fleet: Fleet, situations: tuple[Situation, ...]) -> str:
    """What to change for the nodes that have the fewest obstacles, and of those the one that lacks the least."""
    if not situations:
        return "register a node: start an agent with --manager"
    fewest = len(situations[0].obstacles)
    rows = [fleet.row[node] for one in situations if len(one.obstacles) == fewest for node in one.nodes]
    row = min(rows, key=lambda row: (_lack(shape, fleet, row), row))
    node = fleet.nodes[row]
    steps = []
    if shape.cpu_milli > fleet.cpu_free[row]:
        free = max(int(fleet.cpu_free[row]), 0) / MILLI
        steps.append(f"lower cpu_cores from {shape.cpu_milli / MILLI:g} to {free:g}, or free as much there")
    if shape.memory_mb > fleet.memory_free[row]:
        free_mb = max(int(fleet.memory_free[row]), 0)
        lacking = shape.memory_mb - free_mb
        steps.append(f"lower memory_mb from {shape.memory_mb} to {free_mb}, or free {lacking} MB there")
    if shape.gpu_count and len(fleet.free_gpus(row, shape.gpu_memory_mb)) < shape.gpu_count:
        steps.append(f"free a GPU there, or ask for {len(fleet.free_gpus(row, shape.gpu_memory_mb))}")
    if shape.image and not fleet.stock.suffices(shape.image)[row]:
        steps.append(f"free disk for {shape.image} there")
    ports = [port for port in shape.host_ports if row in fleet.port_rows.get(port, ())]
    if ports:
        steps.append(f"publish another host port than {', '.join(ports)}")
    missing = [f"{name}={value}" for name, value in shape.constraint.labels if node.labels.get(name) != value]
    if missing:
        options = " ".join(f"--label {label}" for label in missing)
        steps.append(f"start its agent with {options}, or drop that from affinity.node_labels")
    if not steps:
        obstacles = next(one.obstacles for one in situations if node.node_id in one.nodes)
        steps.append(f"see to: {'; '.join(obstacles)}")
    return f"on {node.node_id}: {'; '.join(steps)}"


def _lack(shape: Shape, fleet: Fleet, row: int) -> float:
    """How much of what it asks for a node lacks, as a share of what it asks for."""
    cpu = max(shape.cpu_milli - int(fleet.cpu_free[row]), 0) / max(shape.cpu_milli, 1)
    memory = max(shape.memory_mb - int(fleet.memory_free[row]), 0) / max(shape.memory_mb, 1)
    return cpu + memory

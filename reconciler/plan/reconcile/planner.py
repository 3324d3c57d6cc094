"""`plan`: the one pure diff behind every deploy, update, stop, restart, node loss and rollback.

For every wanted instance one allocation is kept where it is if its node can still be counted on and meets the
constraints; what has none is placed; every other one stops. The reservations of what stops are free for what comes
after, and such actions wait for them (`Action.waits_for`), so that nothing is ever reserved twice.

It reads: classify, update in place, place, gates, assemble; then the proof and the blast radius.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.manifest.references import refers
from reconciler.plan.gates.blast_radius import within_blast_radius
from reconciler.plan.gates.gate import Draft
from reconciler.plan.gates.pipeline import gated
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Allocation, Observed
from reconciler.plan.model.plan import Action, Kind, Plan
from reconciler.plan.model.policy import Policy
from reconciler.plan.model.reasons import Moves, NodeDrained
from reconciler.plan.proof.stability import without_oscillation
from reconciler.plan.reconcile.building import PlanBuilder
from reconciler.plan.reconcile.classify import Blocked, Keep, Leave, Move, Restart, Update, best, classify, surplus
from reconciler.plan.reconcile.facts import Facts
from reconciler.plan.reconcile.in_place import update_in_place
from reconciler.plan.reconcile.placements import place_all
from reconciler.plan.reconcile.unknowns import unknowns
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.wants.past_references import Resolutions
from reconciler.plan.wants.references import Places
from reconciler.plan.wants.rollout_results import RolloutResults, rollout_results
from reconciler.plan.wants.versions import with_version_results
from reconciler.plan.wants.wanted import DesiredInstance, wanted, why_unwanted
from reconciler.wire.messages import InstanceKey

DEFAULT_POLICY = Policy()

ROUNDS_MAX = 5
"""How often a plan is made anew because what references stand for has changed where things fit."""

ORDER = {Kind.STOP: 0, Kind.UPDATE: 1, Kind.CREATE: 2}

Allocations = dict[InstanceKey, list[Allocation]]
Wants = Mapping[InstanceKey, DesiredInstance]


def plan(desired: Desired, observed: Observed, policy: Policy = DEFAULT_POLICY, now: float = 0.0) -> Plan:
    """The actions that turn what is observed into what is desired, proved to settle and within the limits.

    Total and deterministic: any input gives a plan, and the same input in any order gives the same plan.
    `now` is seconds since the epoch, on the clock of `Node.last_seen`.
    """
    proved = without_oscillation(draft, desired, observed, policy, now)
    return within_blast_radius(proved, desired, observed, policy.blast_radius)


def draft(
    desired: Desired,
    observed: Observed,
    policy: Policy = DEFAULT_POLICY,
    now: float = 0.0,
    only: Collection[str] | None = None,
) -> Plan:
    """The plan before proof and limits. With `only`, for these businesses: what runs of others counts as it is."""
    if only is not None:
        known = desired.businesses
        desired = replace(desired, businesses={key: known[key] for key in known if key in only})
    found = _drafted(desired, observed, policy, now, {}, only)
    if not any(refers(part) for entry in desired.businesses.values() for part in entry.business.components):
        return found
    # References are resolved by where the plan before puts everything, until that is where this one does.
    for _ in range(ROUNDS_MAX):
        before = found
        found = _drafted(desired, observed, policy, now, before.placements, only)
        if found.placements == before.placements:
            break
    return found


def _drafted(
    desired: Desired, observed: Observed, policy: Policy, now: float, places: Places, only: Collection[str] | None
) -> Plan:
    """The plan with references resolved by `places`, where everything was to be so far."""
    builder = PlanBuilder(Fleet(observed, policy, now))
    allocations = _counted(observed, builder.fleet, only)
    wants = _wants(desired, allocations, builder.fleet, places)
    results = rollout_results(desired, wants, allocations, now)
    desired = with_version_results(desired, results.found)
    if results.is_any_rejected:
        wants = _wants(desired, allocations, builder.fleet, places)
    facts = Facts(desired, observed, builder.fleet, Resolutions(places, observed), policy.freeze_after, now)
    moves, updates = _classified(wants, allocations, facts, builder)
    moves += update_in_place(updates, facts, builder)
    place_all(moves, facts, builder)
    return _assembled(wants, results, facts, builder)


def _counted(observed: Observed, fleet: Fleet, only: Collection[str] | None) -> Allocations:
    """The allocations on known nodes, by instance; with `only`, of these businesses. The fleet reserves for all."""
    found: Allocations = defaultdict(list)
    for allocation in observed.allocations:
        row = fleet.row.get(allocation.node_id)
        if row is not None:
            if only is None or allocation.key.business_id in only:
                found[allocation.key].append(allocation)
            fleet.reserve(row, allocation.reservation)
            fleet.add_peer(allocation.key.business_id, allocation.key.component_id, row)
    return found


def _wants(desired: Desired, allocations: Allocations, fleet: Fleet, places: Places) -> Wants:
    return {want.key: want for want in wanted(desired, allocations, fleet, places)}


def _classified(
    wants: Wants, allocations: Allocations, facts: Facts, builder: PlanBuilder
) -> tuple[list[tuple[DesiredInstance, Move]], list[tuple[DesiredInstance, Allocation]]]:
    """Keep, restart and stop what needs no room; what has to move, and what is to be updated, goes out."""
    moves: list[tuple[DesiredInstance, Move]] = []
    updates: list[tuple[DesiredInstance, Allocation]] = []
    for key, want in wants.items():
        there = allocations.get(key, ())
        kept = there[0] if len(there) == 1 else best(want, there, facts)
        bucket = classify(want, kept, facts)
        if isinstance(bucket, Move):
            moves.append((want, bucket))
            if bucket.ends is not None:
                builder.stop(bucket.ends, NodeDrained(bucket.ends.node_id, overdue=True))
        elif isinstance(bucket, Update):
            builder.placements[key] = bucket.allocation.node_id
            updates.append((want, bucket.allocation))
        else:
            _stays(want, bucket, builder)
        for allocation, reason in surplus(there, kept, facts) if len(there) > 1 else ():
            builder.stop(allocation, reason)
    for key, unwanted in allocations.items():
        for allocation in unwanted if key not in wants else ():
            builder.stop(allocation, why_unwanted(facts.desired, allocation, facts.node(allocation)))
    return moves, updates


def _stays(want: DesiredInstance, bucket: Keep | Leave | Blocked | Restart, builder: PlanBuilder) -> None:
    """Note what is to become of an instance that stays on its node in its version."""
    match bucket:
        case Keep(node_id, left):
            builder.drifted += left
        case Leave(node_id, drifted):
            builder.drifted.append(drifted)
        case Blocked(node_id, reason, left):
            builder.drifted += left
            builder.wait(want, reason)
        case Restart(kind, allocation, reason, left):
            node_id = allocation.node_id
            builder.drifted += left
            old = allocation.digest if kind is Kind.UPDATE else ""
            builder.start(kind, want, node_id, reason, allocation.reservation.gpu_devices, old)
    builder.placements[want.key] = node_id


def _assembled(wants: Wants, results: RolloutResults, facts: Facts, builder: PlanBuilder) -> Plan:
    """The plan, with what each action waits for, and in order."""
    fleet = builder.fleet
    timed = (_timed(action, builder) for action in builder.actions)
    ordered = sorted(timed, key=lambda action: (ORDER[action.kind], action.key, action.node_id))
    health = {node.node_id: fleet.node_health[row] for row, node in enumerate(fleet.nodes)}
    placements = dict(sorted(builder.placements.items()))
    actions, look_again = gated(Draft(facts.desired, facts.observed, wants, ordered, placements, health, facts.now))
    _hold_to_the_rules(actions)
    deadlines = [node.drain_by for node in fleet.nodes if node.drain_by is not None and node.drain_by > facts.now]
    times = [time for time in (results.look_again, look_again, *deadlines) if time is not None]
    return Plan(
        actions=actions,
        pending=tuple(sorted(builder.pending, key=lambda pending: pending.key)),
        placements=placements,
        version_results=results.found,
        look_again=min(times, default=None),
        unknowns=unknowns(fleet, facts.observed.allocations, placements, actions),
        drifted=tuple(sorted(builder.drifted, key=lambda left: (left.key, left.node_id, left.changes[0].field))),
    )


def _timed(action: Action, builder: PlanBuilder) -> Action:
    """The action, waiting for what must go before it has its room."""
    waits_for = builder.releases.needed_by(action)
    return replace(action, waits_for=waits_for) if waits_for else action


def _hold_to_the_rules(actions: Collection[Action]) -> None:
    """Assert what has to hold of every plan, by the rules of behaviour."""
    assert len({action.allocation_id for action in actions}) == len(actions), "rule 14: two actions on one allocation"
    starts = {action.allocation_id for action in actions if action.kind is not Kind.STOP}
    for action in actions:
        if isinstance(action.reason, Moves):
            assert (action.key, action.reason.to) in starts, f"rule 11: {action.key} stops without a successor"

"""What holds of every plan, whatever happened before: checked over generated stories of a small, crowded fleet."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.ask.status import derive
from reconciler.plan.model.blockers import BusinessMissing, NeededBusinessStopped
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Allocation, NodeHealth, Observed
from reconciler.plan.model.plan import Action, Kind, Plan
from reconciler.plan.model.policy import BlastRadius, Policy
from reconciler.plan.proof.simulate import applied
from reconciler.plan.reconcile.planner import plan
from reconciler.plan.schedule.node_health import node_health
from reconciler.plan.show.document import document
from reconciler.wire.messages import AllocationId, InstanceKey, Status, reservation_of
from tests.support.histories import worlds
from tests.support.planning import NOW, World

WORDS = {"pending", "deploying", "running", "failed", "stopping", "stopped", "updating"}


def ready(world: World) -> set[str]:
    return {
        node_id
        for node_id, node in world.observed.nodes.items()
        if node_health(node, Policy(), NOW) is NodeHealth.READY
    }


def by_place(allocations: Iterable[Allocation]) -> dict[AllocationId, Allocation]:
    return {(allocation.key, allocation.node_id): allocation for allocation in allocations}


def asks_anew(action: Action, before: dict[AllocationId, Allocation]) -> bool:
    """Whether the action promises what its place did not hold before."""
    if action.component is None:
        return False
    held = before.get((action.key, action.node_id))
    return held is None or held.reservation != reservation_of(action.component, action.gpu_devices)


def overpromised(world: World, node_id: str, allocations: Iterable[Allocation]) -> set[str]:
    """What of a node is promised beyond what it has, or twice."""
    node = world.observed.nodes[node_id]
    here = [allocation.reservation for allocation in allocations if allocation.node_id == node_id]
    things = Counter(f"gpu {device}" for reservation in here for device in reservation.gpu_devices)
    things.update(f"port {port}" for reservation in here for port in reservation.host_ports)
    found = {thing for thing, count in things.items() if count > 1}
    if sum(reservation.cpu_cores for reservation in here) > node.cpu_cores:
        found.add("cpu")
    if sum(reservation.memory_mb for reservation in here) > node.memory_mb:
        found.add("memory")
    return found


def asks_for(action: Action) -> set[str]:
    """What an action's instance takes of its node, in the words of `overpromised`."""
    assert action.component is not None
    reservation = reservation_of(action.component, action.gpu_devices)
    takes = {f"gpu {device}" for device in reservation.gpu_devices} | {
        f"port {port}" for port in reservation.host_ports
    }
    takes |= {"cpu"} if reservation.cpu_cores else set()
    return takes | ({"memory"} if reservation.memory_mb else set())


def carried_out(action: Action, observed: Observed) -> Observed:
    return applied(Plan(actions=(action,)), observed)


@given(world=worlds(), seed=st.integers(0, 2**32))
def test_the_same_input_in_any_order_gives_the_same_plan(world: World, seed: int) -> None:
    shuffle = random.Random(seed).shuffle
    nodes, allocations = list(world.observed.nodes.items()), list(world.observed.allocations)
    entries = list(world.desired.businesses.items())
    for items in (nodes, allocations, entries):
        shuffle(items)
    again = plan(Desired(dict(entries), world.desired.removed), Observed(dict(nodes), tuple(allocations)), now=NOW)
    assert again == world.plan()
    assert document(again, world.desired) == document(world.plan(), world.desired)


@given(world=worlds())
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(world: World) -> None:
    first = world.carries_out()
    second = world.plan()
    assert second.actions == ()
    assert [pending.key for pending in second.pending] == [pending.key for pending in first.pending]
    assert second.placements == first.placements


@given(world=worlds())
def test_nothing_is_promised_twice(world: World) -> None:
    before = by_place(world.observed.allocations)
    actions = world.carries_out().actions
    for action in actions:
        if asks_anew(action, before):
            assert not overpromised(world, action.node_id, world.observed.allocations) & asks_for(action), action


@given(world=worlds(), seed=st.integers(0, 2**32))
def test_nothing_is_promised_twice_at_any_moment(world: World, seed: int) -> None:
    """Actions that wait for nothing may run in any order; the others may once what they wait for is done."""
    before = by_place(world.observed.allocations)
    todo = list(world.plan().actions)
    random.Random(seed).shuffle(todo)
    observed = world.observed
    while todo:
        unfinished = {(action.key, action.node_id) for action in todo}
        able = [action for action in todo if not any((key, action.node_id) in unfinished for key in action.waits_for)]
        assert able, "actions wait for each other in a ring"
        action = able[0]
        todo.remove(action)
        observed = carried_out(action, observed)
        if asks_anew(action, before):
            assert not overpromised(world, action.node_id, observed.allocations) & asks_for(action), action


@given(world=worlds())
def test_what_answers_runs_each_wanted_instance_once_and_nothing_else(world: World) -> None:
    world.carries_out()
    counts = Counter(allocation.key for allocation in world.observed.allocations if allocation.node_id in ready(world))
    keys = {want.key for want in world.wanted()}
    assert set(counts) <= keys
    assert not counts or max(counts.values()) == 1


@given(world=worlds())
def test_every_wanted_instance_has_a_place_or_a_reason(world: World) -> None:
    result = world.plan()
    waiting = {pending.key for pending in result.pending}
    keys = {want.key for want in world.wanted()}
    assert set(result.placements) | waiting == keys
    assert all(pending.reason for pending in result.pending)


@given(world=worlds())
def test_only_the_unwanted_the_moved_and_the_changed_are_touched(world: World) -> None:
    digests = {want.key: want.digest for want in world.wanted()}
    before = by_place(world.observed.allocations)
    result = world.plan()
    for action in result.actions:
        allocation = before.get((action.key, action.node_id))
        if action.kind is Kind.STOP:
            assert allocation is not None
            assert action.key not in digests or result.placements[action.key] != action.node_id, action
        elif action.kind is Kind.UPDATE:
            assert allocation is not None and (
                allocation.digest != digests[action.key] or allocation.ended or action.changes
            ), action
        else:
            assert allocation is None or not allocation.confirmed or allocation.ended, action


@given(world=worlds())
def test_nodes_that_do_not_answer_are_asked_nothing_and_closed_ones_get_nothing_new(world: World) -> None:
    before = by_place(world.observed.allocations)
    places = []
    for action in world.plan().actions:
        assert action.node_id in ready(world)
        if world.observed.nodes[action.node_id].cordoned:
            assert (action.key, action.node_id) in before
        places.append((action.key, action.node_id))
    assert len(places) == len(set(places))


@given(world=worlds())
def test_new_instances_respect_affinity(world: World) -> None:
    before = by_place(world.observed.allocations)
    actions = world.carries_out().actions
    neighbours: dict[str, list[InstanceKey]] = defaultdict(list)
    for allocation in world.observed.allocations:
        neighbours[allocation.node_id].append(allocation.key)
    for action in actions:
        if action.component is None or (action.key, action.node_id) in before:
            continue
        node, affinity = world.observed.nodes[action.node_id], action.component.affinity
        assert action.component.type in node.runtimes
        assert affinity.node_id in (None, node.node_id)
        assert node.gpus or not affinity.require_gpu
        assert affinity.node_labels.items() <= node.labels.items()
        assert affinity.spread_by is None or affinity.spread_by in node.labels
        others = [key for key in neighbours[node.node_id] if key != action.key]
        for key in others:
            assert key.business_id != action.key.business_id or key.component_id not in affinity.anti_affinity


@given(world=worlds())
def test_every_world_has_a_status(world: World) -> None:
    statuses = derive(world.desired, world.observed, world.plan())
    assert set(statuses) == set(world.desired.businesses)
    assert {status.status for status in statuses.values()} <= WORDS


@given(world=worlds())
def test_what_is_held_is_let_go(world: World) -> None:
    """Doing only what waits for nothing, again and again, ends where nothing is left, or where there is no room or a business is not there."""
    world.policy = Policy(blast_radius=BlastRadius(volumes=1000))
    for business_id in world.desired.businesses:
        world.pauses(business_id, paused=False)
    healthy = (replace(allocation, status=Status.RUNNING, ended=False) for allocation in world.observed.allocations)
    world.observed = replace(world.observed, allocations=tuple(healthy))
    while (result := world.plan()).actions:
        able = tuple(action for action in result.actions if not action.blocked_by and not action.waits_for)
        if not able:
            outside = (BusinessMissing, NeededBusinessStopped)
            others = any(isinstance(action.blocked_by, outside) for action in result.actions)
            assert result.pending or others, "actions wait for each other"
            return
        world.observed = applied(replace(result, actions=able), world.observed)

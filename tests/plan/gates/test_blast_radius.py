"""How much one plan may end for good before an operator approves it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.gates.blast_radius import endings, stop_of
from reconciler.plan.model.plan import Action, Kind
from reconciler.plan.model.policy import BlastRadius, Policy
from tests.support.histories import worlds
from tests.support.planning import World, blocked, business, component, node


def fleet(replicas: int = 6, *, nodes: int = 3, data: bool = False, **limits: float) -> World:
    """Replicas of shop/web over some nodes, and limits that are wide unless they are given."""
    wide = {"stops": 1000, "nodes": 1000, "volumes": 1000}
    world = World(*(node(f"n{number}") for number in range(nodes)))
    world.policy = Policy(blast_radius=BlastRadius(**{**wide, **limits}))  # type: ignore[arg-type]
    return world.wants(business("shop", component(replicas=replicas, data=data))).settles()


def held(world: World) -> list[Action]:
    return [action for action in world.plan().actions if action.exceeds]


def reasons(world: World) -> set[str]:
    return {blocked(action) for action in held(world)}


@pytest.mark.parametrize("way", ["removes", "stops", "scales"])
def test_more_stops_than_one_plan_may_do_are_all_held(way: str) -> None:
    world = fleet(6, stops=4)
    if way == "scales":
        world.wants(business("shop", component(replicas=1)))
    else:
        getattr(world, way)("shop")
    count = 5 if way == "scales" else 6
    assert len(held(world)) == count == len(world.plan().actions)
    assert reasons(world) == {f"waits for `reconciler approve`: {count} stops are more than the 4 that one plan may do"}


def test_the_status_says_what_is_held() -> None:
    world = fleet(6, stops=4)
    world.wants(business("shop", component(replicas=1)))
    assert world.status("shop").status == "running"
    assert "reconciler approve" in world.status("shop").message
    world.stops("shop")
    assert (world.status("shop").status, world.status("shop").message) == ("stopping", blocked(held(world)[0]))


def test_as_many_as_allowed_are_done() -> None:
    world = fleet(4, stops=4)
    world.removes("shop")
    assert len(world.plan().actions) == 4 and not held(world)


def test_several_businesses_add_up() -> None:
    world = fleet(3, stops=4).wants(business("blog", component(replicas=3))).settles()
    world.removes("shop")
    assert not held(world)
    world.stops("blog")
    assert len(held(world)) == 6


def test_nodes_touched() -> None:
    world = fleet(6, nodes=3)
    world.policy = Policy(blast_radius=BlastRadius(nodes=2))
    world.removes("shop")
    assert len(held(world)) == 6
    assert reasons(world) == {
        "waits for `reconciler approve`: 3 nodes with stops are more than the 2 that one plan may touch"
    }


def test_only_what_holds_volumes_is_held_for_its_volumes() -> None:
    world = fleet(3, data=True, volumes=2).wants(business("blog", component(replicas=3))).settles()
    world.removes("shop")
    world.removes("blog")
    assert {action.key.business_id for action in held(world)} == {"shop"}
    assert reasons(world) == {
        "waits for `reconciler approve`: 3 stops of instances with volumes are more than the 2 that one plan may do"
    }
    assert {action.exceeds for action in held(world)} == {("volumes",)}


def test_a_share_of_a_business_that_stays() -> None:
    world = fleet(10, share=0.5)
    world.wants(business("shop", component(replicas=5)))
    assert not held(world)
    world.wants(business("shop", component(replicas=4)))
    assert reasons(world) == {
        "waits for `reconciler approve`: 6 stops of the 10 instances that run of shop are more than the 50% that one "
        "plan may do"
    }
    world.removes("shop")
    assert not held(world), "a business that goes has no share that stays"


def test_moves_surplus_copies_and_drained_nodes_do_not_count() -> None:
    world = fleet(2, nodes=2, stops=0).wants(business("log", component(mode="global"))).settles()
    world.node("n0", draining=True, cordoned=True)
    stops = [action for action in world.plan().actions if action.kind is Kind.STOP]
    assert len(stops) == 2 and not held(world), "one moves, one has nothing to do on a node that is emptied"
    (allocation, *_) = world.observed.allocations
    surplus = replace(allocation, node_id="n1", version=99)
    world.observed = replace(world.observed, allocations=(*world.observed.allocations, surplus))
    assert not held(world)


def test_what_is_approved_is_done_and_counts_no_more() -> None:
    world = fleet(6, stops=4).wants(business("blog", component(replicas=4))).settles()
    world.removes("shop")
    world.desired = replace(world.desired, approved=frozenset(map(stop_of, held(world))))
    world.desired = replace(
        world.desired, businesses={key: replace(entry, stopped=True) for key, entry in world.desired.businesses.items()}
    )
    assert len(world.plan().actions) == 10 and not held(world)


def test_an_approval_is_for_that_copy_only() -> None:
    world = fleet(6, stops=4)
    world.removes("shop")
    world.desired = replace(world.desired, approved=frozenset(map(stop_of, held(world)[:2])))
    assert not held(world), "four are left"
    world.policy = Policy(blast_radius=BlastRadius(stops=3))
    assert len(held(world)) == 4


@given(world=worlds(), stops=st.integers(0, 4), nodes=st.integers(0, 3), volumes=st.integers(0, 2))
def test_what_a_plan_ends_for_good_is_within_the_limits_or_held(
    world: World, stops: int, nodes: int, volumes: int
) -> None:
    world.policy = Policy(blast_radius=BlastRadius(stops, 1.0, nodes, volumes))
    result = world.plan()
    going = [action for action in endings(result, world.desired, world.observed) if not action.exceeds]
    allocations = {(allocation.key, allocation.node_id): allocation for allocation in world.observed.allocations}
    assert len(going) <= stops and len({action.node_id for action in going}) <= nodes
    assert sum(allocations[action.key, action.node_id].reservation.volumes for action in going) <= volumes
    world.desired = replace(world.desired, approved=frozenset(stop_of(action) for action in result.actions))
    world.policy = Policy(blast_radius=BlastRadius(stops, 1.0, nodes, volumes))
    assert not any(action.exceeds for action in world.plan().actions)

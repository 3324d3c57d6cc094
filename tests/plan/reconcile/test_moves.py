"""One instance, two nodes: which copy runs until when, as it moves for whatever reason."""

from dataclasses import replace
from typing import Any

from reconciler.manifest.model import Update
from reconciler.wire.messages import Status
from tests.support.planning import World, blocked, business, component, node

START_FIRST = Update(order="start-first")


def moving(**fields: Any) -> World:
    """An instance on a, which its spec now wants on b."""
    world = World(node("a"), node("b")).wants(business("shop", component(node_id="a", **fields))).settles()
    return world.wants(business("shop", component(node_id="b", **fields)))


def held(world: World) -> dict[str, str]:
    return {f"{action.kind} on {action.node_id}": blocked(action) for action in world.plan().actions}


def begins_on_b(world: World, **fields: Any) -> None:
    """The agent of b reports what it was asked for."""
    old = next(allocation for allocation in world.observed.allocations if allocation.node_id == "a")
    new = replace(old, node_id="b", version=old.version + 1, **fields)
    world.observed = replace(world.observed, allocations=(old, new))


def test_the_old_copy_runs_until_the_other_node_has_the_image() -> None:
    world = moving()
    assert held(world) == {"stop on a": "waits until b is about to start it", "create on b": ""}
    begins_on_b(world, status=Status.DOWNLOADING, container_id=None)
    assert held(world) == {"stop on a": "waits until b is about to start it"}
    begins_on_b(world, status=Status.STARTING)
    assert held(world) == {"stop on a": ""}


def test_start_first_keeps_the_old_copy_until_the_new_one_runs() -> None:
    world = moving(update=START_FIRST)
    assert held(world) == {"stop on a": "waits until it runs on b", "create on b": ""}
    begins_on_b(world, status=Status.STARTING)
    assert held(world) == {"stop on a": "waits until it runs on b"}
    begins_on_b(world, status=Status.RUNNING)
    assert held(world) == {"stop on a": ""}


def test_what_does_not_serve_is_not_kept_waiting() -> None:
    world = moving()
    world.allocation("shop/web/0", status=Status.FAILED)
    assert held(world) == {"stop on a": "", "create on b": ""}


def test_a_singleton_ends_on_one_node_before_it_begins_on_another() -> None:
    world = moving(singleton=True)
    assert held(world) == {"stop on a": "", "create on b": "waits until a has ended it"}
    world.node("a", silent=20)
    assert held(world) == {"create on b": "waits until a has ended it"}, "a suspect node may still run it"
    world.node("a", silent=61)
    assert held(world) == {"create on b": ""}, "an agent that is cut off has ended it by now"


def test_a_singleton_of_a_suspect_node_stays_there() -> None:
    world = World(node("a"), node("b", cpu_percent=100)).wants(business("shop", component(singleton=True))).settles()
    world.node("a", silent=20)
    assert world.lines() == []
    world.node("a", silent=61)
    assert world.lines() == ["create shop/web/0 on b: node a is lost"]


def test_start_first_needs_room_for_both_and_takes_another_node_for_it() -> None:
    shop = component(memory=600, update=START_FIRST)
    world = World(node("a", memory=1000)).wants(business("shop", shop)).settles()
    world.wants(business("shop", component(memory=600, update=START_FIRST, image_name="web:2")))
    assert world.lines() == []
    assert world.pending() == {"shop/web/0": "1 node: memory: needs 600 MB, at most 400 free"}
    world.has(node("b", memory=1000))
    assert held(world) == {"stop on a": "waits until it runs on b", "create on b": ""}
    world.settles()


def test_start_first_with_room_stays_on_its_node() -> None:
    world = World(node("a", memory=1200), node("b")).wants(business("shop", component(memory=600))).settles()
    node_id = world.where()["shop/web/0"]
    world.wants(business("shop", component(memory=600, update=START_FIRST, image_name="web:2")))
    assert world.lines() == [f"update shop/web/0 on {node_id}: spec changed"]


def test_start_first_takes_a_gpu_of_its_own_beside_the_old_one() -> None:
    world = World(node("a", gpus=(1, 1))).wants(business("lab", component(gpus=1, update=START_FIRST))).settles()
    world.wants(business("lab", component(gpus=1, update=START_FIRST, image_name="web:2")))
    assert [action.gpu_devices for action in world.plan().actions] == [(1,)]


def test_two_that_swap_crowded_nodes_do_not_wait_for_each_other() -> None:
    one, two = component("one", memory=700), component("two", memory=700)
    world = World(node("a", memory=1000), node("b", memory=1000)).wants(business("shop", one, two)).settles()
    where = world.where()
    other = {"a": "b", "b": "a"}
    world.wants(
        business(
            "shop",
            component("one", memory=700, node_id=other[where["shop/one/0"]]),
            component("two", memory=700, node_id=other[where["shop/two/0"]]),
        )
    )
    for _ in range(4):
        able = tuple(action for action in world.plan().actions if not action.blocked_by and not action.waits_for)
        assert able or not world.lines()
        world.carry_out(able)
    assert world.lines() == []


def test_what_leaves_a_gap_in_an_instance_s_service_is_marked() -> None:
    def gaps(world: World) -> dict[str, bool]:
        plan = world.plan()
        return {f"{action.kind} on {action.node_id}": plan.interrupts(action) for action in plan.actions}

    assert gaps(moving()) == {"stop on a": False, "create on b": False}
    assert gaps(moving(singleton=True)) == {"stop on a": True, "create on b": False}
    world = World(node("a")).wants(business("shop", component(memory=10))).settles()
    world.wants(business("shop", component(memory=20)))
    assert gaps(world) == {"update on a": False}, "limits change live"
    world.wants(business("shop", component(memory=10, image_name="web:2")))
    assert gaps(world) == {"update on a": True}
    world.wants(business("shop", component(memory=10, image_name="web:2", update=START_FIRST)))
    assert gaps(world) == {"update on a": False}
    world.removes("shop")
    assert gaps(world) == {"stop on a": False}, "what is not wanted is not interrupted"


def test_what_moves_to_where_a_surplus_allocation_is_replaces_it() -> None:
    world = World(node("a", cpu=1)).wants(business("shop", component(cpu=1))).settles()
    world.has(node("b", cpu=2))
    (first,) = world.observed.allocations
    surplus = replace(first, node_id="b", version=first.version - 1, container_id="other")
    world.observed = replace(world.observed, allocations=(first, surplus))
    world.wants(business("shop", component(cpu=2, image_name="web:2")))
    assert [(str(action.kind), action.node_id) for action in world.plan().actions] == [("stop", "a"), ("update", "b")]
    world.settles()
    assert world.running() == ["shop/web/0 on b"]

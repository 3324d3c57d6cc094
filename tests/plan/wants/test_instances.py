"""How many instances there are, and which: scaling down, and one on every node."""

from dataclasses import replace

from reconciler.wire.messages import Status
from tests.support.planning import World, business, component, node


def shop(**fields: object) -> World:
    world = World(node("a"), node("b"), node("c", labels={"disk": "ssd"}))
    return world.wants(business("shop", component("web", **fields))).settles()  # type: ignore[arg-type]


def test_scaling_down_gives_up_the_newest() -> None:
    world = shop(replicas=4)
    world.wants(business("shop", component("web", replicas=2)))
    assert [line.split()[1] for line in world.lines()] == ["shop/web/2", "shop/web/3"]


def test_scaling_down_gives_up_the_least_healthy_first_and_renames_nothing() -> None:
    world = shop(replicas=4)
    world.allocation("shop/web/1", status=Status.FAILED)
    world.wants(business("shop", component("web", replicas=2)))
    assert [line.split()[1] for line in world.lines()] == ["shop/web/1", "shop/web/3"]
    world.settles()
    assert sorted(world.where()) == ["shop/web/0", "shop/web/2"]


def test_what_is_being_scaled_away_goes_on_going_when_another_one_fails() -> None:
    world = shop(replicas=2)
    world.wants(business("shop", component("web", replicas=1)))
    world.allocation("shop/web/1", status=Status.STOPPING)
    world.allocation("shop/web/0", status=Status.FAILED)
    assert [line.split()[1] for line in world.lines()] == ["shop/web/1"]


def test_scaling_up_again_takes_the_free_numbers() -> None:
    world = shop(replicas=3)
    world.allocation("shop/web/0", status=Status.FAILED)
    world.wants(business("shop", component("web", replicas=2))).settles()
    world.wants(business("shop", component("web", replicas=4))).settles()
    assert sorted(world.where()) == ["shop/web/0", "shop/web/1", "shop/web/2", "shop/web/3"]


def test_a_global_component_runs_once_on_every_node() -> None:
    world = shop(mode="global")
    assert world.where() == {"shop/web/0": "a", "shop/web/1": "b", "shop/web/2": "c"}


def test_a_global_component_runs_where_its_affinity_lets_it() -> None:
    world = shop(mode="global", node_labels={"disk": "ssd"})
    assert world.where() == {"shop/web/0": "c"}


def test_a_new_node_gets_its_own_and_renames_none() -> None:
    world = shop(mode="global")
    world.has(node("aa"))
    assert world.lines() == ["create shop/web/3 on aa: not running yet"]


def test_a_node_that_is_lost_is_done_without_and_keeps_its_number_for_its_return() -> None:
    world = shop(mode="global")
    world.node("b", silent=100)
    assert world.lines() == []
    assert world.status("shop").status == "running"
    world.has(node("d"))
    assert world.lines() == ["create shop/web/3 on d: not running yet"]
    world.node("b", silent=0)
    assert world.settles().where()["shop/web/1"] == "b"


def test_a_cordoned_node_keeps_its_own_and_a_new_one_gets_none() -> None:
    world = shop(mode="global")
    world.node("a", cordoned=True)
    world.has(node("d", cordoned=True))
    assert world.lines() == []


def test_draining_ends_it_on_that_node() -> None:
    world = shop(mode="global")
    world.node("a", cordoned=True, draining=True)
    assert world.lines() == ["stop shop/web/0 on a: node a is draining"]


def test_a_node_without_room_is_named() -> None:
    world = World(node("a"), node("b", memory=100)).wants(business("shop", component("web", memory=200, mode="global")))
    assert "shop/web/1" in world.pending()
    assert "memory: needs 200 MB, at most 100 free" in world.pending()["shop/web/1"]


def test_two_copies_of_one_number_become_one_on_each_node() -> None:
    world = shop(mode="global")
    (there, *others) = sorted(world.observed.allocations, key=lambda allocation: allocation.node_id)
    world.observed = replace(world.observed, allocations=(there, replace(there, node_id="b"), others[1]))
    world.settles()
    assert sorted(world.where().values()) == ["a", "b", "c"]

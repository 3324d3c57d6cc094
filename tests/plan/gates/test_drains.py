"""Nodes that give away what they run, and what happens to instances of a lost node when the spec says so."""

from dataclasses import replace
from typing import Any

from reconciler.manifest.model import Component, Update
from reconciler.wire.messages import Status
from tests.support.planning import NOW, World, blocked, business, component, key, node


def test_a_drained_node_keeps_each_instance_until_it_runs_elsewhere() -> None:
    world = World(node("a"), node("b", cpu_percent=100)).wants(business("shop", component())).settles()
    assert world.running() == ["shop/web/0 on a"]
    world.node("a", draining=True)
    stop, create = world.plan().actions
    assert (str(stop.kind), stop.node_id, blocked(stop)) == ("stop", "a", "waits until it runs on b")
    assert (str(create.kind), create.node_id, blocked(create)) == ("create", "b", "")
    (old,) = world.observed.allocations
    for status, held in ((Status.STARTING, "waits until it runs on b"), (Status.RUNNING, "")):
        new = replace(old, node_id="b", status=status, version=old.version + 1)
        world.observed = replace(world.observed, allocations=(old, new))
        (stop,) = world.plan().actions
        assert (stop.node_id, blocked(stop)) == ("a", held), "the old copy is stopped only once the new one runs"
    world.settles()


def test_what_fits_nowhere_else_stays_and_says_why() -> None:
    world = World(node("a"), node("b", memory=10)).wants(business("shop", component(memory=100))).settles()
    world.node("a", draining=True)
    assert world.lines() == []
    assert world.where() == {"shop/web/0": "a"}
    assert world.pending() == {"shop/web/0": "1 node: draining; 1 node: memory: needs 100 MB, at most 10 free"}


def test_what_holds_data_stays_on_a_drained_node() -> None:
    world = World(node("a"), node("b", cpu_percent=100)).wants(business("shop", component(data=True))).settles()
    world.node("a", draining=True)
    assert world.lines() == []
    assert world.where() == {"shop/web/0": "a"}


def test_a_drained_node_gets_nothing_new() -> None:
    world = World(node("a", draining=True)).wants(business("shop", component()))
    assert world.pending() == {"shop/web/0": "1 node: draining"}


def test_data_moves_when_the_spec_says_that_it_may() -> None:
    shop = business("shop", component(data=True, on_node_loss="reschedule"))
    world = World(node("a"), node("b", cpu_percent=100)).wants(shop).settles()
    world.node("a", silent=61)
    assert world.lines() == ["create shop/web/0 on b: node a is lost"]


def test_an_instance_may_be_kept_where_it_is() -> None:
    world = World(node("a"), node("b")).wants(business("shop", component(on_node_loss="keep"))).settles()
    world.node("a", silent=61)
    assert world.lines() == []
    assert world.pending() == {"shop/web/0": "a is lost and is to be kept there: waits until it is back"}


def test_how_loss_is_met_is_no_part_of_a_container() -> None:
    world = World(node("a")).wants(business("shop", component())).settles()
    world.wants(business("shop", component(on_node_loss="keep", stop_grace_period=3.0)))
    assert world.lines() == []


def draining(*parts: Component, **fields: Any) -> World:
    """Everything runs on node a, which is drained; b is free."""
    world = World(node("a"), node("b", cordoned=True)).wants(business("shop", *parts)).settles()
    world.node("b", cordoned=False)
    world.node("a", draining=True, **fields)
    return world


def going(world: World) -> list[str]:
    """What is done now."""
    return [
        f"{action.kind} {action.key} on {action.node_id}" for action in world.plan().actions if not action.blocked_by
    ]


def test_one_instance_of_a_component_leaves_at_a_time() -> None:
    world = draining(component("web", replicas=3), component("job", replicas=2))
    assert going(world) == ["create shop/job/0 on b", "create shop/web/0 on b"]
    held = {str(action.key): blocked(action) for action in world.plan().actions if str(action.kind) == "create"}
    assert held["shop/web/2"] == "waits until web/0 runs elsewhere: 1 at a time"
    old = {str(allocation.key): allocation for allocation in world.observed.allocations}
    starting = replace(old["shop/web/0"], node_id="b", status=Status.STARTING, version=9)
    allocations = world.observed.allocations
    world.observed = replace(world.observed, allocations=(*allocations, starting))
    assert going(world) == ["create shop/job/0 on b"], "web/0 is not up yet"
    world.observed = replace(world.observed, allocations=(*allocations, replace(starting, status=Status.RUNNING)))
    assert going(world) == ["stop shop/web/0 on a", "create shop/job/0 on b", "create shop/web/1 on b"]
    world.settles()
    assert set(world.where().values()) == {"b"}


def test_as_many_leave_at_a_time_as_an_update_takes() -> None:
    world = draining(component("web", replicas=5, update=Update(parallelism=2)))
    assert going(world) == ["create shop/web/0 on b", "create shop/web/1 on b"]
    world = draining(component("web", replicas=5, update=Update(parallelism=0)))
    assert len(going(world)) == 5


def test_what_does_not_serve_leaves_at_once() -> None:
    world = draining(component("web", replicas=2))
    world.allocation("shop/web/1", status=Status.FAILED)
    assert going(world) == ["stop shop/web/1 on a", "create shop/web/0 on b", "create shop/web/1 on b"]


def test_a_singleton_waits_for_its_turn_where_it_serves() -> None:
    world = draining(component("web", replicas=2, singleton=True))
    assert going(world) == ["stop shop/web/0 on a"]
    left = tuple(allocation for allocation in world.observed.allocations if allocation.key != key("shop/web/0"))
    world.observed = replace(world.observed, allocations=left)
    assert going(world) == ["create shop/web/0 on b"], "web/1 serves on until web/0 does"


def test_after_its_deadline_a_drain_waits_for_nothing() -> None:
    parts = (component("web", replicas=2), component("big", memory=100), component("data", data=True))
    world = draining(*parts, drain_by=NOW + 60)
    world.node("b", memory_mb=50)
    assert world.plan().look_again == NOW + 60
    assert going(world) == ["create shop/web/0 on b"]
    world.node("a", drain_by=NOW)
    stops = ["stop shop/big/0 on a", "stop shop/web/0 on a", "stop shop/web/1 on a"]
    assert going(world) == [*stops, "create shop/web/0 on b", "create shop/web/1 on b"]
    world.settles()
    assert world.where() == {"shop/data/0": "a", "shop/web/0": "b", "shop/web/1": "b"}
    assert "memory: needs 100 MB, at most 50 free" in world.pending()["shop/big/0"]

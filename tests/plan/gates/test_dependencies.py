"""Start order: what waits for what, and that it never waits for ever."""

from typing import Any

from reconciler.manifest.model import Component, Dependency
from reconciler.plan.model.plan import Kind
from reconciler.wire.messages import Status
from tests.support.planning import NOW, World, blocked, business, component, node

AFTER = {
    word: Dependency(condition=f"service_{word}")  # type: ignore[arg-type]
    for word in ("started", "healthy", "completed_successfully")
}


def after(name: str, word: str = "healthy", **fields: Any) -> Component:
    """A component `web` that depends on `name`."""
    return component(depends_on={name: AFTER[word]}, **fields)


def held(world: World) -> dict[str, str]:
    """Why actions wait."""
    return {f"{action.kind} {action.key}": blocked(action) for action in world.plan().actions if action.blocked_by}


def test_a_component_waits_until_what_it_needs_is_healthy() -> None:
    world = World(node("a"), node("b")).wants(business("shop", after("db"), component("db", replicas=2)))
    assert held(world) == {"create shop/web/0": "waits until db/0 is healthy"}
    world.carries_out()
    world.allocation("shop/db/1", status=Status.STARTING, started_at=1.0)
    world.observed = type(world.observed)(
        world.observed.nodes,
        tuple(allocation for allocation in world.observed.allocations if allocation.key.component_id == "db"),
    )
    assert held(world) == {"create shop/web/0": "waits until db/1 is healthy"}
    world.allocation("shop/db/1", status=Status.RUNNING)
    assert held(world) == {}


def test_started_is_less_than_healthy() -> None:
    world = World(node("a")).wants(business("shop", component("db"))).settles()
    world.wants(business("shop", after("db", "started"), component("db")))
    world.allocation("shop/db/0", status=Status.STARTING)
    assert held(world) == {"create shop/web/0": "waits until db/0 has started"}
    world.allocation("shop/db/0", status=Status.STARTING, started_at=1.0)
    assert held(world) == {}


def test_a_one_shot_comes_first_and_again_when_it_changes() -> None:
    migrate = component("migrate", restart="no")
    world = World(node("a")).wants(business("shop", migrate)).settles()
    world.wants(business("shop", after("migrate", "completed_successfully"), migrate))
    assert held(world) == {"create shop/web/0": "waits until migrate/0 has completed"}
    world.allocation("shop/migrate/0", status=Status.FAILED, ended=True)
    assert held(world) == {"create shop/web/0": "waits until migrate/0 has completed"}
    world.allocation("shop/migrate/0", status=Status.STOPPED, ended=True)
    assert held(world) == {}
    world.carries_out()
    world.allocation("shop/migrate/0", status=Status.STOPPED, ended=True)
    assert world.lines() == [], "what has completed is not run again"

    newer = component("migrate", restart="no", image_name="migrate:2")
    world.wants(business("shop", after("migrate", "completed_successfully", image_name="web:2"), newer))
    assert [action.kind for action in world.plan().actions] == [Kind.UPDATE, Kind.UPDATE]
    assert held(world) == {"update shop/web/0": "waits until migrate/0 has completed"}


def test_without_a_healthcheck_healthy_is_what_has_run_for_a_while() -> None:
    world = World(node("a")).wants(business("shop", after("db"), component("db")))
    world.carry_out(tuple(action for action in world.plan().actions if not action.blocked_by))
    world.allocation("shop/db/0", since=NOW - 2)
    assert held(world) == {"create shop/web/0": "waits until db/0 is healthy"}
    assert world.plan().look_again == NOW + 3
    world.allocation("shop/db/0", since=NOW - 5)
    assert held(world) == {}


def test_the_order_is_no_part_of_a_container() -> None:
    world = World(node("a")).wants(business("shop", component("db"), component("web"))).settles()
    world.wants(business("shop", component("db"), after("db")))
    assert world.lines() == []


def test_stops_go_in_reverse_order() -> None:
    world = World(node("a")).wants(business("shop", after("db"), component("db"))).settles()
    world.stops("shop")
    assert held(world) == {"stop shop/db/0": "waits until web/0 has stopped"}
    assert held(World(node("a")).wants(business("shop", after("db"), component("db")))) != {}


def test_a_business_that_is_removed_stops_in_reverse_order_too() -> None:
    world = World(node("a")).wants(business("shop", after("db"), component("db"))).settles()
    world.removes("shop")
    assert held(world) == {"stop shop/db/0": "waits until web/0 has stopped"}
    world.settles()


def test_components_that_leave_the_spec_stop_in_reverse_order_too() -> None:
    world = World(node("a")).wants(business("shop", after("db"), component("db"), component("other"))).settles()
    world.wants(business("shop", component("other")))
    assert held(world) == {"stop shop/db/0": "waits until web/0 has stopped"}
    world.wants(business("shop", component("web"), component("other")))
    assert held(world) == {}, "what runs on without it does not keep it"


def test_what_others_need_the_room_of_is_not_held() -> None:
    """db needs the room that web's update gives up; waiting for db first would be waiting for ever."""
    world = World(node("a", memory=100)).wants(business("shop", component("web", memory=90))).settles()
    world.wants(business("shop", after("db", memory=10), component("db", memory=80)))
    assert [action.waits_for != () for action in world.plan().actions] == [False, True]
    assert held(world) == {}


def test_a_status_says_what_is_waited_for() -> None:
    world = World(node("a")).wants(business("shop", after("db"), component("db")))
    found = {item.key.component_id: item.message for item in world.status("shop").instances}
    assert found["web"] == "waits until db/0 is healthy"
    assert world.status("shop").status == "deploying"

"""Between businesses: what waits for others to run, what stops after its users, and what is paused."""

from typing import Any

import pytest

from reconciler.manifest.model import Business, Component
from reconciler.plan.gates.businesses import circles
from reconciler.plan.keep.state import State
from reconciler.plan.keep.state_json import from_json, to_json
from reconciler.wire.messages import Status
from tests.support.planning import NOW, World, blocked, component, key, node


def business(name: str, *components: Component, after: tuple[str, ...] = ()) -> Business:
    return Business(business_id=name, business_name=name, components=components, depends_on_businesses=after)


def shop(image: str = "web:1", after: tuple[str, ...] = ("data",), **fields: Any) -> Business:
    return business("shop", component("web", image_name=image, **fields), after=after)


def data(image: str = "db:1", **fields: Any) -> Business:
    return business("data", component("db", image_name=image, **fields))


def held(world: World) -> dict[str, str]:
    """Why actions wait."""
    return {f"{action.kind} {action.key}": blocked(action) for action in world.plan().actions if action.blocked_by}


def test_a_business_starts_when_every_instance_of_the_other_runs() -> None:
    world = World(node("a"), node("b")).wants(shop(), data(replicas=2))
    assert held(world) == {"create shop/web/0": "waits until business data runs: db/0 does not yet"}
    world.carry_out(tuple(action for action in world.plan().actions if action.key.business_id == "data"))
    world.allocation("data/db/1", status=Status.STARTING)
    assert held(world) == {"create shop/web/0": "waits until business data runs: db/1 does not yet"}
    assert world.status("shop").instances[0].message == held(world)["create shop/web/0"]
    world.allocation("data/db/1", status=Status.RUNNING)
    assert held(world) == {}
    world.settles()


def test_a_change_waits_until_the_other_runs_in_its_new_version() -> None:
    world = World(node("a")).wants(shop(), data()).settles()
    world.wants(shop("web:2"), data("db:2"))
    assert held(world) == {"update shop/web/0": "waits until business data runs: db/0 does not yet"}
    world.carry_out(tuple(action for action in world.plan().actions if action.key.business_id == "data"))
    assert held(world) == {}


def test_a_one_shot_that_has_done_its_work_counts_as_running() -> None:
    world = World(node("a")).wants(data(restart="no")).settles()
    world.allocation("data/db/0", status=Status.STOPPED, ended=True)
    assert held(world.wants(shop())) == {}
    world.allocation("data/db/0", status=Status.FAILED, ended=True)
    assert list(held(world)) == ["create shop/web/0"]


def test_what_ran_already_is_moved_and_healed_though_the_other_is_down() -> None:
    world = World(node("a"), node("b")).wants(shop(node_labels={}), data()).settles()
    world.allocation("data/db/0", status=Status.FAILED, ended=True)
    home = world.allocation("shop/web/0").node_id
    world.node(home, silent=100)
    assert "create shop/web/0" in {f"{action.kind} {action.key}" for action in world.plan().actions}
    assert "create shop/web/0" not in held(world)


def test_a_singleton_that_moves_in_a_new_version_stops_only_when_it_may_start() -> None:
    world = World(node("a"), node("b")).wants(shop(singleton=True), data()).settles()
    world.allocation("data/db/0", status=Status.FAILED, ended=True)
    other = "b" if world.allocation("shop/web/0").node_id == "a" else "a"
    world.wants(shop("web:2", singleton=True, node_id=other))
    assert held(world)["stop shop/web/0"] == "waits until business data runs: db/0 does not yet"


@pytest.mark.parametrize("stopped", [True, False])
def test_one_that_is_stopped_or_not_there_is_waited_for(stopped: bool) -> None:
    world = World(node("a")).wants(shop())
    if stopped:
        world.wants(data()).settles()
        world.stops("data")
    why = "waits until business data runs, which is stopped"
    if not stopped:
        why = "waits for business data, which there is not: deploy it too"
    world.wants(shop("web:2"))
    (found,) = set(held(world).values())
    assert found == why
    if not stopped:
        assert world.status("shop").status != "running"
        assert world.status("shop").message == f"web/0: {why}"


@pytest.mark.parametrize("end", [World.stops, World.removes])
def test_where_both_go_the_user_goes_first(end: Any) -> None:
    world = World(node("a")).wants(shop(), data()).settles()
    end(world, "data")
    assert held(world) == {}, "the shop stays: nothing of it has to stop first"
    end(world, "shop")
    assert held(world) == {"stop data/db/0": "waits until shop/web/0 has stopped"}
    world.carry_out(tuple(action for action in world.plan().actions if action.key.business_id == "shop"))
    assert held(world) == {}
    world.settles()


def test_what_others_wait_for_to_have_its_room_waits_for_nobody() -> None:
    world = World(node("a", cpu=2)).wants(shop(cpu=2, after=())).settles()
    world.wants(shop("web:2", cpu=1), data(cpu=1))
    assert held(world) == {}, "data waits for the room that the update of the shop leaves"
    assert [str(action.key) for action in world.plan().actions if action.waits_for] == ["data/db/0"]
    world.settles()


def test_those_in_a_circle_wait_and_hold_nobody_up() -> None:
    a, b = business("a", component("x"), after=("b",)), business("b", component("x"), after=("a",))
    world = World(node("n")).wants(a, b, data())
    assert set(held(world)) == {"create a/x/0", "create b/x/0"}
    assert circles(world.desired, [a]) == {"a": "goes round in a circle: a → b → a"}
    assert circles(world.desired, [business("a", component("x"), after=("data",))]) == {}


def test_nothing_is_done_of_a_paused_business_until_it_is_resumed() -> None:
    world = World(node("a"), node("b")).wants(shop(after=()), data()).settles()
    world.pauses("shop")
    assert world.lines() == [] and world.status("shop").status == "running"
    assert world.status("shop").message == "paused: 'reconciler resume shop' goes on"
    world.wants(shop("web:2", after=(), replicas=2), data("db:2"))
    why = "paused: 'reconciler resume shop' goes on"
    assert held(world) == {"create shop/web/1": why, "update shop/web/0": why}
    world.node(world.allocation("shop/web/0").node_id, silent=100)
    assert set(held(world).values()) == {why}, "it is not moved either"
    world.pauses("shop", paused=False)
    assert held(world) == {}


def test_a_paused_business_can_be_stopped() -> None:
    world = World(node("a")).wants(shop(after=())).settles()
    world.pauses("shop")
    world.stops("shop")
    assert held(world) == {} and world.lines() == ["stop shop/web/0 on a: business shop is stopped"]


def test_pause_policy_and_order_are_part_of_a_state() -> None:
    world = World(node("a")).wants(shop(), data())
    world.pauses("data")
    state = State(world.desired, world.observed, world.policy, NOW)
    again = from_json(to_json(state))
    assert again.desired == state.desired
    assert again.document() == state.document()
    assert {action.key: bool(action.blocked_by) for action in again.plan().actions} == {
        key("data/db/0"): True,
        key("shop/web/0"): True,
    }

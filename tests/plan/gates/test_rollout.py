"""Rolling updates: a few at a time, and no further than the new version works."""

from typing import Any

from reconciler.manifest.model import Update
from reconciler.wire.messages import Status
from tests.support.planning import World, blocked, business, component, node


def rolling(image: str, **fields: Any) -> World:
    """Three instances of version 1 on one node, and a wish for another version."""
    world = World(node("a")).wants(business("shop", component(replicas=3, image_name="web:1", **fields))).settles()
    return world.wants(business("shop", component(replicas=3, image_name=image, **fields)))


def held(world: World) -> dict[str, str]:
    """Why updates wait."""
    return {str(action.key): blocked(action) for action in world.plan().actions if action.blocked_by}


def now_runs_new(world: World, text: str, status: Status) -> None:
    """The agent reports that this instance has come to the new version."""
    digest = next(action.digest for action in world.plan().actions)
    world.allocation(text, digest=digest, status=status)


def test_one_at_a_time_unless_the_spec_says_otherwise() -> None:
    world = rolling("web:2")
    why = "waits until web/0 runs: 1 at a time"
    assert held(world) == {"shop/web/1": why, "shop/web/2": why}
    now_runs_new(world, "shop/web/0", Status.STARTING)
    assert held(world) == {"shop/web/1": why, "shop/web/2": why}
    now_runs_new(world, "shop/web/0", Status.RUNNING)
    assert held(world) == {"shop/web/2": "waits until web/1 runs: 1 at a time"}
    now_runs_new(world, "shop/web/1", Status.RUNNING)
    assert held(world) == {}
    now_runs_new(world, "shop/web/2", Status.RUNNING)
    assert world.lines() == []


def test_more_at_a_time_or_all_at_once() -> None:
    assert held(rolling("web:2", update=Update(parallelism=2))) == {
        "shop/web/2": "waits until web/0, web/1 run: 2 at a time"
    }
    assert held(rolling("web:2", update=Update(parallelism=3))) == {}
    assert held(rolling("web:2", update=Update(parallelism=0))) == {}


def test_a_version_that_fails_goes_no_further() -> None:
    world = rolling("web:broken")
    now_runs_new(world, "shop/web/0", Status.FAILED)
    assert set(held(world)) == {"shop/web/1", "shop/web/2"}
    world.wants(business("shop", component(replicas=3, image_name="web:3")))
    updates = {str(action.key): blocked(action) for action in world.plan().actions}
    assert updates["shop/web/0"] == "", "the next version begins with what does not serve anyway"
    world.wants(business("shop", component(replicas=3, image_name="web:1")))
    assert [str(action.key) for action in world.plan().actions] == ["shop/web/0"], "and so does the way back"


def test_an_update_that_is_overtaken_goes_straight_to_the_newest() -> None:
    world = rolling("web:2")
    now_runs_new(world, "shop/web/0", Status.STARTING)
    world.wants(business("shop", component(replicas=3, image_name="web:3")))
    plan = world.plan()
    assert {change.new for action in plan.actions for change in action.changes} == {"web:3"}
    assert {str(action.key): blocked(action) for action in plan.actions} == {
        "shop/web/0": "",
        "shop/web/1": "waits until web/0 runs: 1 at a time",
        "shop/web/2": "waits until web/0 runs: 1 at a time",
    }, "what came up last and does not serve yet goes first"
    world.settles()
    assert world.lines() == []


def test_what_is_left_waits_when_all_turns_are_taken_by_failures() -> None:
    world = rolling("web:broken", update=Update(parallelism=2))
    now_runs_new(world, "shop/web/0", Status.FAILED)
    now_runs_new(world, "shop/web/1", Status.FAILED)
    assert held(world) == {"shop/web/2": "waits until web/0, web/1 run: 2 at a time"}


def test_a_spec_may_say_to_go_on_after_failures() -> None:
    world = rolling("web:broken", update=Update(failure_action="continue"))
    now_runs_new(world, "shop/web/0", Status.FAILED)
    assert held(world) == {"shop/web/2": "waits until web/1 runs: 1 at a time"}


def test_what_does_not_serve_is_updated_at_once() -> None:
    world = rolling("web:2")
    for number in range(3):
        world.allocation(f"shop/web/{number}", status=Status.FAILED)
    assert held(world) == {}


def test_instances_that_have_no_place_yet_do_not_stop_an_update() -> None:
    world = World(node("a", memory=300)).wants(business("shop", component(memory=100, replicas=3))).settles()
    world.wants(business("shop", component(memory=100, replicas=5, image_name="web:2")))
    assert set(held(world)) == {"shop/web/1", "shop/web/2"}
    assert set(world.pending()) == {"shop/web/3", "shop/web/4"}


def test_how_it_is_rolled_out_is_no_part_of_a_container() -> None:
    world = World(node("a")).wants(business("shop", component())).settles()
    world.wants(business("shop", component(update=Update(parallelism=5))))
    assert world.lines() == []

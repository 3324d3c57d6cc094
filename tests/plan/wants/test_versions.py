"""New versions that fail, prove good, or wait for an operator's word."""

from dataclasses import replace
from typing import Any

from reconciler.manifest.digest import digest
from reconciler.manifest.model import Update
from reconciler.plan.model.desired import VersionResult
from reconciler.plan.wants.versions import with_version_results
from reconciler.wire.messages import Status
from tests.support.planning import NOW, World, blocked, business, component, node

ROLLBACK = Update(failure_action="rollback", parallelism=0)
OLD, NEW = "web:1", "web:2"


def rolling(update: Update = ROLLBACK, replicas: int = 3, **fields: Any) -> World:
    """Instances of an old version that is good, and a wish for a new one."""
    world = World(node("a"))
    world.wants(business("shop", component(image_name=OLD, update=update, replicas=replicas, **fields))).settles()
    remembers(world)
    return world.wants(business("shop", component(image_name=NEW, update=update, replicas=replicas, **fields)))


def remembers(world: World) -> dict[str, str]:
    """The manager keeps the plan's verdicts; which they are, by component."""
    found = world.plan().version_results
    world.desired = with_version_results(world.desired, found)
    return {name: verdict.outcome for (_, name, _), verdict in found.items()}


def becomes(world: World, number: int, status: Status, **fields: Any) -> None:
    """An instance comes to the new version, and is then like this."""
    new = digest(component(image_name=NEW, update=ROLLBACK))
    world.allocation(f"shop/web/{number}", digest=new, status=status, **fields)


def images(world: World) -> list[str]:
    """The image that each action would start."""
    return [action.component.image_name or "" for action in world.plan().actions if action.component]


def test_a_version_that_fails_is_rolled_back_everywhere_and_says_why() -> None:
    world = rolling()
    becomes(world, 0, Status.RUNNING)
    becomes(world, 1, Status.FAILED, message="exited with code 1: no such table")
    assert images(world) == [OLD, OLD], "what runs the old version is left alone"
    assert all("no such table" in line for line in world.lines())
    assert remembers(world) == {"web": "rejected"}
    world.settles()
    assert world.status("shop").status == "running"
    assert "web: rolled back, as the new version failed: exited with code 1" in world.status("shop").message


def test_a_rejected_version_is_not_tried_again_and_the_next_one_is() -> None:
    world = rolling()
    becomes(world, 0, Status.FAILED)
    remembers(world)
    world.settles()
    assert world.lines() == []
    world.wants(business("shop", component(image_name="web:3", update=ROLLBACK, replicas=3)))
    assert images(world) == ["web:3"] * 3


def test_a_rejected_version_can_still_be_scaled_and_moved() -> None:
    world = rolling()
    becomes(world, 0, Status.FAILED)
    remembers(world)
    world.settles()
    world.wants(business("shop", component(image_name=NEW, update=ROLLBACK, replicas=4)))
    assert images(world) == [OLD]


def test_an_attempt_that_left_the_old_version_running_counts_too() -> None:
    world = rolling()
    new = digest(component(image_name=NEW, update=ROLLBACK))
    world.allocation("shop/web/0", failed_digest=new, message="update failed: no such image")
    assert world.lines() == []
    assert remembers(world) == {"web": "rejected"}


def test_some_failures_may_be_allowed() -> None:
    world = rolling(Update(failure_action="rollback", parallelism=0, max_failure_ratio=0.34))
    becomes(world, 0, Status.FAILED)
    assert remembers(world) == {}
    becomes(world, 1, Status.FAILED)
    assert remembers(world) == {"web": "rejected"}


def test_a_version_that_was_good_is_not_rolled_back_for_what_happens_later() -> None:
    world = rolling()
    for number in range(3):
        becomes(world, number, Status.RUNNING)
    assert remembers(world) == {"web": "good"}
    becomes(world, 0, Status.FAILED)
    assert remembers(world) == {}
    assert world.lines() == []


def test_good_is_what_has_run_for_long_enough() -> None:
    world = rolling(Update(failure_action="rollback", parallelism=0, monitor=30))
    for number in range(3):
        becomes(world, number, Status.RUNNING, since=NOW - 10 - number)
    assert remembers(world) == {}
    assert world.plan().look_again == NOW + 20
    for number in range(3):
        becomes(world, number, Status.RUNNING, since=NOW - 30)
    assert remembers(world) == {"web": "good"}


def test_a_first_version_has_nothing_to_go_back_to() -> None:
    world = World(node("a")).wants(business("shop", component(update=ROLLBACK))).settles()
    world.allocation("shop/web/0", status=Status.FAILED)
    assert remembers(world) == {}
    assert world.lines() == []


def test_two_bad_versions_in_a_row_lead_back_to_the_good_one() -> None:
    world = rolling(replicas=1)
    becomes(world, 0, Status.FAILED)
    remembers(world)
    world.settles()
    world.wants(business("shop", component(image_name="web:3", update=ROLLBACK)))
    world.carries_out()
    world.allocation("shop/web/0", status=Status.FAILED)
    assert images(world) == [OLD]


def test_the_others_wait_until_an_updated_instance_has_proved_itself() -> None:
    update = Update(monitor=20, delay=10)
    world = rolling(update)
    becomes(world, 0, Status.RUNNING, since=NOW - 5)
    plan = world.plan()
    assert {blocked(action) for action in plan.actions} == {"waits until web/0 has run for 30 s: 1 at a time"}
    assert plan.look_again == NOW + 25
    becomes(world, 0, Status.RUNNING, since=NOW - 30)
    assert blocked(world.plan().actions[0]) == ""


def test_canaries_go_first_and_the_rest_waits_for_a_word() -> None:
    world = rolling(Update(canary=1, parallelism=0), replicas=3)
    why = "waits for `reconciler promote shop/web`: 1 of 3 go first"
    assert [blocked(action) for action in world.plan().actions] == ["", why, why]
    becomes(world, 0, Status.RUNNING)
    assert [blocked(action) for action in world.plan().actions] == [why, why]
    new = digest(component(image_name=NEW))
    world.desired = with_version_results(world.desired, {("shop", "web", new): VersionResult("promoted")})
    assert [blocked(action) for action in world.plan().actions] == ["", ""]


def test_the_word_was_for_one_version_only() -> None:
    world = rolling(Update(canary=1, parallelism=0), replicas=2)
    new = digest(component(image_name=NEW))
    world.desired = with_version_results(world.desired, {("shop", "web", new): VersionResult("promoted")})
    world.settles()
    world.wants(business("shop", component(image_name="web:3", update=Update(canary=1), replicas=2)))
    assert [bool(action.blocked_by) for action in world.plan().actions] == [False, True]


def test_a_failed_attempt_is_told_by_the_business_and_not_by_the_instance_that_serves() -> None:
    world = rolling(Update(), replicas=1)
    new = digest(component(image_name=NEW))
    world.allocation("shop/web/0", failed_digest=new, message="update to version 2 failed: no such image")
    status = world.status("shop")
    assert (status.status, status.message) == ("failed", "web/0: update to version 2 failed: no such image")
    assert status.instances[0].status is Status.RUNNING


def test_verdicts_do_not_depend_on_the_order_of_reports() -> None:
    world = rolling()
    for number in range(3):
        becomes(world, number, Status.FAILED, message=f"failure {number}")
    before = world.plan()
    world.observed = replace(world.observed, allocations=tuple(reversed(world.observed.allocations)))
    assert world.plan() == before

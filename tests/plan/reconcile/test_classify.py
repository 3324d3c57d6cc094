"""What is to become of one instance, judged by what there is of it: a table of buckets."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.plan.model.observed import Allocation, Vanished
from reconciler.plan.model.plan import Kind
from reconciler.plan.model.reasons import (
    NOT_RUNNING,
    AffinityUnmet,
    Ended,
    Failed,
    NodeDrained,
    NodeSilent,
    RemovedByHand,
)
from reconciler.plan.model.stays import LostNodeAwaited
from reconciler.plan.reconcile.classify import Blocked, Bucket, Keep, Move, Restart, Update, best, classify, surplus
from reconciler.plan.reconcile.facts import Facts
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.wants.past_references import Resolutions
from reconciler.wire.messages import Reservation, Status
from tests.support.planning import NOW, World, business, component, node

DRAINED = NodeDrained("a")


def running(**fields: Any) -> World:
    """The shop's web, which runs on a."""
    return World(node("a")).wants(business("shop", component(**fields))).settles()


def facts(world: World) -> Facts:
    fleet = Fleet(world.observed, world.policy, NOW)
    return Facts(world.desired, world.observed, fleet, Resolutions({}, world.observed), 3, NOW)


def bucket(world: World) -> Bucket:
    (want,) = world.wanted()
    found = facts(world)
    return classify(want, best(want, world.observed.allocations, found), found)


def only(world: World) -> Allocation:
    (allocation,) = world.observed.allocations
    return allocation


def test_what_runs_as_it_should_is_kept() -> None:
    assert bucket(running()) == Keep("a")


def test_what_has_nothing_is_placed() -> None:
    assert bucket(World(node("a")).wants(business("shop", component()))) == Move(NOT_RUNNING)


def test_what_somebody_removed_is_placed_for_that() -> None:
    world = running()
    gone = only(world)
    vanished = {gone.key: Vanished("a", gone.digest)}
    world.observed = replace(world.observed, allocations=(), vanished=vanished)
    assert bucket(world) == Move(RemovedByHand("a"))


def test_another_version_is_updated() -> None:
    world = running()
    world.wants(business("shop", component(image_name="web:2")))
    assert bucket(world) == Update(only(world))


@pytest.mark.parametrize(
    ("changed", "kind", "reason"),
    [
        ({"confirmed": False}, Kind.CREATE, NOT_RUNNING),
        ({"status": Status.FAILED, "ended": True, "container_id": None}, Kind.CREATE, Failed("failed")),
        ({"status": Status.FAILED, "ended": True, "message": "exit 1"}, Kind.UPDATE, Ended("exit 1")),
    ],
)
def test_what_has_not_come_or_has_ended_is_started_again(changed: dict[str, Any], kind: Kind, reason: object) -> None:
    world = running()
    allocation = world.allocation("shop/web/0", **changed)
    assert bucket(world) == Restart(kind, allocation, reason)  # type: ignore[arg-type]


def test_what_has_done_its_work_is_kept() -> None:
    world = running(restart="no")
    world.allocation("shop/web/0", status=Status.STOPPED, ended=True)
    assert bucket(world) == Keep("a")


def test_a_lost_node_is_left_unless_it_holds_data() -> None:
    world = running()
    world.node("a", silent=61)
    assert bucket(world) == Move(NodeSilent("a", facts(world).health(only(world))))
    world.allocation("shop/web/0", reservation=Reservation(volumes=True))
    assert bucket(world) == Blocked("a", LostNodeAwaited("a", volumes=True))


def test_a_node_that_no_longer_meets_the_affinity_is_left() -> None:
    world = running()
    world.wants(business("shop", component(node_labels={"zone": "east"})))
    assert bucket(world) == Move(AffinityUnmet("a"), only(world))


def test_a_drained_node_is_left_and_after_its_deadline_without_waiting() -> None:
    world = running()
    world.node("a", draining=True, cordoned=True)
    assert bucket(world) == Move(DRAINED, only(world), leaves=True)
    world.node("a", drain_by=NOW - 1)
    assert bucket(world) == Move(DRAINED, leaves=True, ends=only(world))


def test_of_several_the_newest_on_a_node_that_counts_is_kept_and_the_others_are_surplus() -> None:
    world = running()
    world.has(node("b"), node("c", silent=61))
    first = only(world)
    second, third = replace(first, node_id="b", version=9), replace(first, node_id="c", version=10)
    world.observed = replace(world.observed, allocations=(first, second, third))
    (want,) = world.wanted()
    found = facts(world)
    assert best(want, (first, second, third), found) == second
    others = list(surplus((first, second, third), second, found))
    assert [(one.node_id, str(why)) for one, why in others] == [
        ("a", "surplus: runs on b"),
        ("c", "surplus: runs on b"),
    ]

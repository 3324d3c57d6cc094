"""The mission's status words, each as the story that leads to it."""

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.manifest.model import Update
from reconciler.wire.messages import Status
from tests.support.planning import World, business, component, key, node

WEB = business("shop", component())


def fresh() -> World:
    return World(node("a")).wants(WEB)


def running() -> World:
    return fresh().settles()


def assigned() -> World:
    world = running()
    world.allocation("shop/web/0", confirmed=False, status=Status.PENDING, container_id=None)
    return world


def reports(status: Status, **fields: Any) -> Callable[[], World]:
    def story() -> World:
        world = running()
        world.allocation("shop/web/0", status=status, **fields)
        return world

    return story


def one_shot(status: Status) -> Callable[[], World]:
    def story() -> World:
        world = World(node("a")).wants(business("shop", component(restart="no"))).settles()
        world.allocation("shop/web/0", status=status, ended=True)
        return world

    return story


def full() -> World:
    return World(node("a", memory=64)).wants(business("shop", component(memory=128)))


def stopping() -> World:
    world = running()
    world.stops("shop")
    return world


def stopped() -> World:
    return stopping().settles()


def updating() -> World:
    return running().wants(business("shop", component(image_name="web:2")))


def update_downloads() -> World:
    world = updating().settles()
    world.wants(business("shop", component(image_name="web:2", replicas=2))).settles()
    world.allocation("shop/web/0", status=Status.DOWNLOADING)
    return world


def restarting() -> World:
    world = running()
    world.restarts("shop")
    return world


def update_has_no_room() -> World:
    return running().wants(business("shop", component(memory=10**6)))


def holds_data_on_a_lost_node() -> World:
    world = World(node("a"), node("b")).wants(business("shop", component(data=True))).settles()
    world.node("a", silent=61)
    return world


def lost_without_other() -> World:
    world = running()
    world.node("a", silent=61)
    return world


def nothing_wanted() -> World:
    return World(node("a")).wants(business("shop", component(replicas=0)))


@pytest.mark.parametrize(
    ("story", "word", "instance", "message"),
    [
        (fresh, "deploying", "pending", ""),
        (assigned, "deploying", "pending", ""),
        (reports(Status.DOWNLOADING, message="12 MB of 40 MB"), "deploying", "downloading", "web/0: 12 MB of 40 MB"),
        (reports(Status.STARTING), "deploying", "starting", ""),
        (running, "running", "running", ""),
        (reports(Status.FAILED, message="exit code 1"), "failed", "failed", "web/0: exit code 1"),
        (reports(Status.STOPPING), "deploying", "stopping", ""),
        (reports(Status.STOPPED), "deploying", "stopped", ""),
        (reports(Status.STOPPED, ended=True), "updating", "stopped", ""),
        (one_shot(Status.STOPPED), "running", "stopped", ""),
        (one_shot(Status.FAILED), "failed", "failed", ""),
        (full, "pending", "pending", "web/0: 1 node: memory: needs 128 MB, at most 64 free"),
        (World().wants(WEB).settles, "pending", "pending", "web/0: no node has registered"),
        (stopping, "stopping", "stopping", ""),
        (stopped, "stopped", "stopped", ""),
        (updating, "updating", "running", ""),
        (restarting, "updating", "running", ""),
        (update_downloads, "updating", "downloading", ""),
        (update_has_no_room, "pending", "running", "web/0: 1 node: memory: needs 1000000 MB, at most 8192 free"),
        (
            holds_data_on_a_lost_node,
            "pending",
            "running",
            "web/0: a is lost and holds its volumes: waits until it is back",
        ),
        (lost_without_other, "pending", "pending", "web/0: 1 node: lost: has not reported lately"),
        (nothing_wanted, "running", "", ""),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_words(story: Callable[[], World], word: str, instance: str, message: str) -> None:
    status = story().status("shop")
    assert (status.status, status.message) == (word, message)
    assert [str(found.status) for found in status.instances][:1] == ([instance] if instance else [])


def test_the_business_is_as_its_worst_component() -> None:
    """One failed component makes the business failed, whatever the others do, and the message names it."""
    world = World(node("a")).wants(business("shop", component("db"), component("web"), component("huge", cpu=99)))
    world.carries_out()
    world.allocation("shop/web/0", status=Status.FAILED, message="exit code 1")
    status = world.status("shop")
    assert (status.status, status.message) == ("failed", "web/0: exit code 1")
    assert [str(found.status) for found in status.instances] == ["running", "failed", "pending"]


def test_an_instance_says_where_it_is_and_in_which_container() -> None:
    world = running()
    world.allocation("shop/web/0", container_id="c0ffee", started_at=12.5)
    (found,) = world.status("shop").instances
    assert (found.node_id, found.container_id, found.started_at) == ("a", "c0ffee", 12.5)


def test_what_waits_for_room_says_for_whom() -> None:
    world = World(node("a", memory=64)).wants(business("old", component(memory=64))).settles()
    world.removes("old")
    world.wants(business("shop", component(memory=64)))
    assert world.status("shop").message == "web/0: waits until old/web/0 is gone"


def test_why_an_attempt_failed_is_told() -> None:
    """What the dispatcher notes of a node that refused or did not answer is what a person reads."""
    notes = {(key("shop/web/0"), "a"): "a did not answer; next try in 4 s"}
    assert fresh().status("shop", notes).message == "web/0: a did not answer; next try in 4 s"
    assert updating().status("shop", notes).message == "web/0: a did not answer; next try in 4 s"
    assert running().status("shop", notes).message == ""


def test_a_stopped_business_is_stopping_while_anything_of_it_is_left() -> None:
    world = World(node("a")).wants(business("shop", component(replicas=2))).settles()
    world.stops("shop")
    world.wants(business("shop", component(replicas=1)))
    assert world.status("shop").status == "stopping"
    assert [str(found.status) for found in world.status("shop").instances] == ["stopping", "stopping"]


def test_replicas_to_come_are_deploying_and_of_a_later_revision_updating() -> None:
    assert World(node("a")).wants(business("shop", component(replicas=2))).status("shop").status == "deploying"
    assert running().wants(business("shop", component(replicas=2))).status("shop").status == "updating"


def test_businesses_are_told_apart() -> None:
    world = running().wants(business("blog", component(cpu=99)))
    assert world.status("shop").status == "running"
    assert world.status("blog").status == "pending"


def test_what_runs_and_waits_for_its_new_version_says_what_for() -> None:
    world = World(node("a")).wants(business("shop", component(replicas=2))).settles()
    world.wants(business("shop", component(replicas=2, command=("new",))))
    assert world.status("shop").message == "web/1: waits until web/0 runs: 1 at a time"
    world.wants(business("shop", component(replicas=2, update=Update(canary=1), command=("new",))))
    assert world.status("shop").message == "web/1: waits for `reconciler promote shop/web`: 1 of 2 go first"

"""What stays, what moves, what is tried again: the life of nodes and of the copies on them."""

import pytest

from reconciler.plan.model.plan import Kind
from reconciler.wire.messages import Reservation, Status
from tests.support.planning import World, business, component, key, node

SHOP = business("shop", component())


def test_nothing_desired_and_nothing_there_is_nothing_to_do() -> None:
    plan = World().plan()
    assert (plan.actions, plan.pending, plan.placements) == ((), (), {})


def test_what_fits_stays_whatever_would_be_better() -> None:
    """No instance is stopped for balance, a better node, load, or a cordon."""
    world = World(node("a")).wants(business("shop", component(replicas=3, cpu=1))).settles()
    world.has(node("b", cpu=64, memory=65536))
    world.node("a", cpu_percent=100, memory_used_mb=8192, cordoned=True)
    assert world.lines() == []


def test_a_node_that_shrank_keeps_what_it_runs() -> None:
    world = World(node("a"), node("b")).wants(business("shop", component(cpu=4))).settles()
    world.node("a", cpu_cores=1)
    assert world.lines() == []


def test_a_node_whose_runtime_is_away_keeps_what_it_runs() -> None:
    """Docker restarting is no reason to move what it runs."""
    world = World(node("a"), node("b")).wants(SHOP).settles()
    world.node("a", runtimes=())
    assert world.lines() == []


def test_a_new_business_moves_no_other() -> None:
    world = World(node("a", memory=1024), node("b", memory=2048))
    world.wants(business("blog", component(memory=512, replicas=2))).settles()
    before = world.running()
    world.wants(business("shop", component(memory=1024, replicas=2))).carries_out()
    assert set(before) <= set(world.running())


# A silent node.


def test_a_suspect_node_keeps_its_instances_and_gets_none() -> None:
    world = World(node("a"), node("b", cpu_percent=90)).wants(SHOP).settles()
    world.node("a", silent=20)
    assert world.lines() == []
    world.wants(business("shop", component(replicas=2)))
    assert world.lines() == ["create shop/web/1 on b: not running yet"]


def test_what_has_ended_on_a_silent_node_waits_for_it() -> None:
    """A node that does not answer is asked nothing."""
    world = World(node("a"), node("b")).wants(SHOP).settles()
    world.allocation("shop/web/0", status=Status.FAILED, ended=True)
    assert [action.kind for action in world.plan().actions] == [Kind.UPDATE]
    world.node("a", silent=20)
    assert world.lines() == []


def test_a_lost_node_s_instances_move() -> None:
    world = World(node("a"), node("b"), node("c")).wants(business("shop", component(replicas=3))).settles()
    world.node("a", silent=61)
    assert world.lines() == ["create shop/web/0 on b: node a is lost"]


def test_surplus_copies_stop_when_the_lost_node_is_back() -> None:
    world = World(node("a"), node("b")).wants(SHOP).settles()
    world.node("a", silent=61)
    world.settles()
    assert world.running() == ["shop/web/0 on a", "shop/web/0 on b"]
    world.node("a", silent=0)
    assert world.lines() == ["stop shop/web/0 on a: surplus: runs on b"]
    assert world.settles().running() == ["shop/web/0 on b"]


def test_of_two_copies_the_one_whose_node_still_meets_the_affinity_is_kept() -> None:
    world = World(node("a", labels={"disk": "ssd"}), node("b", labels={"disk": "ssd"}))
    world.wants(business("shop", component(node_labels={"disk": "ssd"}))).settles()
    world.node("a", silent=61)
    world.settles()
    world.node("a", silent=0)
    world.node("b", labels={})
    assert world.lines() == ["stop shop/web/0 on b: surplus: runs on a"]


def test_volumes_stay_on_a_lost_node_and_say_so() -> None:
    world = World(node("a"), node("b")).wants(business("shop", component("db", data=True), component("web"))).settles()
    world.node("a", silent=3600)
    assert world.lines() == []
    assert world.where()["shop/db/0"] == "a"
    assert world.pending() == {"shop/db/0": "a is lost and holds its volumes: waits until it is back"}
    world.node("a", silent=0)
    assert world.lines() == []
    assert world.pending() == {}


def test_with_no_other_node_a_lost_instance_waits_and_says_why() -> None:
    world = World(node("a")).wants(SHOP).settles()
    world.node("a", silent=61)
    assert world.lines() == []
    assert world.pending() == {"shop/web/0": "1 node: lost: has not reported lately"}


def test_copies_on_a_node_nobody_knows_count_for_nothing() -> None:
    world = World(node("a")).wants(SHOP).settles()
    world.allocation("shop/web/0", node_id="forgotten")
    assert world.lines() == ["create shop/web/0 on a: not running yet"]


# What was asked for and has not come, or has ended.


def test_an_assigned_copy_is_asked_for_again_where_it_was_assigned() -> None:
    """The request may have been lost; a better node since then is no reason to ask elsewhere."""
    world = World(node("a"), node("b")).wants(business("shop", component(gpus=0))).settles()
    world.allocation("shop/web/0", confirmed=False, container_id=None, status=Status.PENDING)
    world.node("a", cpu_percent=100)
    assert world.lines() == ["create shop/web/0 on a: not running yet"]


def test_an_assigned_copy_moves_as_soon_as_its_node_is_suspect() -> None:
    world = World(node("a"), node("b")).wants(SHOP).settles()
    world.allocation("shop/web/0", confirmed=False)
    world.node("a", silent=20)
    assert world.lines() == ["create shop/web/0 on b: node a is suspect"]


def test_asking_again_keeps_the_promised_devices() -> None:
    world = World(node("a", gpus=(1, 1))).wants(business("lab", component(gpus=1, replicas=2))).settles()
    lost = next(allocation for allocation in world.observed.allocations if allocation.reservation.gpu_devices == (1,))
    world.allocation(str(lost.key), confirmed=False)
    assert [action.gpu_devices for action in world.plan().actions] == [(1,)]


@pytest.mark.parametrize(
    ("restart", "message", "lines"),
    [
        ("always", "exit code 3", ["update shop/web/0 on a: has ended: exit code 3"]),
        ("unless-stopped", "", ["update shop/web/0 on a: has ended: failed"]),
        ("no", "exit code 3", []),
        ("on-failure:3", "exit code 3", []),
    ],
)
def test_what_has_ended_starts_again_if_it_should_always_run(restart: str, message: str, lines: list[str]) -> None:
    world = World(node("a")).wants(business("shop", component(restart=restart))).settles()
    world.allocation("shop/web/0", status=Status.FAILED, ended=True, message=message)
    assert world.lines() == lines


@pytest.mark.parametrize(("message", "told"), [("no such image", "no such image"), ("", "failed")])
def test_what_never_became_a_container_is_tried_again_whatever_its_restart(message: str, told: str) -> None:
    world = World(node("a")).wants(business("shop", component(restart="no"))).settles()
    world.allocation("shop/web/0", status=Status.FAILED, ended=True, message=message, container_id=None)
    assert world.lines() == [f"create shop/web/0 on a: failed: {told}"]


def test_a_failing_copy_that_its_node_restarts_is_left_to_it() -> None:
    world = World(node("a")).wants(SHOP).settles()
    world.allocation("shop/web/0", status=Status.FAILED, message="exit code 1, restarting")
    assert world.lines() == []


# Affinity that changes under a running instance.


def test_an_instance_moves_when_its_node_loses_the_label() -> None:
    fleet = (node("a", labels={"disk": "ssd"}), node("b", labels={"disk": "ssd"}))
    world = World(*fleet).wants(business("shop", component(node_labels={"disk": "ssd"}))).settles()
    world.node("a", labels={})
    assert world.lines() == [
        "stop shop/web/0 on a: moves to b: node a no longer meets its affinity",
        "create shop/web/0 on b: node a no longer meets its affinity",
    ]
    assert world.settles().running() == ["shop/web/0 on b"]


def test_an_instance_runs_on_until_there_is_a_node_to_move_to() -> None:
    world = World(node("a", labels={"disk": "ssd"})).wants(business("shop", component(node_labels={"disk": "ssd"})))
    world.settles()
    world.node("a", labels={})
    assert world.lines() == []
    assert world.where() == {"shop/web/0": "a"}
    assert world.pending() == {"shop/web/0": "1 node: label disk=ssd missing"}


def test_a_move_may_use_the_room_that_another_move_leaves() -> None:
    world = World(node("a", memory=1024), node("b", memory=1024), node("c", memory=1024))
    one, two = component("one", memory=1024, node_id="a"), component("two", memory=1024, node_id="b")
    world.wants(business("shop", one, two)).settles()
    one, two = component("one", memory=1024, node_id="b"), component("two", memory=1024, node_id="c")
    world.wants(business("shop", one, two))
    waiting = {str(action.key): [str(other) for other in action.waits_for] for action in world.plan().actions}
    assert waiting["shop/one/0"] == ["shop/two/0"]
    assert world.settles().running() == ["shop/one/0 on b", "shop/two/0 on c"]


def test_the_newest_copy_is_the_one_that_stays() -> None:
    world = World(node("a"), node("b")).wants(SHOP).settles()
    world.node("a", silent=61)
    world.settles()
    world.node("a", silent=0)
    assert world.where() == {"shop/web/0": "b"}
    assert max(world.observed.allocations, key=lambda allocation: allocation.version).node_id == "b"


def test_a_host_port_or_device_held_twice_is_free_when_both_have_gone() -> None:
    """Whatever made two copies hold one port or device, one that stops does not free it for a third."""
    world = World(node("a", gpus=(1,))).wants(business("shop", component("one", ports=(80,), gpus=1))).settles()
    held = world.allocation("shop/one/0")
    world.wants(business("shop", component("one", ports=(80,), gpus=1), component("two"))).settles()
    world.allocation(
        "shop/two/0",
        reservation=Reservation(gpu_devices=held.reservation.gpu_devices, host_ports=held.reservation.host_ports),
    )
    world.wants(business("shop", component("one", ports=(80,), gpus=1)))
    world.wants(business("blog", component("three", ports=(80,))), business("lab", component("four", gpus=1)))
    assert world.lines() == ["stop shop/two/0 on a: component two is no longer in the spec"]
    assert set(world.pending()) == {"blog/three/0", "lab/four/0"}
    assert key("shop/one/0") in world.plan().placements

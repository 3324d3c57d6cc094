"""CPU and memory limits, which a running container can be given anew."""

from dataclasses import replace

from reconciler.wire.messages import Reservation, Status
from tests.support.planning import World, blocked, business, component, node


def limited(cpu: float = 1, memory: int = 256) -> World:
    return World(node("a", cpu=4, memory=1024)).wants(business("shop", component(cpu=cpu, memory=memory))).settles()


def test_new_limits_are_a_live_update() -> None:
    world = limited()
    world.wants(business("shop", component(cpu=2, memory=512)))
    (action,) = world.plan().actions
    assert (str(action.kind), action.live, str(action.reason)) == ("update", True, "limits changed")
    assert [(change.field.rpartition(".")[2], change.old, change.new) for change in action.changes] == [
        ("cpu_cores", "1", "2"),
        ("memory_mb", "256", "512"),
    ]
    world.settles()


def test_limits_beside_another_change_need_a_new_container() -> None:
    world = limited()
    world.wants(business("shop", component(cpu=2, memory=256, image_name="web:2")))
    (action,) = world.plan().actions
    assert (action.live, str(action.reason)) == (False, "spec changed")


def test_a_limit_that_comes_or_goes_needs_a_new_container() -> None:
    world = limited()
    world.wants(business("shop", component(cpu=1)))
    (action,) = world.plan().actions
    assert (action.live, str(action.reason)) == (False, "spec changed")


def test_limits_that_somebody_changed_by_hand_are_set_back() -> None:
    world = limited()
    world.allocation("shop/web/0", reservation=Reservation(cpu_cores=1, memory_mb=128))
    (action,) = world.plan().actions
    assert (action.live, [(change.old, change.new) for change in action.changes]) == (True, [("128", "256")])


def test_what_has_ended_gets_its_new_limits_with_a_new_container() -> None:
    world = limited()
    world.allocation("shop/web/0", status=Status.FAILED, ended=True)
    world.wants(business("shop", component(cpu=1, memory=512)))
    (action,) = world.plan().actions
    assert not action.live


def test_limits_that_do_not_fit_move_the_instance() -> None:
    world = limited()
    world.has(node("b", cpu=4, memory=4096))
    world.wants(business("shop", component(cpu=1, memory=2048)))
    assert [line.split(":")[0] for line in world.lines()] == ["stop shop/web/0 on a", "create shop/web/0 on b"]


def test_live_updates_do_not_take_turns() -> None:
    world = World(node("a")).wants(business("shop", component(memory=10, replicas=3))).settles()
    world.wants(business("shop", component(memory=20, replicas=3)))
    assert [blocked(action) for action in world.plan().actions] == ["", "", ""]


def test_the_order_of_reports_is_of_no_matter() -> None:
    world = limited()
    world.wants(business("shop", component(cpu=2, memory=512)))
    before = world.plan()
    world.observed = replace(world.observed, allocations=tuple(reversed(world.observed.allocations)))
    assert world.plan() == before

"""Plans become requests to agents and assignments, in a store on disk; the agent is played."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.control.dispatch.dispatcher import Dispatcher
from reconciler.store import Store
from reconciler.wire.messages import NodeCapacity, NodeReport
from tests.support.planning import NOW, World, business, component, key, node
from tests.support.waiting import wait_until


class Agent:
    """Takes what it is asked for, and does nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def deploy(self, address: str, deploy: Any) -> None:
        self.asked.append(f"deploy {deploy.key}")

    def stop(self, address: str, stop: Any) -> None:
        self.asked.append(f"stop {stop.key}")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.open(tmp_path / "manager.db")
    made.observed.record_report(
        NodeReport(node_id="a", address="http://a", capacity=NodeCapacity(cpu_cores=8, memory_mb=8192), timestamp=1),
        NOW,
    )
    yield made
    made.close()


def test_what_has_to_wait_is_assigned_where_the_plan_says(store: Store) -> None:
    """It waits for room; when the room is there, other devices may be free too."""
    world = World(node("a", gpus=[8192, 8192]))
    world.wants(business("shop", component("old", gpus=1), component("web", gpus=1))).settles()
    world.wants(business("shop", component("new", gpus=2)))
    planned = world.plan()
    (create,) = [action for action in planned.actions if action.key == key("shop/new/0")]
    assert create.waits_for and create.gpu_devices == (0, 1)
    agent, woken = Agent(), threading.Event()
    dispatcher = Dispatcher(store, agent, woken.set)  # type: ignore[arg-type]
    dispatcher.carry_out(planned, world.desired, world.observed, NOW)
    (allocation,) = store.observed.snapshot().allocations
    assert (allocation.key, allocation.node_id, allocation.confirmed) == (create.key, "a", False)
    assert allocation.reservation.gpu_devices == (0, 1)
    wait_until(lambda: sorted(agent.asked) == ["stop shop/old/0", "stop shop/web/0"], what="both to be stopped")
    dispatcher.close()


def test_an_assigned_instance_keeps_its_devices(store: Store) -> None:
    world = World(node("a", gpus=[8192] * 3))
    world.wants(business("shop", component("old", gpus=2), component("web", gpus=1))).settles()
    taken = {action.key: action.gpu_devices for action in world.plan().actions}
    assert taken == {}
    world.wants(business("shop", component("web", gpus=1), component("new", gpus=2)))
    planned = world.plan()
    (create,) = [action for action in planned.actions if action.key == key("shop/new/0")]
    dispatcher = Dispatcher(store, Agent(), lambda: None)  # type: ignore[arg-type]
    dispatcher.carry_out(planned, world.desired, world.observed, NOW)
    dispatcher.close()
    left = tuple(allocation for allocation in world.observed.allocations if allocation.key != key("shop/old/0"))
    world.observed = type(world.observed)(world.observed.nodes, (*left, *store.observed.snapshot().allocations))
    (again,) = world.plan().actions
    assert (again.key, again.node_id, again.gpu_devices) == (create.key, create.node_id, create.gpu_devices)


def test_asking_again_is_no_news(store: Store) -> None:
    world = World(node("a")).wants(business("shop", component("web")))
    woken = threading.Event()
    dispatcher = Dispatcher(store, Agent(), woken.set)  # type: ignore[arg-type]
    first = dispatcher.carry_out(world.plan(), world.desired, world.observed, NOW)
    assert [action.key for action in first] == [key("shop/web/0")]

    def asked_again() -> bool:
        news = dispatcher.carry_out(world.plan(), world.desired, store.observed.snapshot(), NOW)
        assert news == []
        return dispatcher._attempts[key("shop/web/0"), "a"].count > 1

    wait_until(asked_again, what="it to be asked for again")
    dispatcher.close()


def test_of_a_paused_business_nothing_is_sent_and_nothing_assigned(store: Store) -> None:
    """When its node is back, it is where it was."""
    world = World(node("a")).wants(business("shop", component("web")))
    world.pauses("shop")
    agent = Agent()
    dispatcher = Dispatcher(store, agent, lambda: None)  # type: ignore[arg-type]
    assert world.plan().actions
    assert dispatcher.carry_out(world.plan(), world.desired, world.observed, NOW) == []
    dispatcher.close()
    assert not agent.asked and not store.observed.snapshot().allocations

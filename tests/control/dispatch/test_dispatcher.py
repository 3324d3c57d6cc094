"""Plans become requests to agents and assignments, in a store on disk; the agents are played."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.control.dispatch.attempts import Attempts
from reconciler.control.dispatch.dispatcher import Dispatcher
from reconciler.plan.model.plan import Action
from reconciler.store import Store
from reconciler.store.model import Event, StoreError
from reconciler.wire.reports import NodeCapacity, NodeReport
from tests.control.helpers import Agents, Clock, InlineQueues
from tests.support.planning import NOW, World, business, component, key, node


class Dispatching:
    """A dispatcher on a store on disk, whose calls are made at once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.agents = Agents()
        self.clock = Clock(100.0)
        self.woken = 0
        self.anew()

    def anew(self) -> None:
        """The manager is started anew."""
        attempts = Attempts(self.clock, lambda: 0.5)
        self.dispatcher = Dispatcher(self.store, self.agents, InlineQueues(), attempts, self._wake)  # type: ignore[arg-type]

    def carries_out(self, world: World) -> list[Action]:
        """Carry out the world's plan, and put on record what is news of it."""
        news = self.dispatcher.carry_out(world.plan(), world.desired, world.observed, NOW)
        self.store.events.add(
            Event(
                NOW, one.kind.value, str(one.reason), one.key.business_id, one.key.component_id, one.key.instance, "a"
            )
            for one in news
        )
        self.dispatcher.tell(news)
        return news

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def dispatching(tmp_path: Path) -> Iterator[Dispatching]:
    store = Store.open(tmp_path / "manager.db")
    store.observed.record_report(
        NodeReport(node_id="a", address="http://a", capacity=NodeCapacity(cpu_cores=8, memory_mb=8192), timestamp=1),
        NOW,
    )
    yield Dispatching(store)
    store.close()


@pytest.fixture
def shop() -> World:
    """A node, whose address is known, and a shop that is to run there."""
    return World(node("a", address="http://a")).wants(business("shop", component("web")))


def test_an_instance_is_written_down_before_its_node_is_asked(dispatching: Dispatching, shop: World) -> None:
    seen = []
    deploy = dispatching.agents.deploy
    dispatching.agents.deploy = lambda address, message: (  # type: ignore[method-assign]
        seen.append(dispatching.store.observed.snapshot().allocations),
        deploy(address, message),
    )[1]
    dispatching.carries_out(shop)
    ((allocation,),) = seen
    assert (allocation.key, allocation.node_id, allocation.confirmed) == (key("shop/web/0"), "a", False)
    assert dispatching.agents.asked == ["deploy shop/web/0 at http://a"]
    assert dispatching.woken == 1


def test_every_call_has_a_greater_version(dispatching: Dispatching, shop: World) -> None:
    versions = []
    deploy = dispatching.agents.deploy
    dispatching.agents.deploy = lambda address, message: (  # type: ignore[method-assign]
        versions.append(message.version),
        deploy(address, message),
    )[1]
    for _ in range(3):
        dispatching.carries_out(shop)
        dispatching.clock.passes(60)
    assert versions == sorted(set(versions)) and len(versions) == 3


def test_what_has_to_wait_is_assigned_where_the_plan_says(dispatching: Dispatching) -> None:
    """It waits for room; when the room is there, other devices may be free too."""
    world = World(node("a", gpus=[8192, 8192], address="http://a"))
    world.wants(business("shop", component("old", gpus=1), component("web", gpus=1))).settles()
    world.wants(business("shop", component("new", gpus=2)))
    (create,) = [action for action in world.plan().actions if action.key == key("shop/new/0")]
    assert create.waits_for and create.gpu_devices == (0, 1)
    dispatching.carries_out(world)
    (allocation,) = dispatching.store.observed.snapshot().allocations
    assert (allocation.key, allocation.node_id, allocation.confirmed) == (create.key, "a", False)
    assert allocation.reservation.gpu_devices == (0, 1)
    assert sorted(dispatching.agents.asked) == ["stop shop/old/0 at http://a", "stop shop/web/0 at http://a"]


def test_an_assigned_instance_keeps_its_devices(dispatching: Dispatching) -> None:
    world = World(node("a", gpus=[8192] * 3, address="http://a"))
    world.wants(business("shop", component("old", gpus=2), component("web", gpus=1))).settles()
    world.wants(business("shop", component("web", gpus=1), component("new", gpus=2)))
    (create,) = [action for action in world.plan().actions if action.key == key("shop/new/0")]
    dispatching.carries_out(world)
    left = tuple(allocation for allocation in world.observed.allocations if allocation.key != key("shop/old/0"))
    world.observed = type(world.observed)(
        world.observed.nodes, (*left, *dispatching.store.observed.snapshot().allocations)
    )
    (again,) = world.plan().actions
    assert (again.key, again.node_id, again.gpu_devices) == (create.key, create.node_id, create.gpu_devices)


def test_of_a_paused_business_nothing_is_sent_and_nothing_assigned(dispatching: Dispatching, shop: World) -> None:
    """When its node is back, it is where it was."""
    shop.pauses("shop")
    assert shop.plan().actions
    assert dispatching.carries_out(shop) == []
    assert not dispatching.agents.asked and not dispatching.store.observed.snapshot().allocations


def test_a_refusal_and_a_silence_are_shown_and_tried_again(dispatching: Dispatching, shop: World) -> None:
    dispatching.agents.refusing.add("http://a")
    assert len(dispatching.carries_out(shop)) == 1
    assert dispatching.dispatcher.errors() == {(key("shop/web/0"), "a"): "no room"}
    dispatching.agents.refusing.clear()
    dispatching.agents.silent.add("http://a")
    dispatching.clock.passes(1)
    assert dispatching.carries_out(shop) == []
    assert "can't be reached" in dispatching.dispatcher.errors()[key("shop/web/0"), "a"]
    dispatching.agents.silent.clear()
    assert dispatching.dispatcher.next_due() == pytest.approx(2.0)
    dispatching.clock.passes(2)
    assert dispatching.carries_out(shop) == []
    assert dispatching.dispatcher.errors() == {}
    assert len(dispatching.agents.asked) == 3


def test_a_store_that_fails_once_delays_an_action_and_loses_none(
    dispatching: Dispatching, shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(dispatching.store.assignments, "assign", fails)
        with pytest.raises(StoreError):
            dispatching.carries_out(shop)
    assert dispatching.agents.asked == []
    assert len(dispatching.carries_out(shop)) == 1
    assert dispatching.agents.asked == ["deploy shop/web/0 at http://a"]


def test_what_was_sent_and_could_not_be_put_on_record_is_news_still(dispatching: Dispatching, shop: World) -> None:
    assert len(dispatching.dispatcher.carry_out(shop.plan(), shop.desired, shop.observed, NOW)) == 1
    assert len(dispatching.carries_out(shop)) == 1, "nobody has told it yet"
    assert dispatching.carries_out(shop) == []
    assert len(dispatching.agents.asked) == 1


def test_a_create_is_told_once_however_often_the_manager_is_started(dispatching: Dispatching, shop: World) -> None:
    assert len(dispatching.carries_out(shop)) == 1
    shop.observed = type(shop.observed)(shop.observed.nodes, dispatching.store.observed.snapshot().allocations)
    dispatching.anew()
    assert dispatching.carries_out(shop) == []
    assert len(dispatching.agents.asked) == 2, "it is asked again, for nobody knows what became of it"


def test_a_create_that_no_event_tells_of_is_told_by_the_next_manager(dispatching: Dispatching, shop: World) -> None:
    dispatching.dispatcher.carry_out(shop.plan(), shop.desired, shop.observed, NOW)
    shop.observed = type(shop.observed)(shop.observed.nodes, dispatching.store.observed.snapshot().allocations)
    dispatching.anew()
    assert len(dispatching.carries_out(shop)) == 1

"""Nodes that give away what they run, and what happens to instances of a lost node when the spec says so."""

from dataclasses import replace

from reconciler.wire.messages import Status
from tests.support.planning import World, business, component, node


def test_a_drained_node_keeps_each_instance_until_it_runs_elsewhere() -> None:
    world = World(node("a"), node("b", cpu_percent=100)).wants(business("shop", component())).settles()
    assert world.running() == ["shop/web/0 on a"]
    world.node("a", draining=True)
    stop, create = world.plan().actions
    assert (str(stop.kind), stop.node_id, stop.held) == ("stop", "a", "waits until it runs on b")
    assert (str(create.kind), create.node_id, create.held) == ("create", "b", "")
    (old,) = world.observed.copies
    for status, held in ((Status.STARTING, "waits until it runs on b"), (Status.RUNNING, "")):
        new = replace(old, node_id="b", status=status, version=old.version + 1)
        world.observed = replace(world.observed, copies=(old, new))
        (stop,) = world.plan().actions
        assert (stop.node_id, stop.held) == ("a", held), "the old copy is stopped only once the new one runs"
    world.settles()


def test_what_fits_nowhere_else_stays_and_says_why() -> None:
    world = World(node("a"), node("b", memory=10)).wants(business("shop", component(memory=100))).settles()
    world.node("a", draining=True)
    assert world.lines() == []
    assert world.where() == {"shop/web/0": "a"}
    assert world.pending() == {"shop/web/0": "1 node: draining; 1 node: memory: needs 100 MB, at most 10 free"}


def test_what_holds_data_stays_on_a_drained_node() -> None:
    world = World(node("a"), node("b", cpu_percent=100)).wants(business("shop", component(data=True))).settles()
    world.node("a", draining=True)
    assert world.lines() == []
    assert world.where() == {"shop/web/0": "a"}


def test_a_drained_node_gets_nothing_new() -> None:
    world = World(node("a", draining=True)).wants(business("shop", component()))
    assert world.pending() == {"shop/web/0": "1 node: draining"}


def test_data_moves_when_the_spec_says_that_it_may() -> None:
    shop = business("shop", component(data=True, on_node_loss="reschedule"))
    world = World(node("a"), node("b", cpu_percent=100)).wants(shop).settles()
    world.node("a", silent=61)
    assert world.lines() == ["create shop/web/0 on b: node a is lost"]


def test_an_instance_may_be_kept_where_it_is() -> None:
    world = World(node("a"), node("b")).wants(business("shop", component(on_node_loss="keep"))).settles()
    world.node("a", silent=61)
    assert world.lines() == []
    assert world.pending() == {"shop/web/0": "a is lost and is to be kept there: waits until it is back"}


def test_how_loss_is_met_is_no_part_of_a_container() -> None:
    world = World(node("a")).wants(business("shop", component())).settles()
    world.wants(business("shop", component(on_node_loss="keep", stop_grace_period=3.0)))
    assert world.lines() == []

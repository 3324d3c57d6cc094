"""Nodes that come and go."""

from reconciler.control.loop.flap_damper import FIRST, LONGEST, WINDOW, FlapDamper
from reconciler.plan.model.observed import NodeHealth
from tests.support.planning import NOW, World, business, component, node


def lost_and_back(flap_damper: FlapDamper, at: float) -> float:
    """The node is lost at this time and back 10 s later; until when it then gets nothing new."""
    flap_damper.watch({"a": NodeHealth.LOST}, at)
    flap_damper.watch({"a": NodeHealth.READY}, at + 10)
    return flap_damper.unsteady(at + 10).get("a", 0.0)


def test_once_is_forgiven_and_each_further_time_costs_more() -> None:
    flap_damper = FlapDamper()
    assert lost_and_back(flap_damper, 0) == 0
    assert lost_and_back(flap_damper, 100) == 110 + FIRST
    assert lost_and_back(flap_damper, 200) == 210 + 2 * FIRST
    for turn in range(3, 12):
        until = lost_and_back(flap_damper, turn * 100)
    assert until == 1110 + LONGEST
    assert flap_damper.unsteady(until) == {}


def test_a_loss_is_one_however_long_it_lasts() -> None:
    flap_damper = FlapDamper()
    for at in range(0, 100, 10):
        flap_damper.watch({"a": NodeHealth.LOST}, at)
    flap_damper.watch({"a": NodeHealth.READY}, 100)
    assert flap_damper.unsteady(100) == {}


def test_after_a_quiet_hour_all_is_forgotten() -> None:
    flap_damper = FlapDamper()
    lost_and_back(flap_damper, 0)
    lost_and_back(flap_damper, 100)
    assert lost_and_back(flap_damper, 200 + WINDOW) == 0


def test_an_unsteady_node_keeps_what_it_has_and_gets_nothing_new() -> None:
    world = World(node("a")).wants(business("shop", component())).settles()
    world.node("a", flapping_until=NOW + 60)
    assert world.lines() == []
    world.wants(business("shop", component(replicas=2)))
    assert world.pending() == {"shop/web/1": "1 node: lost several times lately: has to stay for a while first"}
    world.node("a", flapping_until=NOW)
    assert world.lines() == ["create shop/web/1 on a: not running yet"]

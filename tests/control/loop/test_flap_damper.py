"""Nodes that come and go."""

from reconciler.control.loop.flap_damper import FORGET_SECONDS, HOLD_OFF, FlapDamper
from reconciler.plan.model.observed import NodeHealth
from tests.support.planning import NOW, World, business, component, node


def lost_and_back(damper: FlapDamper, at: float) -> FlapDamper:
    """The node is lost at this time and back 10 s later."""
    return damper.after({"a": NodeHealth.LOST}, at).after({"a": NodeHealth.READY}, at + 10)


def test_once_is_forgiven_and_each_further_time_costs_more() -> None:
    damper = lost_and_back(FlapDamper(), 0)
    assert damper.flapping(10) == {}
    damper = lost_and_back(damper, 100)
    assert damper.flapping(110) == {"a": 110 + HOLD_OFF.first}
    damper = lost_and_back(damper, 200)
    assert damper.flapping(210) == {"a": 210 + 2 * HOLD_OFF.first}
    for turn in range(3, 12):
        damper = lost_and_back(damper, turn * 100)
    until = 1110 + HOLD_OFF.most
    assert damper.flapping(1110) == {"a": until}
    assert damper.flapping(until) == {}


def test_a_node_that_never_stops_coming_and_going_is_damped_like_any_other() -> None:
    damper = FlapDamper()
    for turn in range(1200):
        damper = lost_and_back(damper, turn * 100)
    assert damper.flapping(119_910) == {"a": 119_910 + HOLD_OFF.most}


def test_a_loss_is_one_however_long_it_lasts() -> None:
    damper = FlapDamper()
    for at in range(0, 100, 10):
        damper = damper.after({"a": NodeHealth.LOST}, at)
    assert damper.after({"a": NodeHealth.READY}, 100).flapping(100) == {}


def test_a_node_that_is_suspect_again_is_back() -> None:
    damper = lost_and_back(FlapDamper(), 0).after({"a": NodeHealth.LOST}, 100).after({"a": NodeHealth.SUSPECT}, 110)
    assert damper.flapping(110) == {"a": 110 + HOLD_OFF.first}


def test_after_a_quiet_hour_all_is_forgotten() -> None:
    damper = lost_and_back(lost_and_back(FlapDamper(), 0), 100)
    assert lost_and_back(damper, 200 + FORGET_SECONDS).flapping(210 + FORGET_SECONDS) == {}


def test_what_did_not_change_is_the_same_value() -> None:
    damper = lost_and_back(FlapDamper(), 0)
    assert damper.after({"a": NodeHealth.READY, "b": NodeHealth.SUSPECT}, 20) is damper


def test_a_flapping_node_keeps_what_it_has_and_gets_nothing_new() -> None:
    world = World(node("a")).wants(business("shop", component())).settles()
    world.node("a", flapping_until=NOW + 60)
    assert world.lines() == []
    world.wants(business("shop", component(replicas=2)))
    assert world.pending() == {"shop/web/1": "1 node: lost several times lately: has to stay for a while first"}
    world.node("a", flapping_until=NOW)
    assert world.lines() == ["create shop/web/1 on a: not running yet"]

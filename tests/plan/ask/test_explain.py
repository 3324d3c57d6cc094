"""Why an instance is where it is: what is said of each node is what would happen there."""

from dataclasses import replace

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.plan.ask.explain import Explanation, explain
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.observed import Observed
from reconciler.plan.reconcile.planner import plan
from reconciler.wire.messages import InstanceKey
from tests.support.histories import worlds
from tests.support.planning import NOW, World, business, component, key, node


def asked(world: World, text: str = "shop/web/0") -> Explanation:
    return explain(world.desired, world.observed, key(text), now=NOW)


def test_nodes_in_the_same_situation_are_told_together_best_first() -> None:
    world = World(node("a"), node("b"), node("c", cpu_percent=100), node("d", memory=64), node("e", cordoned=True))
    world.wants(business("shop", component(memory=100)))
    found = asked(world)
    assert [(one.nodes, tuple(map(str, one.obstacles))) for one in found.situations] == [
        (("a", "b"), ()),
        (("c",), ()),
        (("d",), ("memory: needs 100 MB, at most 64 free",)),
        (("e",), ("cordoned",)),
    ]
    assert (found.node_id, found.reason, found.remedy) == ("a", "not running yet", "")
    best, second = (one.score for one in found.situations[:2])
    assert best and second and best.total < second.total and second.measured > best.measured


def test_every_obstacle_of_a_node_is_told_and_not_only_the_first() -> None:
    world = World(node("a", memory=64, cpu=1, labels={"zone": "west"}))
    world.wants(business("shop", component(memory=100, cpu=2, node_labels={"zone": "east"})))
    (only,) = asked(world).situations
    assert [obstacle.code for obstacle in only.obstacles] == ["cpu_short", "memory_short", "label_unmet"]


def test_the_smallest_change_that_would_make_it_fit() -> None:
    world = World(node("a", memory=64), node("b", memory=90), node("c", memory=80, cordoned=True))
    world.wants(business("shop", component(memory=100)))
    assert asked(world).remedy == "on b: lower memory_mb from 100 to 90, or free 10 MB there"
    world = World(node("a", labels={"disk": "hdd"})).wants(business("shop", component(node_labels={"disk": "ssd"})))
    assert "--label disk=ssd" in asked(world).remedy
    world = World(node("a", gpus=(1,))).wants(business("shop", component(gpus=2)))
    assert "ask for 1" in asked(world).remedy
    assert "register a node" in asked(World().wants(business("shop", component()))).remedy


def test_its_own_room_does_not_count_against_it() -> None:
    world = World(node("a", memory=100)).wants(business("shop", component(memory=80))).settles()
    found = asked(world)
    assert (found.node_id, found.reason) == ("a", "")
    assert found.situations[0].obstacles == ()


def test_what_is_not_wanted_is_told_and_needs_no_remedy() -> None:
    world = World(node("a", memory=100)).wants(business("shop", component(memory=80))).settles()
    found = asked(world, "shop/web/1")
    assert (found.node_id, found.remedy) == (None, "")
    assert "not wanted" in found.reason


@given(world=worlds(), data=st.data())
def test_what_is_said_of_a_node_is_confirmed_by_tying_the_instance_to_it(world: World, data: st.DataObject) -> None:
    """The instance is asked for anew, tied to one node after the other, on a fleet that is otherwise as planned."""
    candidates = alone(world)
    assume(candidates)
    wanted = data.draw(st.sampled_from(candidates))
    before = world.observed
    assume({pending.key for pending in world.carries_out().pending} <= {wanted})
    found = explain(world.desired, before, wanted, now=NOW)
    rest = tuple(allocation for allocation in world.observed.allocations if allocation.key != wanted)
    for situation in found.situations:
        for node_id in situation.nodes:
            result = plan(tied(world, wanted, node_id), Observed(world.observed.nodes, rest), now=NOW)
            assert (wanted in result.placements) == (not situation.obstacles), (node_id, situation, result)


def alone(world: World) -> list[InstanceKey]:
    """What is wanted once, anywhere, after one component of each business was made so."""
    found = set()
    for entry in world.desired.businesses.values():
        first, *others = entry.business.components
        affinity = msgspec.structs.replace(first.affinity, node_id=None)
        first = msgspec.structs.replace(first, replicas=1, mode="replicated", affinity=affinity)
        world.wants(msgspec.structs.replace(entry.business, components=(first, *others)))
        found.add(InstanceKey(entry.business.business_id, first.component_id, 0))
    return sorted(found & {want.key for want in world.wanted()})


def tied(world: World, wanted: InstanceKey, node_id: str) -> Desired:
    """The desired state with the component of this instance tied to a node."""
    entry = world.desired.businesses[wanted.business_id]
    parts = [
        msgspec.structs.replace(part, affinity=msgspec.structs.replace(part.affinity, node_id=node_id))
        if part.component_id == wanted.component_id
        else part
        for part in entry.business.components
    ]
    changed = replace(entry, business=business(wanted.business_id, *parts))
    return Desired({**world.desired.businesses, wanted.business_id: changed}, world.desired.removed)

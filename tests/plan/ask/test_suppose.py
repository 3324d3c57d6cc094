"""What if: other nodes, other numbers, and nothing of it true."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.plan.ask.suppose import NewNode, Suppose, mistakes, supposed, survival
from reconciler.plan.model.plan import Plan
from reconciler.plan.reconcile.planner import plan
from tests.support.histories import worlds
from tests.support.planning import NOW, World, business, component, lines, node


def planned(world: World, suppose: Suppose) -> Plan:
    return plan(*supposed(suppose, world.desired, world.observed, NOW), now=NOW)


def shop(**fields: object) -> World:
    return World(node("a"), node("b")).wants(business("shop", component(**fields))).settles()  # type: ignore[arg-type]


def test_a_node_that_is_supposed_to_be_lost_cordoned_or_drained() -> None:
    world = shop()
    where = world.where()["shop/web/0"]
    other = {"a": "b", "b": "a"}[where]
    assert lines(planned(world, Suppose(without=(where,)))) == [f"create shop/web/0 on {other}: node {where} is lost"]
    assert lines(planned(world, Suppose(cordon=(where,)))) == []
    assert [action.node_id for action in planned(world, Suppose(drain=(where,))).actions] == [where, other]
    assert world.lines() == [], "nothing of it is true"


def test_nodes_that_might_be_added_take_what_has_no_place() -> None:
    world = World(node("a", memory=100)).wants(business("shop", component(memory=90, replicas=3)))
    more = NewNode(cpu_cores=4, memory_mb=100, count=2)
    assert len(planned(world, Suppose()).pending) == 2
    assert set(planned(world, Suppose(add_nodes=(more,))).placements.values()) == {"a", "new-1", "new-2"}
    gpus = World().wants(business("lab", component(gpus=2, node_labels={"zone": "b"})))
    lab = NewNode(cpu_cores=4, memory_mb=100, gpus=2, labels={"zone": "b"})
    assert planned(gpus, Suppose(add_nodes=(lab,))).actions[0].gpu_devices == (0, 1)


def test_since_when_a_supposed_loss_lasts_is_not_made_up() -> None:
    world = World(node("a")).wants(business("shop", component())).settles()
    (unknown,) = planned(world, Suppose(without=("a",))).unknowns
    assert (unknown.node_id, unknown.since) == ("a", None)


def test_other_numbers_of_replicas() -> None:
    world = shop(replicas=2)
    assert len(planned(world, Suppose(scale={"shop/web": 5})).actions) == 3
    assert len(planned(world, Suppose(scale={"shop/web": 0})).actions) == 2


def test_what_is_not_there_is_named() -> None:
    world = shop()
    suppose = Suppose(without=("z",), scale={"shop/wep": 1})
    assert list(mistakes(suppose, world.desired, world.observed)) == [
        "without: there is no node 'z': there are a, b",
        "scale: there is no component 'shop/wep': there are shop/web",
    ]


def test_what_a_loss_leaves_without_a_place() -> None:
    world = World(node("a", memory=100), node("b", memory=100), node("c", memory=100))
    world.wants(business("shop", component(memory=60, replicas=2), component("db", memory=30, data=True))).settles()
    groups = {"a": ["a"], "rack": ["a", "b", "c"]}
    found = survival(world.desired, world.observed, groups, now=NOW)
    data = world.where()["shop/db/0"]
    assert {str(one.key) for one in found["a"]} == ({"shop/db/0"} if data == "a" else set())
    assert {str(one.key) for one in found["rack"]} == {"shop/web/0", "shop/web/1", "shop/db/0"}
    assert {refusal.reason.code for one in found["rack"] for refusal in one.refusals} == {
        "node_not_ready",
        "lost_node_awaited",
    }


@given(world=worlds(), data=st.data())
def test_a_supposed_drain_is_the_real_one(world: World, data: st.DataObject) -> None:
    assume(world.observed.nodes)
    node_id = data.draw(st.sampled_from(sorted(world.observed.nodes)))
    what_if = planned(world, Suppose(drain=(node_id,)))
    nodes = world.observed.nodes
    real = replace(nodes[node_id], cordoned=True, draining=True)
    world.observed = replace(world.observed, nodes={**nodes, node_id: real})
    assert what_if == world.plan()

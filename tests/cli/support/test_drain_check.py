"""`node drain --check`: what it says of every instance is what the real drain does."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.cli.support.drain_check import Drained, drained
from reconciler.plan.ask.suppose import Suppose, supposed
from reconciler.plan.model.blockers import FOR_A_PERSON
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.policy import BlastRadius, Policy
from reconciler.plan.proof.simulate import applied
from reconciler.plan.reconcile.planner import plan
from reconciler.plan.show.document import document
from reconciler.wire.messages import Status, reservation_of
from tests.support.histories import worlds
from tests.support.planning import NOW, World, business, component, node


def checked(world: World, node_id: str) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Where instances would move, what would end, what would stay."""
    found = check(world, node_id)
    return found.moves, found.ends, found.stays


def check(world: World, node_id: str) -> Drained:
    desired, observed = supposed(Suppose(drain=(node_id,)), world.desired, world.observed, NOW)
    form = document(plan(desired, observed, world.policy, NOW), desired)
    there = {str(key): "running" for key, on in world.plan().placements.items() if on == node_id}
    return drained(form, node_id, there)


def test_what_moves_what_ends_and_what_stays() -> None:
    world = World(node("a", memory=100))
    parts = (component("big", memory=60), component("data", data=True), component("log", mode="global"))
    world.wants(business("shop", *parts, component("small", memory=10))).settles()
    world.has(node("b", memory=50))
    moves, ends, stays = checked(world, "a")
    assert moves == {"shop/small/0": "b"}
    assert ends == {"shop/log/0": "node a is draining"}
    assert stays == {
        "shop/big/0": "1 node: draining; 1 node: memory: needs 60 MB, at most 40 free",
        "shop/data/0": "holds its volumes there",
    }


def test_what_is_to_go_from_a_silent_node_does_not_stay() -> None:
    world = World(node("a"))
    world.wants(business("shop", component("log", mode="global"))).settles()
    world.node("a", silent=20)
    assert checked(world, "a") == ({}, {"shop/log/0": "it is to go once the node reports again"}, {})


def test_what_is_paused_stays_until_it_is_resumed() -> None:
    world = World(node("a"))
    world.wants(business("shop", component("web"), component("log", mode="global"))).settles()
    world.has(node("b"))
    world.carries_out()
    world.pauses("shop")
    why = "paused: 'reconciler resume shop' goes on"
    moves, ends, stays = checked(world, "a")
    assert (moves, ends, stays) == ({}, {}, {"shop/web/0": why, "shop/log/0": why})
    world.node("a", cordoned=True, draining=True)
    drains(world)
    assert [str(one.key) for one in world.observed.allocations if one.node_id == "a"] == ["shop/log/0", "shop/web/0"]


@given(world=worlds(), data=st.data())
def test_the_real_drain_does_what_was_said(world: World, data: st.DataObject) -> None:
    assume(world.observed.nodes)
    world.carries_out()
    node_id = data.draw(st.sampled_from(sorted(world.observed.nodes)))
    moves, ends, stays = checked(world, node_id)
    before = {str(key) for key, on in world.plan().placements.items() if on == node_id}
    nodes = world.observed.nodes
    drained_node = replace(nodes[node_id], cordoned=True, draining=True)
    world.observed = replace(world.observed, nodes={**nodes, node_id: drained_node})
    result = world.plan()
    after = {str(key): on for key, on in result.placements.items()}
    stuck = {str(action.key) for action in result.actions if isinstance(action.blocked_by, FOR_A_PERSON)}
    assert moves.keys() | ends.keys() | stays.keys() == before
    assert {name: after.get(name) for name in moves} == moves
    assert all(name in stuck or after[name] == node_id for name in stays)
    assert not any(name in after for name in ends)


def drains(world: World) -> None:
    """Carry the drain out as the manager does: every place is written down, then what waits for nothing is done."""
    for _ in range(100):
        result = world.plan()
        present = {(one.key, one.node_id) for one in world.observed.allocations}
        assignments = tuple(
            Allocation(
                action.key,
                action.node_id,
                Status.PENDING,
                action.digest,
                version,
                reservation_of(action.component, action.gpu_devices),
                confirmed=False,
            )
            for version, action in enumerate(result.actions, 1000)
            if action.component is not None and (action.key, action.node_id) not in present
        )
        world.observed = replace(world.observed, allocations=(*world.observed.allocations, *assignments))
        able = tuple(action for action in result.actions if not action.blocked_by and not action.waits_for)
        if not able:
            return
        world.observed = applied(replace(result, actions=able), world.observed)
    raise AssertionError("the drain does not end")


def where(world: World) -> dict[str, set[str]]:
    """The known nodes on which there is something of each instance."""
    found: dict[str, set[str]] = {}
    for allocation in world.observed.allocations:
        if allocation.node_id in world.observed.nodes and allocation.confirmed:
            found.setdefault(str(allocation.key), set()).add(allocation.node_id)
    return found


@given(world=worlds(), data=st.data())
def test_step_by_step_it_ends_as_was_said(world: World, data: st.DataObject) -> None:
    assume(world.observed.nodes)
    world.policy = Policy(blast_radius=BlastRadius(volumes=1000))
    world.carries_out()
    healthy = (replace(allocation, status=Status.RUNNING, ended=False) for allocation in world.observed.allocations)
    world.observed = replace(world.observed, allocations=tuple(healthy))
    assume(not world.plan().actions)
    node_id = data.draw(st.sampled_from(sorted(world.observed.nodes)))
    said, before = check(world, node_id), where(world)
    world.node(node_id, cordoned=True, draining=True)
    drains(world)
    found = where(world)
    for name, to in said.moves.items():
        assert found.get(name) == {to} or (name in said.after and found.get(name) == before.get(name)), name
    assert all(node_id in found[name] for name in said.stays if name in before), "what nobody began has nothing there"
    if world.observed.nodes[node_id].last_seen < NOW:
        # What is to go from a silent node goes once it reports again, and once nobody keeps its business as it is.
        for business_id in world.desired.businesses:
            world.pauses(business_id, paused=False)
        world.node(node_id, silent=0)
        drains(world)
    assert not any(node_id in where(world).get(name, ()) for name in said.ends)

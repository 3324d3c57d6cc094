"""A state in parts is put together again to the byte, and what did not change is the same part."""

import random
from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.keep.record import Record, manifest_of, record, restored
from reconciler.plan.keep.replay import decided, read_decided, replay
from reconciler.plan.keep.state import State
from reconciler.plan.keep.state_json import to_json
from reconciler.plan.model.observed import Observed
from reconciler.plan.model.policy import Policy
from reconciler.plan.show.document import document
from tests.support.histories import worlds
from tests.support.planning import NOW, World, business, component, node
from tests.support.secrets import SECRET, secretive


def state_of(world: World, observed: Observed | None = None) -> State:
    return State(world.desired, observed or world.observed, Policy(), NOW)


def put_together(kept: Record) -> bytes:
    return restored(manifest_of(kept.parts[kept.manifest]), kept.parts.__getitem__)


@given(world=worlds(), seed=st.integers(0, 9))
def test_what_is_put_together_is_what_was_cut_whatever_the_order(world: World, seed: int) -> None:
    state = state_of(world)
    made = decided(state.document(), "1.2.3")
    kept = record(state, made)
    assert put_together(kept) == to_json(state, made)

    shuffled = list(world.observed.allocations)
    random.Random(seed).shuffle(shuffled)
    nodes = dict(reversed(world.observed.nodes.items()))
    desired = replace(world.desired, businesses=dict(reversed(world.desired.businesses.items())))
    permuted = State(desired, replace(world.observed, nodes=nodes, allocations=tuple(shuffled)), Policy(), NOW)
    assert record(permuted, made) == kept


@given(world=worlds())
def test_a_replay_of_what_was_kept_is_equal(world: World) -> None:
    state = state_of(world)
    text = put_together(record(state, decided(state.document(), "1.2.3")))
    read, made = read_decided(text)
    again = replay(read, made)
    assert again.equal and again.differences == ()
    assert again.document == document(state.plan(), world.desired)


def test_a_replay_that_decides_otherwise_says_what() -> None:
    state = state_of(World(node("a")).wants(business("shop", component("web"), component("db"))))
    made = decided(state.document(), "0.0.9")
    actions = [
        msgspec.structs.replace(one, reason="once upon a time") for one in made.actions if one.component_id == "web"
    ]
    made = msgspec.structs.replace(made, hash="0" * 64, actions=tuple(actions))
    found = replay(state, made)
    assert not found.equal
    assert [str(one) for one in found.differences] == [
        "shop/db/0 on a: nothing → create, not running yet",
        "shop/web/0 on a: create, once upon a time → create, not running yet",
    ]


def test_a_heartbeat_and_one_change_in_a_large_fleet_change_few_parts() -> None:
    world = World(*(node(f"n{number:04}") for number in range(1000)))
    world.wants(*(business(f"b{number:03}", component("web", replicas=5)) for number in range(100))).carries_out()
    before = record(state_of(world), {"hash": "1"})
    world.wants(business("b007", component("web", replicas=5, image_name="web:2")))
    nodes = {key: replace(one, last_seen=NOW + 1, cpu_percent=3.5) for key, one in world.observed.nodes.items()}
    after = record(state_of(world, replace(world.observed, nodes=nodes)), {"hash": "2"})
    new = after.parts.keys() - before.parts.keys()
    assert len(after.parts) > 100
    assert len(new) == 4, "the manifest, the measures, what was decided, and the part of the business"


def test_secrets_are_in_no_part() -> None:
    world = World(node("a")).wants(secretive())
    world.carries_out()
    world.wants(secretive("web:2", "another-secret-word"))
    world.allocation("shop/web/0", message=f"GET http://me:{SECRET}@files/web.tar: 404")
    state = state_of(world)
    kept = record(state, decided(state.document(), "1"))
    whole = b"".join(kept.parts.values())
    assert b"web:2" in whole
    assert SECRET.encode() not in whole and b"another-secret" not in whole
    assert msgspec.json.decode(put_together(kept))["made"]["actions"]

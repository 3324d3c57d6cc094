"""Saved plans: whatever they rely on is checked, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.manifest.model import Business
from reconciler.plan.ask.preview import overlay
from reconciler.plan.keep.preconditions import Basis, Precondition, Violation, violated
from reconciler.plan.keep.saved import SavedPlan, SavedPlanError, assigned, deviations, read_saved, save, violations
from reconciler.plan.model.desired import Desired
from reconciler.plan.model.policy import Policy
from reconciler.plan.reconcile.planner import plan
from reconciler.wire.messages import Status
from reconciler.wire.reports import Gpu
from tests.support.histories import worlds
from tests.support.planning import NOW, World, business, component, key, node


def basis(world: World) -> Basis:
    return Basis(world.desired, world.observed, world.policy, NOW)


def saves(world: World, *businesses: Business) -> SavedPlan:
    """Save the plan that accepting these would make; through JSON, as a file does."""
    after = overlay(world.desired, ((one, "api") for one in businesses))
    planned = plan(after, world.observed, world.policy, NOW)
    found = save(basis(world), planned, after, [one.business_id for one in businesses])
    return read_saved(msgspec.json.decode(msgspec.json.encode(found)))


def refused(world: World, saved: SavedPlan, *businesses: Business) -> list[Violation]:
    """Why it is not carried out now, [] when it is."""
    found = violations(saved, basis(world))
    if found:
        return found
    after = overlay(world.desired, ((one, "api") for one in businesses))
    specs = {one.business_id: one for one in businesses}
    return deviations(saved, after, assigned(saved, specs, basis(world)), basis(world))


WEB = component("web", memory=512, cpu=1, ports=[80], node_labels={"zone": "east"}, replicas=2)
SHOP = business("shop", component("db", memory=256, gpus=1), WEB)
NEXT = business("shop", component("db", memory=256, gpus=1, image_name="db:2", require_gpu=True), WEB)


def fleet() -> World:
    """Nodes a and b for the shop, c for others; the shop runs in an older version, and blog runs on c."""
    east = {"zone": "east"}
    world = World(
        node("a", memory=1024, gpus=[8192], labels=east, disk_free_mb=5000),
        node("b", memory=1024, gpus=[8192], labels=east, disk_free_mb=5000),
        node("c", memory=1024, labels={"zone": "west"}, images={"db:2": 200, "web:1": 100}),
    )
    blog = business("blog", component("blog", memory=128, node_labels={"zone": "west"}))
    return world.wants(blog, business("shop", component("db", memory=256, gpus=1))).settles()


Change = Callable[[World], Any]


def other(world: World, node_id: str, **fields: Any) -> None:
    """An instance of another business turns up on a node."""
    world.wants(business("other", component("x", node_id=node_id, **fields)))
    world.carries_out()


def owned(world: World, source: str) -> None:
    """A file takes the shop over."""
    entry = replace(world.desired.businesses["shop"], source=source)
    world.desired = replace(world.desired, businesses=world.desired.businesses | {"shop": entry})


MOVED: list[tuple[str, Change]] = [
    ("business shop: spec", lambda world: world.wants(business("shop", component("db", memory=256, gpus=1, user="x")))),
    ("business shop: stopped", lambda world: world.stops("shop")),
    ("business shop: restarts", lambda world: world.restarts("shop")),
    ("instance shop/db/0 on", lambda world: world.allocation("shop/db/0", digest="another")),
    ("instance shop/db/0 on", lambda world: world.allocation("shop/db/0", ended=True, status=Status.FAILED)),
    ("instance shop/db/0 on", lambda world: world.allocation("shop/db/0", status=Status.STARTING)),
    ("instance shop/db/0 on", lambda world: setattr(world, "observed", replace(world.observed, allocations=()))),
    ("node a: state", lambda world: world.node("a", silent=20)),
    ("node a: state", lambda world: world.node("a", cordoned=True)),
    ("node a: state", lambda world: world.node("a", draining=True, cordoned=True)),
    ("node a: state", lambda world: world.node("a", flapping_until=NOW + 60)),
    ("node a: label zone", lambda world: world.node("a", labels={"zone": "west"})),
    ("node a: runtime docker", lambda world: world.node("a", runtimes=("process",))),
    ("node a: memory", lambda world: world.node("a", memory_mb=600)),
    ("node b: memory", lambda world: other(world, "b", memory=600)),
    ("node a: cpu", lambda world: world.node("a", cpu_cores=0.5)),
    ("node b: host ports", lambda world: other(world, "b", ports=[80])),
    ("node a: GPU devices", lambda world: world.node("a", gpus=())),
    ("node a: GPU devices", lambda world: world.node("a", gpus=(Gpu(index=7, memory_mb=8192),))),
    ("node a: GPU", lambda world: world.node("a", gpus=())),
    ("node a: disk", lambda world: world.node("a", disk_free_mb=100)),
    ("business shop: source", lambda world: owned(world, "desired/shop.yaml")),
]

UNRELATED: list[Change] = [
    lambda world: world.node("a", memory_mb=900),
    lambda world: world.node("a", memory_mb=99_999, cpu_cores=64),
    lambda world: world.node("a", cpu_percent=100.0, memory_used_mb=900.0),
    lambda world: world.node("b", labels={"zone": "east", "disk": "ssd"}),
    lambda world: world.node("a", disk_free_mb=900),
    lambda world: world.node("c", images={}),
    lambda world: world.node("c", cordoned=True),
    lambda world: world.node("c", silent=99),
    lambda world: world.has(node("d", labels={"zone": "east"}, memory=99_999)),
    lambda world: other(world, "a", memory=100, ports=[81]),
    lambda world: world.stops("blog"),
    lambda world: world.removes("blog"),
    lambda world: world.wants(business("blog", component("blog", memory=64, user="x"))),
    lambda world: world.allocation("blog/blog/0", status=Status.FAILED, ended=True),
    lambda world: world.allocation("shop/db/0", version=77, started_at=NOW, message="something"),
]


def test_what_nothing_happened_to_is_carried_out() -> None:
    world = fleet()
    assert refused(world, saves(world, NEXT), NEXT) == []


@pytest.mark.parametrize(("path", "change"), MOVED)
def test_a_precondition_that_is_violated_is_named(path: str, change: Change) -> None:
    world = fleet()
    saved = saves(world, NEXT)
    change(world)
    found = refused(world, saved, NEXT)
    assert any(where.startswith(path) for where, _ in found), found
    assert all(why for _, why in found)


@pytest.mark.parametrize("change", UNRELATED)
def test_what_has_nothing_to_do_with_it_does_not_block(change: Change) -> None:
    world = fleet()
    saved = saves(world, NEXT)
    change(world)
    assert refused(world, saved, NEXT) == []


def otherwise(one: Precondition) -> Precondition:
    """The same precondition as it no longer suffices."""
    if one.kind == "room":
        return msgspec.structs.replace(one, value=one.needs - 1)
    if one.kind == "free":
        return msgspec.structs.replace(one, value=one.needs[:1])
    return msgspec.structs.replace(one, value=not one.value if isinstance(one.value, bool) else f"{one.value}x")


def about(path: str) -> str:
    """What a precondition is about: `memory`, `spec`, `instance`."""
    return path.partition(": ")[2] or path.partition(" ")[0]


def test_each_precondition_refuses_the_plan_by_itself_and_a_missing_one_does_too() -> None:
    saved = saves(fleet(), NEXT)
    assert {about(fact.path) for fact in saved.preconditions} == {about(path) for path, _ in MOVED}
    for number, fact in enumerate(saved.preconditions):
        rest = [*saved.preconditions[:number], *saved.preconditions[number + 1 :]]
        assert [path for path, _ in violated(saved.preconditions, [*rest, otherwise(fact)])] == [fact.path]
        assert [path for path, _ in violated(saved.preconditions, rest)] == [fact.path]
    assert violated(saved.preconditions, saved.preconditions) == []


def test_numbers_are_told() -> None:
    world = fleet()
    saved = saves(world, NEXT)
    world.node("b", memory_mb=300)
    assert ("node b: memory", "needs 512 MB, was 1024 free, is 300") in refused(world, saved, NEXT)
    world = fleet()
    other(world, "b", ports=[80])
    assert ("node b: host ports", "needs 80/tcp free, but 80/tcp is taken or gone") in refused(world, saved, NEXT)


def test_a_place_is_kept_though_another_would_be_chosen_today() -> None:
    world = World(node("a"), node("b", cpu_percent=50))
    shop = business("shop", component())
    saved = saves(world, shop)
    world.node("a", cpu_percent=100)
    assert plan(Desired({}), world.observed, now=NOW).actions == ()
    world_today = World(*world.observed.nodes.values()).wants(shop)
    assert world_today.where() == {"shop/web/0": "b"}
    assert refused(world, saved, shop) == []
    allocations = assigned(saved, {"shop": shop}, basis(world))
    assert [(allocation.key, allocation.node_id, allocation.confirmed) for allocation in allocations] == [
        (key("shop/web/0"), "a", False)
    ]


def test_an_address_that_stands_in_a_value_is_relied_on() -> None:
    world = World(node("a", address="http://10.0.0.1:7701"), node("b", address="http://10.0.0.2:7701"))
    web = component("web", node_id="b", environment_variables={"DB": "${db.host}"})
    shop = business("shop", component("db", node_id="a", ports=[5432]), web)
    saved = saves(world, shop)
    world.node("b", address="http://10.0.0.9:7701")
    assert refused(world, saved, shop) == []
    world.node("a", address="http://10.0.0.7:7701")
    assert refused(world, saved, shop) == [("node a: address", "was 10.0.0.1, is 10.0.0.7")]


def test_a_plan_that_was_changed_is_not_whole() -> None:
    world = fleet()
    saved = saves(world, NEXT)
    changed = msgspec.to_builtins(saved)
    changed["document"]["actions"][0]["node_id"] = "c"
    with pytest.raises(SavedPlanError, match="the file was changed: make a new one"):
        read_saved(changed)


@given(world=worlds(), data=st.data())
def test_in_any_world_a_plan_holds_as_long_as_nothing_moves(world: World, data: st.DataObject) -> None:
    """Its specs are accepted and its places written down, and the plan on that is the plan that was saved."""
    entries = sorted(world.desired.businesses)
    assume(entries)
    chosen = [world.desired.businesses[name].business for name in entries]
    earlier = Desired(
        {name: entry for name, entry in world.desired.businesses.items() if data.draw(st.booleans())},
        world.desired.removed,
    )
    world.desired = earlier
    world.policy = Policy()
    saved = saves(world, *chosen)
    assert refused(world, saved, *chosen) == []


@given(world=worlds())
def test_a_plan_that_was_carried_out_can_not_be_carried_out_again(world: World) -> None:
    world.observed = replace(world.observed, allocations=())
    chosen = [entry.business for entry in world.desired.businesses.values()]
    assume(world.plan().actions)
    saved = saves(world, *chosen)
    world.carries_out()
    assert refused(world, saved, *chosen)

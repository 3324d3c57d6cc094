"""Bytes: which node has the image, what the others have to fetch, and that nothing moves because of it."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.model import Update
from reconciler.plan.ask.explain import explain
from reconciler.plan.model.plan import Fetch
from reconciler.plan.model.policy import Policy
from reconciler.plan.schedule.fleet import Fleet
from reconciler.plan.schedule.place import _scores, score_parts
from reconciler.plan.schedule.shape import shape_of
from reconciler.plan.show.document import document
from tests.support.histories import worlds
from tests.support.planning import NOW, World, business, component, key, node


def fetches(world: World) -> dict[str, Fetch | None]:
    return {f"{action.key} on {action.node_id}": action.fetch for action in world.plan().actions}


def test_of_equal_nodes_the_one_that_has_the_image_is_taken() -> None:
    world = World(node("a"), node("b", images={"web:1": 200}), node("c")).wants(business("shop", component(cpu=1)))
    assert world.where() == {"shop/web/0": "b"}
    parts = {
        one.nodes: one.score for one in explain(world.desired, world.observed, key("shop/web/0"), now=NOW).situations
    }
    there, elsewhere = parts["b",], parts["a", "c"]
    assert there and elsewhere
    assert there.image == 0 and 0 < elsewhere.image < 0.01
    assert elsewhere.total == there.total + elsewhere.image


def test_a_bigger_image_weighs_more_and_none_outweighs_real_load() -> None:
    def chosen(size: int, load: float) -> str:
        world = World(node("a"), node("b", images={"web:1": size}, cpu_percent=load))
        return world.wants(business("shop", component(cpu=1))).where()["shop/web/0"]

    assert (chosen(100, 0), chosen(100_000, 0)) == ("b", "b")
    assert chosen(100_000, 20) == "a"


def test_replicas_are_spread_all_the_same() -> None:
    world = World(node("a"), node("b", images={"web:1": 5000}), node("c"))
    world.wants(business("shop", component(replicas=3, cpu=1)))
    assert sorted(world.where().values()) == ["a", "b", "c"]


def test_nothing_that_runs_moves_to_where_the_image_is() -> None:
    world = World(node("a"), node("b", cpu_percent=100)).wants(business("shop", component())).settles()
    world.node("b", cpu_percent=0, images={"web:1": 5000, "web:2": 5000})
    assert world.lines() == []
    world.wants(business("shop", component(image_name="web:2")))
    assert world.lines() == ["update shop/web/0 on a: spec changed"]


def test_each_action_says_what_its_node_has_to_fetch() -> None:
    world = World(node("a", images={"web:2": 120}, disk_free_mb=900, cordoned=True), node("b", disk_free_mb=200))
    world.wants(business("shop", component("web"), component("db"))).settles()
    world.wants(business("shop", component("web", image_name="web:2"), component("db", image_name="db:2")))
    assert fetches(world) == {
        "shop/db/0 on b": Fetch("db:2", None, present=False, disk_free_mb=200),
        "shop/web/0 on b": Fetch("web:2", 120, present=False, disk_free_mb=200, disk_suffices=False),
    }, "an update goes on though its disk may not suffice: the old version runs until the image is there"


def test_what_is_there_is_said_to_be_there_and_live_changes_fetch_nothing() -> None:
    world = World(node("a", images={"web:1": 120}, disk_free_mb=900)).wants(business("shop", component(memory=5)))
    assert fetches(world) == {"shop/web/0 on a": Fetch("web:1", 120, present=True)}
    world.settles().wants(business("shop", component(memory=10)))
    assert fetches(world) == {"shop/web/0 on a": None}


def test_a_node_that_says_nothing_of_its_images_may_have_it() -> None:
    world = World(node("a")).wants(business("shop", component()))
    assert fetches(world) == {"shop/web/0 on a": Fetch("web:1")}


def test_an_image_that_several_need_takes_its_disk_once() -> None:
    fleet = node("a", disk_free_mb=500), node("far", images={"web:1": 200, "db:1": 200}, cordoned=True)
    world = World(*fleet).wants(business("shop", component("web", replicas=3)))
    assert set(fetches(world).values()) == {Fetch("web:1", 200, False, 500, True)}
    world = World(*fleet).wants(business("shop", component("web"), component("db", image_name="db:1")))
    assert len(world.where()) == 1
    (reason,) = world.pending().values()
    assert "disk: needs 400 MB to unpack the 200 MB of" in reason and "at most 300 free" in reason


def test_free_disk_changes_no_hash() -> None:
    world = World(node("a", disk_free_mb=900), node("b", images={"web:1": 5}, cordoned=True))
    world.wants(business("shop", component()))
    before = world.plan()
    world.node("a", disk_free_mb=800)
    after = world.plan()
    assert before != after
    assert document(before, world.desired).hash == document(after, world.desired).hash


def test_sizes_without_sense_disturb_no_plan() -> None:
    world = World(node("a", images={"web:1": 2**70}, disk_free_mb=-5), node("b", images={"web:1": -3}))
    world.wants(business("shop", component(replicas=2, update=Update(order="start-first")))).settles()


@given(world=worlds())
def test_the_score_of_a_row_is_the_same_alone_and_among_all(world: World) -> None:
    fleet = Fleet(replace(world.observed, allocations=()), Policy(), NOW)
    for allocation in world.observed.allocations:
        if allocation.node_id in fleet.row:
            fleet.reserve(fleet.row[allocation.node_id], allocation.reservation)
    rows = np.arange(len(fleet.nodes))
    for entry in world.desired.businesses.values():
        for part in entry.business.components:
            shape = shape_of(entry.business, part)
            together = [float(score) for score in _scores(shape, fleet)[rows]]
            assert together == [score_parts(shape, fleet, row).total for row in rows]


@given(world=worlds(), images=st.dictionaries(st.sampled_from(["app:1", "app:2"]), st.sampled_from([1, 5000])))
def test_images_that_come_and_go_touch_nothing_that_runs(world: World, images: dict[str, int]) -> None:
    waited = {pending.key for pending in world.carries_out().pending}
    for number, node_id in enumerate(world.observed.nodes):
        world.node(node_id, images=images if number % 2 else {}, disk_free_mb=None)
    for action in world.plan().actions:
        assert action.key in waited, action

"""What a plan could not know is told, holds what depends on it, and nothing else."""

from reconciler.manifest.model import Dependency
from reconciler.plan.model.plan import Unknown
from tests.support.planning import NOW, World, blocked, business, component, key, node


def two_nodes() -> World:
    """`shop/web/0` on a, `blog/web/0` on b, each with its image there."""
    images = {"web:1": 10, "web:2": 10}
    world = World(node("a", images=images, disk_free_mb=999), node("b", images=images, disk_free_mb=999))
    return world.wants(business("shop", component(node_id="a")), business("blog", component(node_id="b"))).settles()


def test_at_rest_everything_is_known() -> None:
    assert two_nodes().plan().unknowns == ()


def test_what_runs_on_a_silent_node_is_known_as_of_then() -> None:
    world = two_nodes()
    world.node("a", silent=20)
    since = NOW - 20
    what = "suspect: what runs there is as it last reported"
    assert world.plan().unknowns == (Unknown("a", what, since, (key("shop/web/0"),)),)
    world.node("a", silent=100)
    (unknown,) = world.plan().unknowns
    assert (unknown.what.partition(":")[0], unknown.since) == ("lost", NOW - 100)


def test_a_silent_node_that_has_nothing_leaves_nothing_unknown() -> None:
    world = two_nodes()
    world.has(node("c", silent=20))
    assert world.plan().unknowns == ()


def test_only_what_depends_on_the_silent_node_is_held() -> None:
    world = two_nodes()
    world.node("a", silent=20)
    new = component(image_name="web:2", node_id="a"), component(image_name="web:2", node_id="b")
    world.wants(business("shop", new[0]), business("blog", new[1]), business("more", component(node_id="b")))
    assert world.lines() == [
        "update blog/web/0 on b: spec changed",
        "create more/web/0 on b: not running yet",
    ]
    assert all(not action.blocked_by for action in world.plan().actions)
    assert world.pending() == {"shop/web/0": "a is suspect: updated when it answers"}


def test_in_one_business_too_only_what_depends_on_the_silent_node_waits() -> None:
    """A new version of all three: db can't be updated, web waits for the new db, and other goes on."""

    def shop(version: str) -> World:
        after = {"db": Dependency(condition="service_started")}
        parts = [("db", "a", {}), ("web", "b", after), ("other", "b", {})]
        return world.wants(
            business(
                "shop",
                *[
                    component(name, image_name=f"{name}:{version}", node_id=node_id, depends_on=depends_on)
                    for name, node_id, depends_on in parts
                ],
            )
        )

    world = World(node("a"), node("b"))
    shop("1").settles()
    world.node("a", silent=20)
    shop("2")
    held = {str(action.key): blocked(action) for action in world.plan().actions}
    assert held["shop/other/0"] == ""
    assert held["shop/web/0"] == "waits until db/0 has started"
    assert list(world.pending()) == ["shop/db/0"]


def test_bytes_that_nobody_knows_are_told_with_whom_they_matter_to() -> None:
    world = World(node("a")).wants(business("shop", component(replicas=2), component("db")))
    unknowns = {(one.node_id, one.what): [str(name) for name in one.instances] for one in world.plan().unknowns}
    assert unknowns == {
        ("", "the size of image db:1: no node has it"): ["shop/db/0"],
        ("", "the size of image web:1: no node has it"): ["shop/web/0", "shop/web/1"],
        ("a", "does not report how much disk is free"): ["shop/db/0", "shop/web/0", "shop/web/1"],
    }
    assert len(world.plan().actions) == 3, "none of it holds anything"

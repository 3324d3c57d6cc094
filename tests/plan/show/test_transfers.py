"""The bytes that a plan moves, and what it could not know, as they stand beside its document."""

from reconciler.plan.show.transfers import downloads, fetches, unknowns
from tests.support.planning import NOW, World, business, component, node

GIB = 1024


def test_a_node_s_downloads_count_each_image_once() -> None:
    far = node("far", images={"web:1": 120, "db:1": 3 * GIB, "here:1": 1}, cordoned=True)
    world = World(node("a", images={"here:1": 1}, disk_free_mb=5 * GIB), far)
    world.wants(business("shop", component("web", replicas=2), *map(component, ("here", "db", "new"))))
    (node_a,) = downloads(world.plan())
    assert node_a.images == 2, "db does not fit, and here is there"
    assert (node_a.size_mb, node_a.of_unknown_size, node_a.disk_suffices) == (120, 1, None)


def test_what_is_never_pulled_is_no_download_and_unknown_sizes_are_no_zero() -> None:
    world = World(node("a", images={"here:1": 1}, disk_free_mb=500))
    world.wants(business("shop", component("x", pull_policy="never"), component("y"), component("z")))
    assert [one.pull_policy for one in fetches(world.plan())] == ["never", "missing", "missing"]
    (node_a,) = downloads(world.plan())
    assert (node_a.images, node_a.size_mb, node_a.of_unknown_size) == (2, 0, 2)


def test_an_image_comes_from_a_registry_or_as_a_tar() -> None:
    world = World(node("a", disk_free_mb=500)).wants(
        business("shop", component("x"), component("y", image_url="http://files/y.tar"))
    )
    assert [(one.instance, one.how) for one in fetches(world.plan())] == [("shop/x/0", "pull"), ("shop/y/0", "load")]


def test_what_is_not_known_has_its_age() -> None:
    world = World(node("a", images={"web:1": 1}, disk_free_mb=9)).wants(business("shop", component())).settles()
    world.node("a", silent=20)
    (found,) = unknowns(world.plan(), NOW)
    assert (found.node_id, found.since, found.age_seconds, found.instances) == ("a", NOW - 20, 20, ("shop/web/0",))

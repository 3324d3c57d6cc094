"""Bytes and unknowns as the API gives them, and as people read them."""

from reconciler.cli.render.transfers import fact_lines, fetches_of
from reconciler.plan.show.transfers import facts
from tests.support.planning import NOW, World, business, component, node

GIB = 1024


def world() -> World:
    far = node("far", images={"web:1": 120, "db:1": 3 * GIB, "here:1": 1}, cordoned=True)
    made = World(node("a", images={"here:1": 1}, disk_free_mb=5 * GIB), far)
    parts = [component(name) for name in ("here", "db", "new")]
    return made.wants(business("shop", component("web", replicas=2), *parts))


def test_a_node_s_downloads_count_each_image_once() -> None:
    (node_a,) = facts(world().plan(), NOW)["downloads"]
    assert node_a["images"] == 2, "db does not fit, and here is there"
    assert (node_a["size_mb"], node_a["of_unknown_size"], node_a["disk_suffices"]) == (120, 1, None)


def test_people_read_what_is_fetched_and_nothing_of_what_is_there() -> None:
    plan = facts(world().plan(), NOW)
    words = fetches_of(plan)
    assert words == {
        ("shop/web/0", "a"): "[cyan]pulls web:1 (120 MB; 5.0 GB free)[/]",
        ("shop/web/1", "a"): "[cyan]pulls web:1 (120 MB; 5.0 GB free)[/]",
        ("shop/new/0", "a"): words["shop/new/0", "a"],
    }
    assert "pulls new:1 (size unknown; " in words["shop/new/0", "a"]
    assert list(fact_lines(plan))[-1] == "[dim]a gets 2 images: 120 MB and 1 of unknown size.[/]"


def test_how_an_image_comes_is_said_as_its_policy_has_it() -> None:
    def words(node_images: dict[str, int], **fields: str) -> str:
        made = World(node("a", images=node_images, disk_free_mb=500)).wants(business("shop", component(**fields)))
        return fetches_of(facts(made.plan(), NOW)).get(("shop/web/0", "a"), "")

    there = {"web:1": 5}
    assert words(there) == ""
    assert words(there, pull_policy="always") == "[dim]asks for web:1 anew[/]"
    assert "loads web:1" in words({}, image_url="http://files/web.tar")
    assert words({}, pull_policy="never") == "[red]needs web:1 there: pull_policy is never[/]"


def test_what_is_never_pulled_is_no_download_and_unknown_sizes_are_no_zero() -> None:
    here = World(node("a", images={"here:1": 1}, disk_free_mb=500))
    here.wants(business("shop", component("x", pull_policy="never"), component("y"), component("z")))
    found = facts(here.plan(), NOW)
    assert "[dim]a gets 2 images: 2 of unknown size.[/]" in list(fact_lines(found))


def test_an_update_whose_disk_does_not_suffice_says_so() -> None:
    made = World(node("a", disk_free_mb=200)).wants(business("shop", component())).settles()
    made.has(node("far", images={"web:2": 150}, cordoned=True))
    made.wants(business("shop", component(image_name="web:2")))
    assert "not enough disk" in fetches_of(facts(made.plan(), NOW))["shop/web/0", "a"]


def test_what_is_not_known_has_its_age() -> None:
    made = (
        World(node("a", images={"web:1": 1}, disk_free_mb=9)).wants(business("shop", component(replicas=5))).settles()
    )
    made.node("a", silent=20)
    found = facts(made.plan(), NOW)
    assert found["unknowns"][0]["age_seconds"] == 20
    assert list(fact_lines(found)) == [
        "[yellow]?[/] not known: a: suspect: what runs there is as it last reported, 20 s ago"
        "  [dim](shop/web/0, shop/web/1, shop/web/2 and 2 more)[/]"
    ]

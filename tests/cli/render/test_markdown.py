"""A plan as a comment on a pull request."""

from reconciler.cli.render.markdown import plan_markdown
from reconciler.manifest.model import Dependency
from reconciler.plan.show.document import preview_document
from tests.cli.render.plans import everything, golden
from tests.support.planning import NOW, World, business, component, node


def test_it_says_what_changes_what_is_interrupted_what_has_no_place_and_the_hash() -> None:
    web = component("web", depends_on={"db": Dependency()})
    world = World(node("a", 4)).wants(business("shop", component("db", ports=[5432]), web))
    world.carries_out()
    world.wants(business("shop", component("db", image_name="db:2", ports=[5432]), web, component("big", cpu=9)))
    found = preview_document(world.plan(), world.desired, NOW)
    text = plan_markdown(found)
    assert "| ~ update | <code>db/0</code> | <code>a</code>, port 5432/tcp | spec changed |" in text
    assert "<code>image&#95;name</code>: <code>db:1</code> → <code>db:2</code>" in text
    assert "<code>shop/db/0</code> on <code>a</code> stops before its successor runs, used by <code>web</code>" in text
    assert "<code>shop/big/0</code>: 1 node: CPU: needs 9 cores, at most 4 free" in text
    assert "Stays as it is: shop 1." in text
    assert text.endswith(f"Plan hash: `{found.hash}`\n")


def test_nothing_in_a_plan_is_taken_for_markup() -> None:
    world = World(node("a")).wants(business("shop", component(environment_variables={"A": "b"})))
    world.carries_out()
    world.wants(business("shop", component(environment_variables={"A": "<img src=x> | @all `x`\n# head"})))
    text = plan_markdown(preview_document(world.plan(), world.desired, NOW))
    assert "<img" not in text and "@all" not in text and "\n# head" not in text


def test_in_sync_is_one_line_and_the_hash() -> None:
    world = World(node("a")).wants(business("shop", component())).settles()
    text = plan_markdown(preview_document(world.plan(), world.desired, NOW))
    assert text.startswith("### In sync: nothing to do, 1 unchanged.")


def test_it_says_what_is_fetched_and_what_is_not_known() -> None:
    world = World(node("far", images={"web:1": 120, "db:1": 80}))
    world.wants(business("blog", component("old", node_id="far", image_name="web:1"))).settles()
    world.node("far", silent=20)
    world.has(node("a", images={"here:1": 1}, disk_free_mb=5120))
    world.wants(business("shop", *map(component, ("web", "db", "here", "new"))))
    text = plan_markdown(preview_document(world.plan(), world.desired, NOW))
    assert (
        "| + create | <code>web/0</code> | <code>a</code> | not running yet | pulls web:1 (120 MB; 4.9 GB free) |"
        in text
    )
    assert "pulls new:1 (size unknown; 4.8 GB free)" in text
    assert "here:1" not in text, "what is there is not fetched"
    downloads = text.partition("**Downloads**")[2]
    assert "- a gets 3 images: 200 MB and 1 of unknown size." in downloads
    unknown = text.partition("**Not known**")[2].partition("**Downloads**")[0]
    assert "- far: suspect: what runs there is as it last reported, 20 s ago (blog/old/0)" in unknown
    assert "- the size of image new:1: no node has it (shop/new/0)" in unknown


def test_it_says_what_is_left_different_and_what_is_not_accepted() -> None:
    text = plan_markdown(everything())
    words = "<code>memory&#95;mb</code>: <code>24</code> → <code>32</code>"
    assert f"**Has drifted**\n\n- <code>shop/cache/0</code> on <code>a</code>: frozen: {words}" in text
    assert f"**Not accepted**\n\n- <code>blog</code>: it was rolled back: {words}" in text
    assert "**Not considered**\n\n- bad.yaml:3: components&#91;0&#93;: is no YAML" in text
    assert "**Removals wait**: 2 of 3 businesses would go" in text


def test_a_whole_plan_is_written_as_it_was() -> None:
    assert plan_markdown(everything()) == golden("plan.md", plan_markdown(everything()))

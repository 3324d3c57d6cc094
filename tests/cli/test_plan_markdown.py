"""A plan as a comment on a pull request."""

from reconciler.cli.plan_markdown import plan_markdown
from reconciler.plan.document import document
from reconciler.spec.model import Dependency
from tests.support.planning import World, business, component, node


def test_it_says_what_changes_what_is_interrupted_what_has_no_place_and_the_hash() -> None:
    web = component("web", depends_on={"db": Dependency()})
    world = World(node("a", 4)).wants(business("shop", component("db", ports=[5432]), web))
    world.carries_out()
    world.wants(business("shop", component("db", image_name="db:2", ports=[5432]), web, component("big", cpu=9)))
    found = document(world.plan(), world.desired)
    text = plan_markdown(found | {"problems": [], "held": None})
    assert "| ~ update | <code>db/0</code> | <code>a</code>, port 5432/tcp | spec changed |" in text
    assert "<code>image&#95;name</code>: <code>db:1</code> → <code>db:2</code>" in text
    assert "<code>shop/db/0</code> on <code>a</code> stops before its successor runs, used by <code>web</code>" in text
    assert "<code>shop/big/0</code>: 1 node: CPU: needs 9 cores, at most 4 free" in text
    assert "Stays as it is: shop 1." in text
    assert text.endswith(f"Plan hash: `{found['hash']}`\n")


def test_nothing_in_a_plan_is_taken_for_markup() -> None:
    world = World(node("a")).wants(business("shop", component(environment_variables={"A": "b"})))
    world.carries_out()
    world.wants(business("shop", component(environment_variables={"A": "<img src=x> | @all `x`\n# head"})))
    text = plan_markdown(document(world.plan(), world.desired))
    assert "<img" not in text and "@all" not in text and "\n# head" not in text


def test_in_sync_is_one_line_and_the_hash() -> None:
    world = World(node("a")).wants(business("shop", component())).settles()
    found = document(world.plan(), world.desired)
    text = plan_markdown(found)
    assert text.startswith("### In sync: nothing to do, 1 unchanged.")

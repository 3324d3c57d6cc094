"""Questions about plans that nobody carries out."""

import pytest

from reconciler.control.errors import Conflict, UnknownBusiness, UnknownInstance
from reconciler.plan.ask.suppose import Suppose
from tests.control.helpers import Site
from tests.support.planning import business, component, key

SHOP = business("shop", component("web", replicas=2))


@pytest.fixture
def fleet(site: Site) -> Site:
    site.nodes("a", "b")
    site.deploys(SHOP)
    site.settles()
    return site


def test_a_preview_is_what_then_happens_and_stores_nothing(fleet: Site) -> None:
    changed = business("shop", component("web", replicas=2, image_name="web:2"))
    preview = fleet.manager.dry_runs.preview([changed])
    before = len(fleet.events())
    assert [f"{action.kind} {action.key} on {action.node_id}" for action in preview.plan.actions] == [
        "update shop/web/0 on a",
        "update shop/web/1 on b",
    ]
    assert preview.desired.businesses["shop"].business == changed
    assert fleet.store.desired.snapshot().businesses["shop"].business == SHOP
    assert len(fleet.events()) == before and preview.at == fleet.clock.now


def test_a_lost_node_can_be_supposed(fleet: Site) -> None:
    preview = fleet.manager.dry_runs.preview([], suppose=Suppose(without=("a",)))
    assert [f"{action.kind} {action.key} on {action.node_id}" for action in preview.plan.actions] == [
        "create shop/web/0 on b"
    ]


def test_what_no_other_node_could_take_is_named_for_each_loss(fleet: Site) -> None:
    fleet.deploys(business("big", component("db", cpu=5, replicas=2)))
    fleet.settles()
    survival = fleet.manager.dry_runs.survival(None)
    assert {node: sorted(str(one.key) for one in lost) for node, lost in survival.items()} == {
        "a": ["big/db/0"],
        "b": ["big/db/1"],
    }


def test_more_losses_than_a_question_may_be_about_are_refused(fleet: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.control.ask.dry_runs.LOSSES_MAX", 1)
    with pytest.raises(Conflict, match="2 losses are more than the 1 looked at"):
        fleet.manager.dry_runs.survival(None)


def test_an_instance_is_explained_and_an_unknown_one_refused(fleet: Site) -> None:
    explained = fleet.manager.dry_runs.explain(key("shop/web/0"))
    assert explained.node_id == "a" and len(explained.situations) == 2
    with pytest.raises(UnknownBusiness):
        fleet.manager.dry_runs.explain(key("blog/web/0"))
    with pytest.raises(UnknownInstance, match="shop has no component 'app'"):
        fleet.manager.dry_runs.explain(key("shop/app/0"))

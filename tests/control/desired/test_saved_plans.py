"""Saved plans: carried out to the letter or refused with what has changed (rule 14), and followed to their end."""

from pathlib import Path

import pytest

from reconciler.control.errors import PlanOutdated, UnknownPlan
from reconciler.manifest.errors import SpecError
from reconciler.plan.keep.saved import SavedPlan
from reconciler.plan.model.policy import Policy
from tests.control.helpers import Site
from tests.support.planning import business, component

SHOP = business("shop", component("web", replicas=2))


@pytest.fixture
def fleet(site: Site) -> Site:
    site.nodes("a", "b")
    site.turns()
    return site


def test_a_plan_that_holds_is_carried_out_to_the_letter(fleet: Site) -> None:
    saved = fleet.manager.saved_plans.save([SHOP])
    assert not fleet.store.desired.snapshot().businesses, "saving stores nothing"
    fleet.manager.saved_plans.apply(saved, [SHOP], "ann")
    fleet.settles()
    assert [f"{one.component_id}/{one.instance} on {one.node_id}" for one in saved.actions()] == [
        "web/0 on a",
        "web/1 on b",
    ]
    assert fleet.running() == ["shop/web/0 on a", "shop/web/1 on b"]
    assert fleet.manager.saved_plans.get(saved.hash).state == "done"
    assert [event.message.partition(" (")[0] for event in fleet.events("plan")] == [
        "saved plan accepted from ann: 2 actions",
        "saved plan carried out to the letter",
    ]


def test_a_plan_whose_facts_have_changed_is_refused_and_nothing_is_done(fleet: Site) -> None:
    saved = fleet.manager.saved_plans.save([SHOP])
    fleet.manager.nodes.cordon("b", "ann")
    with pytest.raises(PlanOutdated, match="Nothing was done: make a new plan") as refused:
        fleet.manager.saved_plans.apply(saved, [SHOP], "ann")
    assert any("b" in path for path, _ in refused.value.facts)
    assert not fleet.store.desired.snapshot().businesses
    with pytest.raises(UnknownPlan):
        fleet.manager.saved_plans.get(saved.hash)


def test_a_plan_for_others_is_refused(fleet: Site) -> None:
    saved = fleet.manager.saved_plans.save([SHOP])
    with pytest.raises(SpecError, match="not of the plan's businesses"):
        fleet.manager.saved_plans.apply(saved, [business("blog", component("web"))], "ann")


def test_a_newer_revision_supersedes_a_plan(fleet: Site) -> None:
    saved = fleet.manager.saved_plans.save([SHOP])
    fleet.manager.saved_plans.apply(saved, [SHOP], "ann")
    fleet.deploys(business("shop", component("web", replicas=3)))
    fleet.settles()
    assert fleet.manager.saved_plans.get(saved.hash).state == "superseded"


def test_what_happens_beside_the_plan_is_told(tmp_path: Path) -> None:
    site = Site(tmp_path, policy=Policy(suspect_after=5, lost_after=10))
    site.nodes("a", "b")
    site.turns()
    saved: SavedPlan = site.manager.saved_plans.save([SHOP])
    site.agents.idle.add("http://b")
    site.manager.saved_plans.apply(saved, [SHOP], "ann")
    site.turns()
    site.passes(30, "b")
    execution = site.manager.saved_plans.get(saved.hash)
    assert "create shop/web/1 on a was not in the plan: " in execution.departures[0]
    assert len(site.events("departure")) == len(execution.departures) == len(set(execution.departures))
    site.close()


def test_a_manager_that_is_started_anew_follows_on(fleet: Site) -> None:
    saved = fleet.manager.saved_plans.save([SHOP])
    fleet.manager.saved_plans.apply(saved, [SHOP], "ann")
    fleet.restarts()
    fleet.settles()
    assert fleet.manager.saved_plans.get(saved.hash).state == "done"

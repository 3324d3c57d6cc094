"""What is beyond a limit waits for a yes: for the very plan that was shown, or for one's own businesses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.control.errors import Conflict
from reconciler.control.loop.approvals import APPROVAL_SECONDS_MAX
from reconciler.control.view import documented
from reconciler.plan.model.policy import BlastRadius, Policy
from tests.control.helpers import Site
from tests.support.planning import business, component


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Site]:
    """A manager that stops one instance a plan, and one with volumes; the shop and the data are to end."""
    site = Site(tmp_path, policy=Policy(blast_radius=BlastRadius(stops=1, volumes=1)))
    site.nodes("a")
    site.deploys(
        business("shop", component("web", replicas=2)), business("data", component("db", data=True, replicas=2))
    )
    site.settles()
    for name in ("shop", "data"):
        site.manager.desired.remove(name, "ann")
    site.turns()
    yield site
    site.close()


def pending(site: Site) -> list[str]:
    return sorted(str(action.key) for action in site.manager.approvals.pending().actions)


def test_all_of_a_plan_is_approved_by_its_hash(limited: Site) -> None:
    assert pending(limited) == ["data/db/0", "data/db/1", "shop/web/0", "shop/web/1"]
    assert len(limited.running()) == 4
    plan_hash = limited.manager.approvals.pending().plan_hash
    with pytest.raises(Conflict, match=f"the present plan is {plan_hash}, not '00000000'"):
        limited.manager.approvals.approve("00000000", "bob")
    with pytest.raises(Conflict, match="it has changed since"):
        limited.manager.approvals.approve(plan_hash[:7], "bob")
    assert len(limited.manager.approvals.approve(plan_hash[:8], "bob").actions) == 4
    limited.settles()
    assert limited.running() == []
    assert sorted(limited.told("approved")) == [
        f"data: 2 stops approved by bob in plan {plan_hash[:12]}",
        f"shop: 2 stops approved by bob in plan {plan_hash[:12]}",
    ]


def test_a_yes_to_ones_own_reaches_no_volumes_and_nobody_else(limited: Site) -> None:
    assert {str(one.key) for one in limited.manager.approvals.approve_own(["data"], "bob").actions} == {
        "data/db/0",
        "data/db/1",
    }
    assert limited.manager.approvals.approve_own(["shop"], "bob").actions == ()
    limited.settles()
    assert limited.running() == ["data/db/0 on a", "data/db/1 on a"]


def test_where_nothing_waits_there_is_nothing_to_approve(site: Site) -> None:
    site.nodes("a")
    assert site.manager.approvals.pending().plan_hash == ""
    with pytest.raises(Conflict, match="nothing waits for an approval"):
        site.manager.approvals.approve(documented(site.manager.view()).hash, "bob")


def test_approvals_of_what_has_gone_or_is_wanted_again_are_forgotten(limited: Site) -> None:
    limited.manager.approvals.approve(limited.manager.approvals.pending().plan_hash, "bob")
    assert len(limited.store.approvals.all()) == 4
    limited.manager.specs.create(business("shop", component("web", replicas=2)), "ann")
    limited.settles()
    assert limited.store.approvals.all() == {}


def test_an_approval_that_nothing_comes_of_is_forgotten_after_a_day(limited: Site) -> None:
    limited.agents.idle.add("http://a")
    limited.manager.approvals.approve(limited.manager.approvals.pending().plan_hash, "bob")
    limited.turns()
    assert len(limited.store.approvals.all()) == 4
    limited.clock.passes(APPROVAL_SECONDS_MAX)
    limited.reports()
    limited.turns()
    assert limited.store.approvals.all() == {}

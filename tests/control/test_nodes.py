"""Reports are taken, and operators cordon and drain nodes, on record."""

import pytest

from reconciler.control.errors import UnknownNodeId
from reconciler.store.model import UnknownNode
from reconciler.wire.messages import Status
from reconciler.wire.reports import ComponentReport
from tests.control.helpers import Site
from tests.support.planning import business, component


def test_a_cordoned_node_gets_nothing_new_until_it_is_uncordoned(site: Site) -> None:
    site.nodes("a")
    site.manager.nodes.cordon("a", "ann")
    site.deploys(business("shop", component("web")))
    site.settles()
    assert site.status() == "pending"
    site.manager.nodes.uncordon("a", "ann")
    site.settles()
    assert site.running() == ["shop/web/0 on a"]
    assert [event.message for event in site.events("node") if event.cause.startswith("ann")] == [
        "cordon asked for by ann",
        "uncordon asked for by ann",
    ]


def test_a_draining_node_gives_away_what_it_runs(site: Site) -> None:
    site.nodes("a", "b")
    site.deploys(business("shop", component("web")))
    site.settles()
    site.manager.nodes.drain("a", 60, "ann")
    node = site.store.observed.snapshot().nodes["a"]
    assert (node.cordoned, node.draining, node.drain_by) == (True, True, site.clock.now + 60)
    site.settles()
    assert site.running() == ["shop/web/0 on b"]
    assert "drain within 60 s asked for by ann" in [event.message for event in site.events("node")]
    assert site.events("create")[-1].cause == "operator drain of a"


def test_a_drain_within_no_time_has_a_deadline_and_one_without_has_none(site: Site) -> None:
    site.nodes("a")
    site.manager.nodes.drain("a", 0, "ann")
    assert site.store.observed.snapshot().nodes["a"].drain_by == site.clock.now
    site.manager.nodes.drain("a", None, "ann")
    assert site.store.observed.snapshot().nodes["a"].drain_by is None


def test_an_unknown_node_is_answered_with_those_there_are(site: Site) -> None:
    site.nodes("a-1", "a-2")
    with pytest.raises(UnknownNodeId, match="there is no node 'zebra'"):
        site.manager.nodes.cordon("zebra", "ann")


def test_the_lease_ends_before_its_node_counts_as_lost(site: Site) -> None:
    assert 0 < site.manager.nodes.lease_seconds < 60


def test_one_change_is_taken_from_a_node_that_has_registered(site: Site) -> None:
    site.nodes("a")
    site.deploys(business("shop", component("web")))
    site.settles()
    report = ComponentReport(
        node_id="a",
        business_id="shop",
        component_id="web",
        status=Status.FAILED,
        message="exit code 1",
        ended=True,
        container_id="container-1",
        timestamp=site.clock.now + 1,
    )
    site.manager.nodes.report_component(report)
    assert "exit code 1" in {allocation.message for allocation in site.store.observed.snapshot().allocations}
    with pytest.raises(UnknownNode):
        site.manager.nodes.report_component(ComponentReport(node_id="b", **_fields()))


def _fields() -> dict[str, object]:
    return {"business_id": "shop", "component_id": "web", "status": Status.RUNNING, "timestamp": 1.0}

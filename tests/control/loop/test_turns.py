"""Turns of the loop, from a spec to its container and back, with played nodes."""

import sqlite3

import pytest

from reconciler.store.model import StoreError
from tests.control.helpers import Site
from tests.support.planning import business, component, key

SHOP = business("shop", component("web", replicas=2))


def test_a_spec_becomes_containers_and_every_action_one_event(site: Site) -> None:
    site.nodes("a", "b")
    site.deploys(SHOP)
    site.settles()
    assert site.running() == ["shop/web/0 on a", "shop/web/1 on b"]
    assert site.told("create") == ["shop/web/0 on a: not running yet", "shop/web/1 on b: not running yet"]
    assert site.status() == "running"
    (accepted,) = site.events("accepted")
    assert {event.cause for event in site.events("create")} == {accepted.cause}


def test_at_rest_a_turn_sends_and_writes_nothing(site: Site) -> None:
    site.nodes("a")
    site.deploys(SHOP)
    site.settles()
    events, asked = len(site.events()), len(site.agents.asked)
    for _ in range(3):
        site.reports()
        site.turns()
    assert (len(site.events()), len(site.agents.asked)) == (events, asked)
    assert not site.manager.view().plan.actions


def test_a_node_that_is_silent_while_it_is_asked_makes_no_second_event(site: Site) -> None:
    """Rule 15: one attempt is one event."""
    site.nodes("a")
    site.agents.idle.add("http://a")
    site.deploys(business("shop", component("web")))
    site.turns()
    site.passes(20, "a")
    assert site.status() == "pending", "a suspect node gets nothing new"
    site.agents.idle.clear()
    site.passes(40)
    assert len(site.events("create")) == 1


def test_a_restart_of_the_manager_tells_no_attempt_again(site: Site) -> None:
    site.nodes("a")
    site.agents.idle.add("http://a")
    site.deploys(business("shop", component("web")))
    site.turns()
    site.restarts()
    site.agents.idle.clear()
    site.reports()
    site.settles()
    assert len(site.events("create")) == 1
    assert site.running() == ["shop/web/0 on a"]


def test_a_restart_of_the_manager_asks_for_nothing_that_runs(site: Site) -> None:
    """Rule 3."""
    site.nodes("a")
    site.deploys(SHOP)
    site.settles()
    asked = list(site.agents.asked)
    site.restarts()
    site.settles()
    assert site.agents.asked == asked


def test_an_instance_that_is_missing_from_one_report_makes_no_attempt_within_a_second(site: Site) -> None:
    site.nodes("a")
    site.deploys(business("shop", component("web")))
    site.settles()
    asked = list(site.agents.asked)
    site.reports(without=["shop/web/0"])
    site.turns()
    site.reports()
    site.turns()
    assert site.agents.asked == asked and len(site.events("create")) == 1


def test_an_instance_that_has_gone_is_made_again_and_told_with_its_cause(site: Site) -> None:
    site.nodes("a")
    site.deploys(business("shop", component("web")))
    site.settles()
    site.passes(5)
    site.agents.runs["http://a"].clear()
    site.passes(30)
    assert site.running() == ["shop/web/0 on a"]
    assert [event.cause for event in site.events("create")[1:]] == ["report of node a: it is gone"]


def test_a_failed_instance_is_told_and_shown(site: Site) -> None:
    site.nodes("a")
    site.deploys(business("shop", component("web", restart="no")))
    site.settles()
    site.agents.fails("http://a", key("shop/web/0"))
    site.reports()
    site.turns()
    assert site.status() == "failed"
    assert site.told("failed") == ["shop/web/0 on a: exit code 1"]
    site.reports()
    site.turns()
    assert len(site.events("failed")) == 1


def test_a_lost_node_is_told_and_what_can_move_moves(site: Site) -> None:
    site.nodes("a", "b")
    site.deploys(business("shop", component("web")))
    site.settles()
    site.passes(65, "a")
    news = [event.message for event in site.events("node")]
    assert news[-2:] == ["a has not reported lately", "a is lost: what can move, moves"]
    assert "shop/web/0 on b" in site.running()
    (moved,) = site.events("create")[1:]
    assert (moved.node_id, moved.cause) == ("b", "node a lost")
    site.passes(10)
    assert site.running() == ["shop/web/0 on b"], "the surplus copy stopped when its node came back"


def test_events_that_could_not_be_written_are_written_by_the_next_turn(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.nodes("a")
    site.turns()
    site.deploys(business("shop", component("web")))

    def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(site.store.events, "add", fails)
        with pytest.raises(StoreError):
            site.turns()
    site.settles()
    assert len(site.events("create")) == 1
    assert [event.message.partition(":")[0] for event in site.events("status")][-1] == "running"


def test_a_reader_sees_what_was_accepted_before_the_loop_turns(site: Site) -> None:
    site.nodes("a")
    site.turns()
    site.deploys(SHOP)
    view = site.manager.view()
    assert list(view.statuses) == ["shop"]
    assert [str(action.key) for action in view.plan.actions] == ["shop/web/0", "shop/web/1"]
    assert not site.agents.asked, "a view sends nothing"


def test_the_worst_instance_stands_for_its_component(site: Site) -> None:
    site.nodes("a", "b")
    site.deploys(business("shop", component("web", replicas=2, restart="no")))
    site.settles()
    site.agents.fails("http://b", key("shop/web/1"))
    site.reports()
    site.turns()
    with sqlite3.connect(site.path) as connection:
        rows = connection.execute("SELECT component_id, status FROM business_components").fetchall()
    assert rows == [("web", "failed")]


def test_a_decision_is_kept_for_each_plan_by_which_something_happens(site: Site) -> None:
    site.nodes("a")
    site.deploys(business("shop", component("web")))
    site.settles()
    (created,) = site.events("create")
    decision, state = site.manager.decisions.of(created)
    assert decision is not None and state is not None
    assert decision.plan_hash == created.plan_hash
    assert site.manager.decisions.read(created.plan_hash[:12]) == state

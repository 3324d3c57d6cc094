"""Reading sources: what is accepted, what is removed and when, and what people are told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.control.desired.source_sync import Patience
from reconciler.control.errors import UnknownBusiness
from reconciler.source.decide import decide
from reconciler.source.deferral import Asked
from tests.control.helpers import FakeSource, Site
from tests.support.planning import business, component

SHOP, BLOG, WIKI = (business(name, component("web")) for name in ("shop", "blog", "wiki"))


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def watching(tmp_path: Path, source: FakeSource) -> Iterator[Site]:
    site = Site(tmp_path, source)
    yield site
    site.close()


def businesses(site: Site) -> list[str]:
    return sorted(site.store.desired.snapshot().businesses)


def test_what_files_declare_is_accepted_and_told_once(watching: Site, source: FakeSource) -> None:
    source.declares = [SHOP, BLOG]
    assert watching.manager.sources.sync().accepted == ("blog", "shop")
    again = watching.manager.sources.sync()
    assert (again.accepted, again.unchanged) == ((), 2)
    assert watching.told("accepted") == [
        "blog: accepted from desired/blog.yaml",
        "shop: accepted from desired/shop.yaml",
    ]
    assert {event.cause for event in watching.events("accepted")} == {
        "desired/blog.yaml: changed",
        "desired/shop.yaml: changed",
    }


def test_a_file_that_has_gone_removes_its_business(watching: Site, source: FakeSource) -> None:
    source.declares = [SHOP, BLOG, WIKI]
    watching.manager.sources.sync()
    source.declares = [SHOP, BLOG]
    assert watching.manager.sources.sync().removed == ("wiki",)
    assert businesses(watching) == ["blog", "shop"]
    assert watching.told("removed") == ["wiki: no file declares it any more"]


def test_a_patient_reading_removes_what_has_been_missing_for_a_while(watching: Site, source: FakeSource) -> None:
    source.removal_seconds = 1.0
    source.declares = [SHOP, BLOG, WIKI]
    watching.manager.sources.sync()
    source.declares = [SHOP, BLOG]
    result = watching.manager.sources.sync(patient=True)
    assert (result.removed, result.waiting, source.looks_again) == ((), ("wiki",), 1)
    watching.clock.passes(1.0)
    assert watching.manager.sources.sync(patient=True).removed == ("wiki",)


def test_a_source_that_can_not_be_read_removes_nothing(watching: Site, source: FakeSource) -> None:
    """Rule 6."""
    source.declares = [SHOP]
    watching.manager.sources.sync()
    source.unreadable = "desired is not there"
    for prune in (False, True):
        result = watching.manager.sources.sync(prune=prune)
        assert (result.removed, result.prune_blocked) == ((), "nothing is removed: desired is not there")
    assert businesses(watching) == ["shop"]
    assert watching.told("blocked") == [": nothing is removed: desired is not there"], "it is told once"


def test_pruning_without_a_readable_source_is_a_broken_rule(
    watching: Site, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 6, where it is asserted: whatever decides so, nothing is removed."""
    source.declares = [SHOP, BLOG, WIKI]
    watching.manager.sources.sync()
    source.declares = [SHOP, BLOG]
    made = decide([source.read()], watching.store.desired.snapshot().businesses, Asked(watching.clock()))
    monkeypatch.setattr("reconciler.control.desired.source_sync.decide", lambda *_: made)
    source.unreadable = "desired is not there"
    with pytest.raises(AssertionError, match="rule 6"):
        watching.manager.sources.sync()
    assert businesses(watching) == ["blog", "shop", "wiki"]


def test_removing_more_than_half_waits_for_a_yes(watching: Site, source: FakeSource) -> None:
    source.declares = [SHOP, BLOG, WIKI]
    watching.manager.sources.sync()
    source.declares = [SHOP]
    assert "2 of 3 businesses" in watching.manager.sources.sync().prune_blocked
    assert len(businesses(watching)) == 3
    assert watching.manager.sources.sync(prune=True).removed == ("blog", "wiki")


def test_a_name_that_nothing_declares_is_unknown_and_the_rest_is_read(watching: Site, source: FakeSource) -> None:
    source.declares = [SHOP]
    with pytest.raises(UnknownBusiness, match="there is no business 'shap'"):
        watching.manager.sources.sync(named=["shap"])
    assert businesses(watching) == ["shop"]


def test_every_source_is_brought_up_to_date_and_ended(tmp_path: Path) -> None:
    first, second = FakeSource(), FakeSource("infra@main")
    site = Site(tmp_path, first, second)
    site.manager.sources.refresh()
    site.manager.sources.start(lambda: None)
    site.manager.sources.close()
    assert [(one.refreshed, one.started, one.closed) for one in (first, second)] == [(1, True, True)] * 2
    site.close()


def test_what_a_sync_would_do_is_previewed_and_stored_nowhere(watching: Site, source: FakeSource) -> None:
    source.declares = [SHOP]
    watching.nodes("a")
    preview = watching.manager.dry_runs.preview(None)
    assert [str(action.key) for action in preview.plan.actions] == ["shop/web/0"]
    assert businesses(watching) == []


def test_a_manager_without_sources_syncs_nothing(site: Site) -> None:
    assert site.manager.sources.sync(prune=True).accepted == ()
    assert site.manager.sources.watched == ()


# -- patience


def test_a_removal_waits_until_it_has_been_missing_for_a_while() -> None:
    patience = Patience()
    assert patience.ripe("desired", ("a", "b"), 10.0, 1.0) == ()
    assert patience.ripe("desired", ("a", "b", "c"), 10.5, 1.0) == ()
    assert patience.ripe("desired", ("a", "c"), 11.0, 1.0) == ("a",)
    assert patience.ripe("desired", ("b", "c"), 11.5, 1.0) == ("c",), "b was back meanwhile"


def test_each_source_is_asked_for_itself_and_some_need_no_patience() -> None:
    patience = Patience()
    assert patience.ripe("desired", ("a",), 10.0, 1.0) == ()
    assert patience.ripe("infra@main", ("a",), 11.0, 1.0) == ()
    assert patience.ripe("infra@main", ("a",), 11.0, 0.0) == ("a",)


def test_a_clock_that_was_set_back_keeps_nothing_waiting_for_ever() -> None:
    patience = Patience()
    assert patience.ripe("desired", ("a",), 1000.0, 1.0) == ()
    assert patience.ripe("desired", ("a",), 10.0, 1.0) == ()
    assert patience.ripe("desired", ("a",), 11.0, 1.0) == ("a",)

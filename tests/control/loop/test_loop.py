"""When the loop turns, and that nothing ends it."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from reconciler.manifest.model import Sync, Window
from reconciler.store.model import StoreError
from tests.control.helpers import FakeSource, Site
from tests.support.planning import business, component


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, FakeSource())
    yield site
    site.close()


def test_sources_are_read_when_the_loop_begins_and_after_each_change(watching: Site) -> None:
    (source,) = watching.sources
    source.declares = [business("shop", component("web"))]
    watching.manager.sources.start(watching.manager.loop.source_changed)
    watching.turns()
    assert not watching.store.desired.snapshot().businesses, "nobody has told of a change"
    source.changed()
    watching.turns()
    assert list(watching.store.desired.snapshot().businesses) == ["shop"]


def test_housekeeping_is_done_every_half_minute(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[float] = []
    monkeypatch.setattr(site.store, "housekeeping", done.append)
    for _ in range(4):
        site.turns()
        site.clock.passes(15)
    assert [at - done[0] for at in done] == [0, 30]


def test_the_loop_turns_again_when_a_call_is_due(site: Site) -> None:
    site.nodes("a")
    site.agents.silent.add("http://a")
    site.deploys(business("shop", component("web")))
    site.turns()
    assert 0.8 <= site.manager.loop.seconds_until_due() <= 1.2
    assert "can't be reached" in site.manager.view().statuses["shop"].instances[0].message


def test_a_turn_that_fails_ends_no_loop(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread is the point here: it has to outlive the exception and turn once more."""
    failed, turned = threading.Event(), threading.Event()
    turns = site.manager.loop.turn

    def fails_first() -> None:
        if not failed.is_set():
            failed.set()
            raise StoreError("the disk is full")
        turns()
        turned.set()

    monkeypatch.setattr(site.manager.loop, "turn", fails_first)
    monkeypatch.setattr("reconciler.control.loop.loop.RETRY_SECONDS", 0.0)
    assert not site.manager.is_alive
    site.manager.start()
    assert turned.wait(60)
    assert site.manager.is_alive
    site.manager.close()
    assert not site.manager.is_alive


def test_what_waits_for_a_window_is_accepted_when_it_opens(watching: Site) -> None:
    (source,) = watching.sources
    opens = datetime.fromtimestamp(watching.clock.now + 600, UTC)
    window = Window(kind="allow", schedule=f"{opens.minute} {opens.hour} * * *", duration=3600)
    source.declares = [msgspec.structs.replace(business("shop", component("web")), sync=Sync(windows=(window,)))]
    watching.manager.sources.sync()
    due = watching.manager.sources.due
    assert due is not None and 0 < due - watching.clock.now <= 600
    watching.turns()
    assert not watching.store.desired.snapshot().businesses
    watching.clock.passes(due - watching.clock.now)
    watching.turns()
    assert list(watching.store.desired.snapshot().businesses) == ["shop"]

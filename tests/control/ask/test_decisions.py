"""Kept decisions are found by the beginning of their plan's hash, and what is not kept is refused with what is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.control.ask.decisions import Decisions
from reconciler.control.errors import Conflict, UnknownPlan
from reconciler.store import Store
from tests.control.helpers import Site
from tests.support.deciding import keep, small
from tests.support.planning import NOW, business, component


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "manager.db")
    yield opened
    opened.close()


def test_what_is_not_kept_is_refused_with_what_is(store: Store) -> None:
    decisions = Decisions(store)
    with pytest.raises(UnknownPlan, match="nothing was decided yet"):
        decisions.read("abc")
    hashes = [keep(store, small(number), NOW + number / 10) for number in range(20)]
    with pytest.raises(UnknownPlan, match=f"oldest kept one is {hashes[0][:12]} of .*, the newest {hashes[-1][:12]}"):
        decisions.read("0" * 64)
    with pytest.raises(Conflict, match="20 kept plans begin with"):
        decisions.read("")
    assert decisions.read(hashes[3][:16]) == decisions.read(hashes[3])


def test_the_decision_of_an_event_is_found_and_none_for_one_without(site: Site) -> None:
    site.nodes("a")
    site.deploys(business("shop", component("web")))
    site.settles()
    (created,) = site.events("create")
    decision, text = site.manager.decisions.of(created)
    assert decision is not None and decision.plan_hash == created.plan_hash
    assert text == site.manager.decisions.read(created.plan_hash)
    (accepted,) = site.events("accepted")
    assert site.manager.decisions.of(accepted) == (None, None)

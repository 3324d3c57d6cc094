"""Revisions outlive their business; as many are kept as asked for."""

from pathlib import Path

import pytest

from reconciler.store import Accepted, Event, Store
from tests.store.making import accept, business


def test_fifty_revisions_are_kept_of_each_business(store: Store) -> None:
    accept(store, business("other"))
    for number in range(55):
        accept(store, business(image=f"nginx:{number}"), at=float(number))
    kept = store.revisions.newest("shop", limit=100)
    assert [revision.number for revision in kept] == list(range(55, 5, -1))
    assert (kept[0].who, kept[0].at, kept[0].source) == ("tester", 54.0, "api")
    assert kept[0].business == business(image="nginx:54")
    assert len({revision.digest for revision in kept}) == 50
    assert len(store.revisions.newest("shop", limit=3)) == 3
    assert len(store.revisions.newest("other")) == 1


def test_a_removed_business_keeps_its_history_and_its_numbers_go_on(store: Store) -> None:
    accept(store, business())
    store.settings.add_restart("shop", 2.0)
    store.events.add([Event(2.0, "restarted", "by hand", business_id="shop")])
    store.desired.remove("shop", 3.0)
    assert store.desired.snapshot().businesses == {}
    assert len(store.revisions.newest("shop")) == len(store.events.find("shop")) == 1
    assert accept(store, business(), at=4.0) == Accepted(2, True)
    kept = store.desired.snapshot().businesses["shop"]
    assert (kept.restarts, kept.earlier) == (0, (business(),))
    assert store.statuses.times()["shop"] == (4.0, 4.0)


@pytest.mark.parametrize(("asked", "kept"), [(5, 5), (2, 2), (1, 2)])
def test_as_many_revisions_are_kept_as_asked_for_and_at_least_two(tmp_path: Path, asked: int, kept: int) -> None:
    store = Store.open(tmp_path / "few.db", keep_revisions=asked)
    for number in range(1, 9):
        accept(store, business(image=f"i:{number}"))
    assert [revision.number for revision in store.revisions.newest("shop")] == list(range(8, 8 - kept, -1))
    store.close()


def test_where_a_revision_comes_from_is_told(store: Store) -> None:
    store.desired.accept(business(image="i:1"), source="api", who="api 10.0.0.7", at=1.0)
    store.desired.accept(business(image="i:2"), source="desired/shop.yaml", who="directory", at=2.0)
    told = [revision.origin for revision in store.revisions.newest("shop")]
    assert told == ["desired/shop.yaml: revision 2", "api 10.0.0.7: revision 1"]

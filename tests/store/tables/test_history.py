"""Revisions, pins and pauses outlive the manager; what is kept is bounded."""

from pathlib import Path

import pytest

from reconciler.manifest.content import content_digest
from reconciler.store import Store
from tests.store.making import accept, business


def roll_back(store: Store) -> None:
    """From image 2 to image 1, which was revision 1."""
    store.desired.roll_back(
        business(image="i:1"),
        pinned=1,
        quarantined=frozenset({content_digest(business(image="i:2"))}),
        who="api 127.0.0.1: rollback to revision 1",
        at=3.0,
    )


def test_a_rollback_is_a_revision_of_the_same_source_that_outlives_the_manager(path: Path, store: Store) -> None:
    for number in (1, 2):
        accept(store, business(image=f"i:{number}"), at=number, source="desired/shop.yaml")
    roll_back(store)
    store.desired.set_paused("shop", True, 4.0)
    held = store.desired.snapshot()
    store.close()
    again = Store.open(path)
    try:
        assert again.desired.snapshot() == held
        entry = again.desired.snapshot().businesses["shop"]
        assert (entry.revision, entry.source, entry.pinned, entry.paused) == (3, "desired/shop.yaml", 1, True)
        assert entry.quarantined == {content_digest(business(image="i:2"))}
        newest = again.revisions.newest("shop")[0]
        assert newest.origin == "api 127.0.0.1: rollback to revision 1"
        assert newest.business == business(image="i:1")
        again.desired.set_pin("shop", None, frozenset(), 5.0)
        assert again.desired.snapshot().businesses["shop"].quarantined == frozenset()
    finally:
        again.close()


def test_other_content_ends_the_pin_and_leaves_the_quarantine(store: Store) -> None:
    for number in (1, 2):
        accept(store, business(image=f"i:{number}"))
    roll_back(store)
    accept(store, business(image="i:3"))
    entry = store.desired.snapshot().businesses["shop"]
    assert entry.pinned is None
    assert entry.quarantined == {content_digest(business(image="i:2"))}


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

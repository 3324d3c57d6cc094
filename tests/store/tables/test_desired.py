from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from reconciler.manifest.content import content_digest
from reconciler.store import Accepted, Store, SyncOutcome
from tests.store.making import accept, business, instance, report


def test_what_is_accepted_is_desired_and_still_is_after_reopening(store: Store, path: Path) -> None:
    assert accept(store, business()) == Accepted(1, True)
    kept = store.desired.snapshot().businesses["shop"]
    assert (kept.business, kept.source, kept.revision) == (business(), "api", 1)
    before = store.desired.snapshot()
    store.close()
    again = Store.open(path)
    assert again.desired.snapshot() == before
    assert again.statuses.times() == {"shop": (1.0, 1.0)}
    again.close()


def test_an_identical_spec_makes_no_revision_and_clears_nothing(store: Store) -> None:
    accept(store, business())
    store.settings.set_stopped("shop", True, 2.0)
    assert accept(store, business(), at=3.0) == Accepted(1, False)
    assert store.desired.snapshot().businesses["shop"].stopped
    assert len(store.revisions.newest("shop")) == 1
    assert store.statuses.times()["shop"] == (1.0, 2.0)


def test_the_same_spec_from_another_source_is_a_revision(store: Store) -> None:
    accept(store, business())
    assert accept(store, business(), source="desired/shop.yaml") == Accepted(2, True)
    assert store.desired.snapshot().businesses["shop"].source == "desired/shop.yaml"


def test_desired_is_one_value_until_it_changes(store: Store) -> None:
    accept(store, business())
    first = store.desired.snapshot()
    assert store.desired.snapshot() is first
    accept(store, business(image="nginx:2"))
    assert first.businesses["shop"].business == business(), "a snapshot does not change"
    assert store.desired.snapshot().businesses["shop"].business == business(image="nginx:2")


def test_the_last_five_specs_are_known_newest_first(store: Store, path: Path) -> None:
    for number in range(8):
        accept(store, business(image=f"nginx:{number}"))
    earlier = store.desired.snapshot().businesses["shop"].earlier
    assert [spec.components[0].image_name for spec in earlier] == [f"nginx:{n}" for n in (6, 5, 4, 3, 2)]
    store.close()
    again = Store.open(path)
    assert again.desired.snapshot().businesses["shop"].earlier == earlier
    again.close()


def test_unknown_businesses_are_key_errors(store: Store) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.desired.remove("nope", 1.0),
        lambda: store.settings.set_stopped("nope", True, 1.0),
        lambda: store.settings.add_restart("nope", 1.0),
    ]
    for call in calls:
        with pytest.raises(KeyError):
            call()


def test_a_batch_accepts_and_removes_at_once(store: Store) -> None:
    accept(store, business("old"))
    accept(store, business("same"), source="same.yaml")
    wanted = [(business("same"), "same.yaml"), (business("new"), "new.yaml")]
    outcome = store.desired.accept_many(wanted, ["old", "never"], "git", 2.0)
    assert outcome == SyncOutcome({"same": Accepted(1, False), "new": Accepted(1, True)}, ("old",))
    assert set(store.desired.snapshot().businesses) == {"same", "new"}


def test_a_batch_that_fails_changes_nothing(store: Store) -> None:
    accept(store, business("old"))
    broken = msgspec.structs.replace(business("broken"), business_name=object())
    with pytest.raises(Exception):  # noqa: B017 - whatever a value that can't be written raises
        store.desired.accept_many([(business("new"), "a"), (broken, "b")], ["old"], "git", 2.0)
    assert set(store.desired.snapshot().businesses) == {"old"}
    assert store.revisions.newest("new") == []


def test_the_last_spec_of_a_removed_business_is_known_while_anything_of_it_runs(store: Store, path: Path) -> None:
    accept(store, business())
    store.observed.record_report(report(instance()), 2.0)
    store.desired.remove("shop", 3.0)
    assert store.desired.snapshot().removed == {"shop": business()}
    store.close()
    again = Store.open(path)
    assert again.desired.snapshot().removed == {"shop": business()}
    again.observed.record_report(report(timestamp=4.0), 4.0)
    again.housekeeping(5.0)
    assert again.desired.snapshot().removed == {}
    again.close()


def roll_back(store: Store) -> None:
    """From image 2 to image 1, which was revision 1."""
    store.desired.roll_back(
        business(image="i:1"),
        pinned=1,
        quarantined=frozenset({content_digest(business(image="i:2"))}),
        who="api 127.0.0.1",
        operation="rollback to revision 1",
        at=3.0,
    )


def test_a_rollback_is_a_revision_of_the_same_source_that_outlives_the_manager(path: Path, store: Store) -> None:
    for number in (1, 2):
        accept(store, business(image=f"i:{number}"), at=number, source="desired/shop.yaml")
    roll_back(store)
    store.settings.set_paused("shop", True, 4.0)
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
        again.settings.set_pin("shop", None, frozenset(), 5.0)
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

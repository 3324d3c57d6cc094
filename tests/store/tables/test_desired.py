from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from reconciler.plan.model.desired import VersionResult
from reconciler.store import Accepted, BusinessRow, ComponentRow, Event, Store, SyncOutcome
from reconciler.store.tables.version_results import RESULTS_MAX
from tests.store.making import accept, business, instance, report, rows


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
    store.desired.set_stopped("shop", True, 2.0)
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
    store.desired.add_restart("shop", 2.0)
    store.events.add([Event(2.0, "restarted", "by hand", business_id="shop")])
    store.desired.remove("shop", 3.0)
    assert store.desired.snapshot().businesses == {}
    assert len(store.revisions.newest("shop")) == len(store.events.find("shop")) == 1
    assert accept(store, business(), at=4.0) == Accepted(2, True)
    kept = store.desired.snapshot().businesses["shop"]
    assert (kept.restarts, kept.earlier) == (0, (business(),))
    assert store.statuses.times()["shop"] == (4.0, 4.0)


def test_a_restart_counts_and_ends_a_stop(store: Store) -> None:
    accept(store, business())
    store.desired.set_stopped("shop", True, 2.0)
    store.desired.add_restart("shop", 3.0)
    kept = store.desired.snapshot().businesses["shop"]
    assert (kept.stopped, kept.restarts, store.statuses.times()["shop"][1]) == (False, 1, 3.0)


def test_a_new_revision_keeps_stop_and_restarts(store: Store) -> None:
    accept(store, business())
    store.desired.add_restart("shop", 2.0)
    store.desired.set_stopped("shop", True, 3.0)
    accept(store, business(image="nginx:2"), at=4.0)
    kept = store.desired.snapshot().businesses["shop"]
    assert (kept.stopped, kept.restarts, kept.revision) == (True, 1, 2)


def test_unknown_businesses_are_key_errors(store: Store) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.desired.remove("nope", 1.0),
        lambda: store.desired.set_stopped("nope", True, 1.0),
        lambda: store.desired.add_restart("nope", 1.0),
        lambda: store.statuses.component_times("nope"),
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


def test_component_rows_follow_the_spec(store: Store, path: Path) -> None:
    accept(store, business(components=("web", "db")))
    store.statuses.save([], [ComponentRow("shop", "web", "running", None, "c1", 5.0)], 5.0)
    accept(store, business(image="nginx:2", components=("web", "cache")), at=6.0)
    found = rows(
        path,
        "SELECT component_id, image_name, status, environment_variables FROM business_components ORDER BY 1",
    )
    assert found == [("cache", "nginx:2", "pending", '{"A":"1"}'), ("web", "nginx:2", "running", '{"A":"1"}')]


def test_statuses_are_saved_with_their_times(store: Store, path: Path) -> None:
    accept(store, business())
    store.observed.record_report(report(), 2.0)
    web = ComponentRow("shop", "web", "running", "n1", "c1", 5.0)
    store.statuses.save([BusinessRow("shop", "running")], [web], 6.0)
    store.statuses.save([BusinessRow("shop", "running")], [web], 7.0)
    assert store.statuses.times()["shop"] == (1.0, 6.0)
    assert store.statuses.component_times("shop") == {"web": 6.0}
    assert rows(path, "SELECT status FROM businesses") == [("running",)]
    query = "SELECT status, node_id, container_id, started_at FROM business_components"
    assert rows(path, query) == [("running", "n1", "c1", 5)]
    store.close()
    again = Store.open(path)
    assert (again.statuses.times()["shop"], again.statuses.component_times("shop")) == ((1.0, 6.0), {"web": 6.0})
    again.close()


def test_statuses_of_what_is_gone_are_skipped(store: Store, path: Path) -> None:
    accept(store, business())
    gone = [ComponentRow("gone", "web", "running"), ComponentRow("shop", "gone", "running")]
    here = ComponentRow("shop", "web", "running", node_id="forgotten")
    store.statuses.save([BusinessRow("gone", "running")], [*gone, here], 2.0)
    assert rows(path, "SELECT component_id, status, node_id FROM business_components") == [("web", "running", None)]


def test_version_results_are_remembered_with_their_reasons_and_go_with_the_business(store: Store, path: Path) -> None:
    accept(store, business())
    store.version_results.record(
        {("shop", "web", "d1"): VersionResult("good"), ("gone", "web", "d1"): VersionResult("good")}, 2.0
    )
    store.version_results.record({("shop", "web", "d2"): VersionResult("rejected", "exited with code 3")}, 3.0)
    expected = {("web", "d1"): VersionResult("good"), ("web", "d2"): VersionResult("rejected", "exited with code 3")}
    assert store.desired.snapshot().businesses["shop"].verdicts == expected
    store.close()
    again = Store.open(path)
    assert again.desired.snapshot().businesses["shop"].verdicts == expected
    accept(again, business(image="nginx:2"), at=4.0)
    assert again.desired.snapshot().businesses["shop"].verdicts == expected
    again.desired.remove("shop", 5.0)
    assert rows(path, "SELECT * FROM version_results") == []
    again.close()


def test_only_the_newest_version_results_are_kept(store: Store, path: Path) -> None:
    accept(store, business())
    for number in range(RESULTS_MAX + 5):
        store.version_results.record({("shop", "web", f"d{number}"): VersionResult("good")}, float(number))
    assert len(store.desired.snapshot().businesses["shop"].verdicts) == RESULTS_MAX
    assert rows(path, "SELECT count(*), min(at) FROM version_results") == [(RESULTS_MAX, 5.0)]


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

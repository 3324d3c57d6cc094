"""Assignments hold until their nodes report them, also across a restart."""

from dataclasses import replace
from pathlib import Path

from reconciler.store import Store
from reconciler.wire.messages import Status
from tests.store.making import component, instance, key, report, unconfirmed


def test_an_assignment_outlives_a_restart_until_it_is_reported(store: Store, path: Path) -> None:
    store.observed.record_report(report(), 10.0)
    store.assignments.assign([unconfirmed(version=7)], 11.0)
    store.close()
    again = Store.open(path)
    (allocation,) = again.observed.snapshot().allocations
    assert allocation == replace(unconfirmed(version=7), since=11.0)
    again.observed.record_report(report(instance(version=7), timestamp=2.0), 12.0)
    assert [c.confirmed for c in again.observed.snapshot().allocations] == [True]
    again.close()


def test_an_assignment_leaves_a_reported_allocation_as_it_is(store: Store) -> None:
    store.observed.record_report(report(instance()), 10.0)
    store.assignments.assign([unconfirmed()], 11.0)
    assert store.observed.snapshot().allocations[0].confirmed


def test_news_of_an_older_versions_end_leaves_a_newer_assignment(store: Store) -> None:
    store.observed.record_report(report(), 10.0)
    store.assignments.assign([unconfirmed(version=7)], 11.0)
    ended = {"container_id": None, "version": 6}
    assert not store.observed.record_component(component(key(), Status.STOPPED, 2.0, **ended), 12.0)
    assert len(store.observed.snapshot().allocations) == 1
    ended["version"] = 7
    assert store.observed.record_component(component(key(), Status.STOPPED, 3.0, **ended), 13.0)
    assert store.observed.snapshot().allocations == ()

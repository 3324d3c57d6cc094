"""Versions only grow, whatever crashed in between."""

from pathlib import Path

from reconciler.store import Store
from reconciler.store.tables.versions import RESERVED_AT_ONCE
from reconciler.wire.messages import Status
from tests.store.making import component, instance, key, report


def test_versions_only_grow_across_restarts_and_beyond_what_agents_know(store: Store, path: Path) -> None:
    assert list(store.versions.next(3)) == [1, 2, 3]
    store.close()
    again = Store.open(path)
    (fourth,) = again.versions.next(1)
    assert fourth > 3
    assert list(again.versions.next(1)) == [fourth + 1]
    again.observed.record_report(report(instance(version=1000)), 10.0)
    again.close()
    third = Store.open(path)
    assert list(third.versions.next(2)) == [1001, 1002]
    third.observed.record_component(component(key(), Status.RUNNING, 2.0, version=5000), 11.0)
    assert list(third.versions.next(1)) == [5001]
    for _ in range(2 * RESERVED_AT_ONCE):
        (last,) = third.versions.next(1)
    assert last == 5001 + 2 * RESERVED_AT_ONCE
    third.close()

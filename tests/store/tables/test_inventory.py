"""What a report changes: drift keeps the time when it was first seen."""

from pathlib import Path

from reconciler.store import Store
from reconciler.wire.messages import Status
from reconciler.wire.reports import Drift
from tests.store.making import component, instance, key, report

ENV = Drift(field="environment_variables.DEBUG", actual='"1"')
USER = Drift(field="user", expected='"0"')


def seen(store: Store) -> dict[str, float]:
    (allocation,) = store.observed.snapshot().allocations
    return {one.field: one.first_seen for one in allocation.drift}


def test_drift_is_kept_with_when_it_was_first_seen(store: Store, path: Path) -> None:
    store.observed.record_report(report(instance()), 10.0)
    assert store.observed.record_component(component(key(), Status.RUNNING, 2.0, drift=(ENV,)), 11.0)
    assert not store.observed.record_report(report(instance(drift=(ENV,)), timestamp=3.0), 12.0)
    assert store.observed.record_report(report(instance(drift=(ENV, USER)), timestamp=4.0), 13.0)
    assert seen(store) == {ENV.field: 11.0, USER.field: 13.0}
    store.close()
    again = Store.open(path)
    assert seen(again) == {ENV.field: 11.0, USER.field: 13.0}
    again.observed.record_report(report(instance(), timestamp=5.0), 14.0)
    again.observed.record_report(report(instance(drift=(ENV,)), timestamp=6.0), 15.0)
    assert seen(again) == {ENV.field: 15.0}, "what comes back is new"
    again.close()

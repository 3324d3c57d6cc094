"""Drift as it was first seen, how often it was set back, and instances that vanished, all across a restart."""

from pathlib import Path

from reconciler.plan.model.observed import Vanished
from reconciler.store import Store
from reconciler.wire.messages import Drift, Status
from tests.store.making import accept, business, component, instance, key, report, unconfirmed

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


def test_heals_are_counted_within_the_hour_and_kept_once_they_freeze(store: Store, path: Path) -> None:
    accept(store, business())
    store.heals.record([(key(), ("user", "restart"))], 100.0)
    store.heals.record([(key(), ("user",))], 200.0)
    assert store.heals.counts() == {(key(), "user"): 2, (key(), "restart"): 1}
    store.heals.record([(key(), ("user",))], 300.0)
    store.heals.record([(key(), ("restart",))], 5000.0)
    assert store.heals.counts() == {(key(), "user"): 3, (key(), "restart"): 1}, "an hour later it is another story"
    store.housekeeping(9000.0)
    assert store.heals.counts() == {(key(), "user"): 3}
    store.close()
    again = Store.open(path)
    assert again.heals.counts() == {(key(), "user"): 3}
    assert again.heals.forget([key("other")]) == 0
    assert again.heals.forget([key()]) == 1
    assert again.heals.counts() == {}
    again.heals.record([(key(business_id="gone"), ("user",))], 9000.0)
    again.housekeeping(9001.0)
    assert again.heals.counts() == {}, "no such business is desired"
    again.close()


def test_an_instance_that_vanishes_unasked_is_remembered(store: Store, path: Path) -> None:
    store.observed.record_report(report(instance(key("web")), instance(key("db"))), 10.0)
    store.vanished.expect_end([(key("db"), "n1")])
    store.observed.record_report(report(timestamp=2.0), 11.0)
    assert store.observed.snapshot().vanished == {key("web"): Vanished("n1", "d1")}
    store.close()
    again = Store.open(path)
    assert again.observed.snapshot().vanished == {key("web"): Vanished("n1", "d1")}
    again.assignments.assign([unconfirmed(key("web"))], 12.0)
    assert again.observed.snapshot().vanished == {}
    again.close()


def test_a_vanished_instance_is_forgotten_when_it_is_back_or_no_longer_wanted(store: Store) -> None:
    store.observed.record_report(report(instance(key("web")), instance(key("db"))), 10.0)
    store.observed.record_report(report(timestamp=2.0), 11.0)
    store.vanished.keep_only({key("web")})
    assert set(store.observed.snapshot().vanished) == {key("web")}
    store.observed.record_report(report(instance(key("web")), timestamp=3.0), 12.0)
    assert store.observed.snapshot().vanished == {}

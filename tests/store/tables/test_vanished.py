"""Instances that vanish unasked are remembered until they are back or no longer wanted."""

from pathlib import Path

from reconciler.plan.model.observed import Vanished
from reconciler.store import Store
from tests.store.making import instance, key, report, unconfirmed


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

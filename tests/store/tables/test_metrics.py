from pathlib import Path

import pytest

from reconciler.store import Sample, Store
from reconciler.store.tables import metrics
from reconciler.wire.messages import Usage
from tests.store.making import accept, business, instance, key, report, rows, using


def test_an_instance_is_sampled_every_half_minute(store: Store) -> None:
    accept(store, business())
    for step in range(13):
        store.record_report(report(using(float(step)), timestamp=float(step)), 1000.0 + 5 * step)
    samples = store.metrics("shop", "web", since=0.0)
    assert samples == [Sample(at, 0, cpu, 100, 0.0) for at, cpu in ((1000.0, 0.0), (1030.0, 6.0), (1060.0, 12.0))]
    assert store.metrics("shop", "web", since=1030.0) == samples[1:]
    assert store.usage() == {(key(), "n1"): Usage(cpu_percent=12.0, memory_mb=100.0)}


def test_samples_are_written_in_batches(store: Store, path: Path) -> None:
    accept(store, business())
    query = "SELECT count(*) FROM component_metrics"
    store.record_report(report(), 1000.0)
    store.record_report(report(using(1.0), timestamp=2.0), 1005.0)
    assert rows(path, query) == [(0,)]
    store.record_report(report(using(1.0), timestamp=3.0), 1030.0)
    assert rows(path, query) == [(1,)]


def test_waiting_samples_are_written_on_closing(store: Store, path: Path) -> None:
    accept(store, business())
    store.record_report(report(), 1000.0)
    store.record_report(report(using(1.0), timestamp=2.0), 1005.0)
    store.close()
    assert rows(path, "SELECT cpu_percent FROM component_metrics") == [(1.0,)]


def test_samples_of_components_nobody_wants_are_dropped(store: Store) -> None:
    store.record_report(report(instance()), 1000.0)
    store.housekeeping(1030.0)
    assert store.metrics("shop", "web", since=0.0) == []


def test_removing_a_business_removes_its_samples(store: Store, path: Path) -> None:
    accept(store, business())
    store.record_report(report(using(1.0)), 1000.0)
    store.housekeeping(1000.0)
    store.remove("shop", 1001.0)
    assert rows(path, "SELECT * FROM component_metrics") == []


def test_old_samples_are_averaged_then_dropped(store: Store) -> None:
    accept(store, business())
    start = 300_000.0
    for step in range(20):
        store.record_report(report(using(float(step), 100.0 + step)), start + 30 * step)
    store.housekeeping(start + 3600 + 310)
    samples = store.metrics("shop", "web", since=0.0)
    assert samples[0] == Sample(start, 0, 4.5, 105, 0.0, span=300)
    assert [(sample.at, sample.span) for sample in samples[1:]] == [(start + 30 * step, 0) for step in range(10, 20)]
    store.housekeeping(start + 3600 + 610)
    store.housekeeping(start + 3600 + 620)
    assert [(s.at, s.cpu_percent) for s in store.metrics("shop", "web", 0.0)] == [
        (start, 4.5),
        (start + 300, 14.5),
    ]
    store.housekeeping(start + 7 * 86400 + 100)
    assert [s.at for s in store.metrics("shop", "web", 0.0)] == [start + 300]


def test_the_number_of_samples_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "KEPT_SAMPLES", 4)
    accept(store, business())
    for step in range(10):
        store.record_report(report(using(float(step)), timestamp=float(step)), 300_000.0 + 30 * step)
    store.housekeeping(300_300.0)
    assert [sample.cpu_percent for sample in store.metrics("shop", "web", 0.0)] == [6.0, 7.0, 8.0, 9.0]

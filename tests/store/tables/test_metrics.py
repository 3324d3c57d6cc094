from pathlib import Path

import pytest

from reconciler.store import Store
from reconciler.store.tables import metrics
from tests.store.making import accept, business, instance, report, rows, using

SAMPLES = "SELECT timestamp, cpu_percent, memory_mb, span FROM component_metrics ORDER BY timestamp"


def test_an_instance_is_sampled_every_half_minute(store: Store, path: Path) -> None:
    accept(store, business())
    for step in range(13):
        store.observed.record_report(report(using(float(step)), timestamp=float(step)), 1000.0 + 5 * step)
    store.housekeeping(1061.0)
    assert rows(path, SAMPLES) == [(1000, 0.0, 100, 0), (1030, 6.0, 100, 0), (1060, 12.0, 100, 0)]


def test_samples_are_written_in_batches(store: Store, path: Path) -> None:
    accept(store, business())
    query = "SELECT count(*) FROM component_metrics"
    store.observed.record_report(report(), 1000.0)
    store.observed.record_report(report(using(1.0), timestamp=2.0), 1005.0)
    assert rows(path, query) == [(0,)]
    store.observed.record_report(report(using(1.0), timestamp=3.0), 1030.0)
    assert rows(path, query) == [(1,)]


def test_waiting_samples_are_written_on_closing(store: Store, path: Path) -> None:
    accept(store, business())
    store.observed.record_report(report(), 1000.0)
    store.observed.record_report(report(using(1.0), timestamp=2.0), 1005.0)
    store.close()
    assert rows(path, "SELECT cpu_percent FROM component_metrics") == [(1.0,)]


def test_samples_of_components_nobody_wants_are_dropped(store: Store, path: Path) -> None:
    store.observed.record_report(report(instance()), 1000.0)
    store.housekeeping(1030.0)
    assert rows(path, SAMPLES) == []


def test_removing_a_business_removes_its_samples(store: Store, path: Path) -> None:
    accept(store, business())
    store.observed.record_report(report(using(1.0)), 1000.0)
    store.housekeeping(1000.0)
    store.desired.remove("shop", 1001.0)
    assert rows(path, "SELECT * FROM component_metrics") == []


def test_old_samples_are_averaged_then_dropped(store: Store, path: Path) -> None:
    accept(store, business())
    start = 300_000
    for step in range(20):
        store.observed.record_report(report(using(float(step), 100.0 + step)), start + 30 * step)
    store.housekeeping(start + 3600 + 310)
    average, *single = rows(path, SAMPLES)
    assert average == (start, 4.5, 105, 300)
    assert [(at, span) for at, _, _, span in single] == [(start + 30 * step, 0) for step in range(10, 20)]
    store.housekeeping(start + 3600 + 610)
    store.housekeeping(start + 3600 + 620)
    assert [row[:2] for row in rows(path, SAMPLES)] == [(start, 4.5), (start + 300, 14.5)]
    store.housekeeping(start + 7 * 86400 + 100)
    assert [row[0] for row in rows(path, SAMPLES)] == [start + 300]


def test_the_number_of_samples_is_bounded(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "SAMPLES_MAX", 4)
    accept(store, business())
    for step in range(10):
        store.observed.record_report(report(using(float(step)), timestamp=float(step)), 300_000.0 + 30 * step)
    store.housekeeping(300_300.0)
    assert [row[1] for row in rows(path, SAMPLES)] == [6.0, 7.0, 8.0, 9.0]

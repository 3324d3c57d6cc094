from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.store import Store, StoreError, UnknownNode
from reconciler.wire.messages import Status
from reconciler.wire.reports import IMAGES_MAX, Gpu, NodeCapacity, NodeImage
from tests.store.making import component, instance, key, report, rows, unconfirmed


def statuses(store: Store) -> dict[str, Status]:
    return {str(allocation.key): allocation.status for allocation in store.observed.snapshot().allocations}


def test_a_report_registers_the_node_and_its_instances(store: Store, path: Path) -> None:
    assert store.observed.record_report(report(instance()), 10.0)
    node = store.observed.snapshot().nodes["n1"]
    assert (node.cpu_cores, node.memory_mb, node.last_seen, node.cordoned) == (4, 8192, 10.0, False)
    (allocation,) = store.observed.snapshot().allocations
    assert (allocation.key, allocation.status, allocation.container_id, allocation.confirmed) == (
        key(),
        Status.RUNNING,
        "c1",
        True,
    )
    before = store.observed.snapshot()
    store.close()
    again = Store.open(path)
    assert again.observed.snapshot() == before
    again.close()


def test_a_heartbeat_changes_nothing_but_when_the_node_was_seen(store: Store, path: Path) -> None:
    store.observed.record_report(report(instance()), 10.0)
    assert not store.observed.record_report(report(instance(), timestamp=2.0), 15.0)
    assert store.observed.snapshot().nodes["n1"].last_seen == 15.0
    assert rows(path, "SELECT last_seen FROM agents") == [(10,)], "a heartbeat writes nothing"
    store.observed.record_report(report(instance(), timestamp=3.0), 45.0)
    assert rows(path, "SELECT last_seen FROM agents") == [(45,)], "but every half minute"
    assert rows(path, "SELECT updated_at FROM instances") == [(10,)]


@pytest.mark.parametrize(
    "change",
    [
        {"capacity": NodeCapacity(cpu_cores=8, memory_mb=8192)},
        {"labels": {"zone": "b"}},
        {"gpus": (Gpu(index=0, memory_mb=100),)},
        {"runtimes": ("process",)},
        {"images": (NodeImage(name="web:1", size_mb=5),)},
        {"disk_free_mb": 5000},
    ],
)
def test_what_a_node_offers_matters_to_plans(store: Store, change: dict[str, Any]) -> None:
    store.observed.record_report(report(), 10.0)
    assert store.observed.record_report(report(timestamp=2.0, **change), 15.0)
    assert not store.observed.record_report(report(timestamp=3.0, **change), 20.0)


def test_images_stay_until_the_node_says_otherwise(store: Store, path: Path) -> None:
    """Most heartbeats leave them out."""
    store.observed.record_report(report(images=(NodeImage(name="web:1", size_mb=5),), disk_free_mb=5000), 10.0)
    assert not store.observed.record_report(report(timestamp=2.0, disk_free_mb=5000), 15.0)
    store.close()
    again = Store.open(path)
    node = again.observed.snapshot().nodes["n1"]
    assert (node.images, node.disk_free_mb) == ({"web:1": 5}, 4608)
    assert again.observed.record_report(report(timestamp=3.0, images=(), disk_free_mb=5000), 20.0)
    assert again.observed.snapshot().nodes["n1"].images == {}
    again.close()


def test_a_node_that_reports_too_many_images_is_cut_short(store: Store) -> None:
    many = tuple(NodeImage(name=f"web:{number}", size_mb=2**70) for number in range(IMAGES_MAX + 1))
    store.observed.record_report(report(images=many, disk_free_mb=2**70), 10.0)
    assert len(store.observed.snapshot().nodes["n1"].images) == IMAGES_MAX


def test_a_disk_that_writes_and_deletes_makes_no_plans(store: Store) -> None:
    store.observed.record_report(report(disk_free_mb=10_250), 10.0)
    known = store.observed.snapshot().nodes["n1"].disk_free_mb
    assert known is not None and 9_000 < known <= 10_250
    stamps = iter(range(2, 100))
    assert store.observed.record_report(report(disk_free_mb=10_230, timestamp=float(next(stamps))), 12.0), "a step down"
    for free in (10_230, 10_250, 10_800, 10_245):
        assert not store.observed.record_report(report(disk_free_mb=free, timestamp=float(next(stamps))), 15.0), free
    assert store.observed.record_report(report(disk_free_mb=3_000, timestamp=float(next(stamps))), 20.0)
    assert store.observed.snapshot().nodes["n1"].disk_free_mb == 2_816
    assert store.observed.record_report(report(timestamp=float(next(stamps))), 25.0)
    assert store.observed.snapshot().nodes["n1"].disk_free_mb is None


def test_what_a_gpu_uses_is_shown_but_matters_to_no_plan(store: Store) -> None:
    store.observed.record_report(report(gpus=(Gpu(index=0, memory_mb=100),)), 10.0)
    busy = (Gpu(index=0, memory_mb=100, used_memory_mb=50, gpu_percent=70.0),)
    assert not store.observed.record_report(report(gpus=busy, timestamp=2.0), 15.0)
    assert store.observed.snapshot().nodes["n1"].gpus == busy


def test_a_message_is_shown_but_matters_to_no_plan(store: Store) -> None:
    store.observed.record_report(report(instance(status=Status.DOWNLOADING, message="10 %")), 10.0)
    said = component(key(), Status.DOWNLOADING, 2.0, message="20 %", progress=0.2)
    assert not store.observed.record_component(said, 11.0)
    assert store.observed.snapshot().allocations[0].message == "20 %"
    assert store.observed.reports()[key(), "n1"].progress == 0.2


def test_a_full_report_is_the_whole_truth_of_confirmed_allocations(store: Store, path: Path) -> None:
    store.observed.record_report(report(instance(key("web")), instance(key("db"))), 10.0)
    store.assignments.assign([unconfirmed(key("cache"))], 11.0)
    assert store.observed.record_report(report(instance(key("db")), timestamp=2.0), 12.0)
    assert statuses(store) == {"shop/db/0": Status.RUNNING, "shop/cache/0": Status.PENDING}
    assert set(store.observed.reports()) == {(key("db"), "n1")}
    assert rows(path, "SELECT component_id FROM instances ORDER BY 1") == [("cache",), ("db",)]


def test_an_instance_reported_as_stopped_and_without_container_is_gone(store: Store) -> None:
    store.observed.record_report(report(instance()), 10.0)
    gone = instance(status=Status.STOPPED, container_id=None)
    assert store.observed.record_report(report(gone, timestamp=2.0), 12.0)
    assert store.observed.snapshot().allocations == ()
    assert store.observed.reports() == {}


def test_a_component_report_changes_one_copy(store: Store) -> None:
    store.observed.record_report(report(instance(key("web")), instance(key("db"))), 10.0)
    assert store.observed.record_component(component(key("web"), Status.FAILED, 2.0), 11.0)
    assert statuses(store) == {"shop/web/0": Status.FAILED, "shop/db/0": Status.RUNNING}
    assert store.observed.record_component(component(key("web"), Status.STOPPED, 3.0, container_id=None), 12.0)
    assert statuses(store) == {"shop/db/0": Status.RUNNING}
    assert not store.observed.record_component(component(key("web"), Status.STOPPED, 4.0, container_id=None), 13.0)


def test_a_late_report_says_only_that_the_node_is_alive(store: Store) -> None:
    store.observed.record_report(report(instance(), timestamp=100.0), 10.0)
    store.observed.record_component(component(key(), Status.FAILED, 105.0), 11.0)
    assert not store.observed.record_report(report(timestamp=104.0), 12.0)
    assert not store.observed.record_component(component(key(), Status.RUNNING, 103.0), 13.0)
    assert statuses(store) == {"shop/web/0": Status.FAILED}
    assert store.observed.snapshot().nodes["n1"].last_seen == 13.0


def test_reports_of_two_allocations_may_overtake_each_other(store: Store) -> None:
    store.observed.record_report(report(instance(key("web")), instance(key("db")), timestamp=100.0), 10.0)
    assert store.observed.record_component(component(key("web"), Status.FAILED, 102.0), 11.0)
    assert store.observed.record_component(component(key("db"), Status.FAILED, 101.0), 12.0)


def test_a_node_whose_clock_was_set_back_is_still_believed(store: Store) -> None:
    store.observed.record_report(report(instance(), timestamp=10_000.0), 10.0)
    assert store.observed.record_report(report(timestamp=5_000.0), 15.0)
    assert store.observed.snapshot().allocations == ()
    assert store.observed.record_report(report(instance(), timestamp=5_005.0), 20.0)


def test_an_unregistered_node_has_to_register_first(store: Store) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.observed.record_component(component(key(), Status.RUNNING, 1.0), 1.0),
        lambda: store.assignments.assign([unconfirmed()], 1.0),
        lambda: store.observed.set_cordoned("n1", True),
    ]
    for call in calls:
        with pytest.raises(UnknownNode, match="'n1' is not registered"):
            call()


def test_a_cordon_stays_through_reports_and_restarts(store: Store, path: Path) -> None:
    store.observed.record_report(report(), 10.0)
    store.observed.set_cordoned("n1", True)
    store.observed.record_report(report(instance(), timestamp=2.0), 11.0)
    assert store.observed.snapshot().nodes["n1"].cordoned
    store.close()
    again = Store.open(path)
    assert again.observed.snapshot().nodes["n1"].cordoned
    again.observed.set_cordoned("n1", True, draining=True)
    again.observed.record_report(report(instance(), timestamp=3.0), 12.0)
    assert again.observed.snapshot().nodes["n1"].draining
    again.observed.set_cordoned("n1", False)
    node = again.observed.snapshot().nodes["n1"]
    assert (node.cordoned, node.draining) == (False, False)
    again.close()


def test_observed_is_one_value_until_it_changes(store: Store) -> None:
    store.observed.record_report(report(instance()), 10.0)
    first = store.observed.snapshot()
    assert store.observed.snapshot() is first
    store.observed.record_component(component(key(), Status.FAILED, 2.0), 11.0)
    assert first.allocations[0].status is Status.RUNNING
    assert store.observed.snapshot().allocations[0].status is Status.FAILED


def test_a_write_that_fails_leaves_memory_as_it_was(store: Store) -> None:
    store.observed.record_report(report(instance()), 10.0)
    before = store.observed.snapshot()
    too_great_for_a_column = 2**70
    with pytest.raises((StoreError, OverflowError)):
        store.observed.record_report(report(instance(version=too_great_for_a_column), timestamp=2.0), 11.0)
    assert store.observed.snapshot() == before
    assert store.observed.record_report(report(instance(version=2), timestamp=3.0), 12.0)


def test_since_when_a_allocation_is_as_it_is_outlives_reports_and_restarts(store: Store, path: Path) -> None:
    store.observed.record_report(report(instance(started_at=5.0)), 10.0)
    store.observed.record_report(report(instance(started_at=5.0, message="still well"), timestamp=2.0), 20.0)
    store.close()
    again = Store.open(path)
    assert [allocation.since for allocation in again.observed.snapshot().allocations] == [10.0]
    again.observed.record_report(report(instance(started_at=25.0), timestamp=3.0), 30.0)
    assert [allocation.since for allocation in again.observed.snapshot().allocations] == [30.0], "it was started again"
    again.close()

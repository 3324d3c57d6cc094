"""Results of versions are remembered, bounded, and go with their business."""

from pathlib import Path

from reconciler.plan.model.desired import VersionResult
from reconciler.store import Store
from reconciler.store.tables.version_results import RESULTS_MAX
from tests.store.making import accept, business, rows


def test_version_results_are_remembered_with_their_reasons_and_go_with_the_business(store: Store, path: Path) -> None:
    accept(store, business())
    store.version_results.record(
        {("shop", "web", "d1"): VersionResult("good"), ("gone", "web", "d1"): VersionResult("good")}, 2.0
    )
    store.version_results.record({("shop", "web", "d2"): VersionResult("rejected", "exited with code 3")}, 3.0)
    expected = {("web", "d1"): VersionResult("good"), ("web", "d2"): VersionResult("rejected", "exited with code 3")}
    assert store.desired.snapshot().businesses["shop"].version_results == expected
    store.close()
    again = Store.open(path)
    assert again.desired.snapshot().businesses["shop"].version_results == expected
    accept(again, business(image="nginx:2"), at=4.0)
    assert again.desired.snapshot().businesses["shop"].version_results == expected
    again.desired.remove("shop", 5.0)
    assert rows(path, "SELECT * FROM version_results") == []
    again.close()


def test_only_the_newest_version_results_are_kept(store: Store, path: Path) -> None:
    accept(store, business())
    for number in range(RESULTS_MAX + 5):
        store.version_results.record({("shop", "web", f"d{number}"): VersionResult("good")}, float(number))
    assert len(store.desired.snapshot().businesses["shop"].version_results) == RESULTS_MAX
    assert rows(path, "SELECT count(*), min(at) FROM version_results") == [(RESULTS_MAX, 5.0)]

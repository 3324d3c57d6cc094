"""Statuses are saved where they differ, with their times."""

from pathlib import Path

from reconciler.store import BusinessRow, ComponentRow, Store
from tests.store.making import accept, business, report, rows


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
    assert rows(path, "SELECT status FROM businesses") == [("running",)]
    query = "SELECT status, node_id, container_id, started_at, updated_at FROM business_components"
    assert rows(path, query) == [("running", "n1", "c1", 5, 6)]
    store.close()
    again = Store.open(path)
    assert again.statuses.times()["shop"] == (1.0, 6.0)
    again.statuses.save([BusinessRow("shop", "running")], [web], 8.0)
    assert rows(path, query) == [("running", "n1", "c1", 5, 6)], "what was saved is known after a restart"
    again.close()


def test_statuses_of_what_is_gone_are_skipped(store: Store, path: Path) -> None:
    accept(store, business())
    gone = [ComponentRow("gone", "web", "running"), ComponentRow("shop", "gone", "running")]
    here = ComponentRow("shop", "web", "running", node_id="forgotten")
    store.statuses.save([BusinessRow("gone", "running")], [*gone, here], 2.0)
    assert rows(path, "SELECT component_id, status, node_id FROM business_components") == [("web", "running", None)]

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

from reconciler.plan.keep.replay import read_decided
from reconciler.plan.model.desired import VersionResult
from reconciler.plan.model.observed import Vanished
from reconciler.store import Store
from reconciler.store.db.opening import MIGRATIONS
from reconciler.store.db.schema import HEAD, metadata
from reconciler.wire.messages import InstanceKey, Reservation
from tests.store.making import rows


def migrate_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_the_newest_migration_is_the_head_this_version_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrating_from_the_start_makes_the_tables_that_the_code_expects(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate_to(connection, HEAD)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        for table in metadata.sorted_tables:
            keys = inspect(connection).get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key]
    engine.dispose()
    assert rows(path, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    Store.open(path).close()


def test_a_new_database_is_at_the_head(path: Path) -> None:
    Store.open(path).close()
    assert rows(path, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    Store.open(path).close()


def test_the_tables_have_the_columns_that_were_asked_for(path: Path) -> None:
    Store.open(path).close()
    asked = {
        "businesses": "business_id business_name status created_at updated_at",
        "business_components": "component_id business_id component_name type image_url image_name "
        "resource_requirements environment_variables config_files affinity node_id container_id status "
        "started_at updated_at",
        "component_metrics": "id component_id timestamp cpu_percent memory_mb gpu_percent",
    }
    for table, columns in asked.items():
        there = {row[1] for row in rows(path, f"PRAGMA table_info({table})")}
        assert set(columns.split()) <= there


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_an_older_database_is_led_to_the_head_with_what_it_holds(path: Path, revision: str) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate_to(connection, revision)
        connection.exec_driver_sql(
            "INSERT INTO agents (agent_id, address, cpu_cores, memory_mb, labels, gpus, runtimes, cpu_percent, "
            "memory_used_mb, cordoned, reported_at, last_seen) "
            "VALUES ('n', 'http://n:1', 4, 8192, '{}', '[]', '[]', 0, 0, 1, 1.0, 2.0)"
        )
    engine.dispose()
    store = Store.open(path)
    node = store.observed.snapshot().nodes["n"]
    assert (node.memory_mb, node.cordoned, node.draining) == (8192, True, False)
    store.close()


@pytest.fixture
def earlier(path: Path) -> Iterator[Store]:
    """A store whose database a manager of schema 0004 wrote: rolled back, drained, judged, approved and vanished."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((Path(__file__).parent / "state_0004.sql").read_text())
    store = Store.open(path)
    yield store
    store.close()


def test_the_desired_state_of_an_earlier_version_is_read(earlier: Store) -> None:
    desired = earlier.desired.snapshot()
    shop, blog = desired.businesses["shop"], desired.businesses["blog"]
    assert (shop.revision, shop.pinned, shop.quarantined) == (3, 1, {"q" * 64})
    assert [spec.components[0].image_name for spec in (shop.business, *shop.earlier)] == [
        "nginx:1",
        "nginx:2",
        "nginx:1",
    ]
    assert shop.version_results == {
        ("web", "d0"): VersionResult("rejected", "exited with code 3"),
        ("web", "d1"): VersionResult("good"),
    }
    assert blog.paused and set(desired.businesses) == {"shop", "blog", "wiki"} and set(desired.removed) == {"gone"}
    assert desired.approved == {(InstanceKey("gone", "web", 0), "n1", "d1")}
    commits = [revision.commit and revision.commit.subject for revision in earlier.revisions.newest("shop")]
    assert commits == [None, "Second", "First"]
    newest = earlier.revisions.newest("shop", 1)[0]
    assert (newest.who, newest.operation) == ("api 127.0.0.1", "rollback to revision 1")
    assert newest.origin == "api 127.0.0.1: rollback to revision 1"
    assert earlier.statuses.times()["shop"] == (1.0, 7.0)


def test_the_observed_state_of_an_earlier_version_is_read(earlier: Store) -> None:
    observed = earlier.observed.snapshot()
    node = observed.nodes["n1"]
    assert (node.cordoned, node.draining, node.drain_by, node.images) == (True, True, 900.0, {"nginx:2": 50})
    by_id = {allocation.key.business_id: allocation for allocation in observed.allocations}
    shop = by_id["shop"]
    assert shop.reservation == Reservation(cpu_cores=0.5, memory_mb=256, gpu_devices=(0,), host_ports=("8080/tcp",))
    assert (shop.version, shop.since, shop.failed_digest, shop.drift[0].field) == (7, 4.0, "d0", "user")
    assert not by_id["wiki"].confirmed
    assert observed.vanished == {InstanceKey("blog", "web", 0): Vanished("n1", "d1")}
    assert earlier.versions.next(1)[0] > by_id["wiki"].version


def test_what_else_an_earlier_version_kept_is_read(earlier: Store) -> None:
    assert earlier.heals.counts() == {(InstanceKey("shop", "web", 0), "user"): 1}
    assert [event.message for event in earlier.events.find()] == ["shop accepted"]
    assert not earlier.deliveries.record(["hook-1"], 20.0)
    (running,) = earlier.executions.running()
    assert (running.who, running.revisions, running.saved.needs.businesses) == ("Ann", {"wiki": 1}, ("wiki",))
    (decision,) = earlier.decisions.find()
    state, made = read_decided(earlier.decisions.state(decision.id) or b"")
    assert (made.hash, len(made.actions)) == (decision.plan_hash, decision.actions)
    assert {str(one.key) for one in state.observed.allocations} >= {"shop/web/0"}

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

from reconciler.store import Store
from reconciler.store.db.opening import MIGRATIONS
from reconciler.store.db.schema import HEAD, metadata
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


def test_an_older_database_is_led_to_the_head_with_what_it_holds(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate_to(connection, "0001")
        connection.exec_driver_sql(
            "INSERT INTO agents VALUES ('n', 'http://n:1', 4, 8192, '{}', '[]', '[]', 0, 0, 1, 1.0, 2.0)"
        )
    engine.dispose()
    store = Store.open(path)
    node = store.observed.snapshot().nodes["n"]
    assert (node.memory_mb, node.cordoned, node.draining) == (8192, True, False)
    store.close()

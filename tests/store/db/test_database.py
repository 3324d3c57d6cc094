"""Units of work: the disk and the memory change together, or not at all."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from reconciler.store.db.database import Committed, Database
from reconciler.store.db.opening import open_database
from tests.store.making import rows

COUNT = "SELECT name FROM counters"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = open_database(path)
    yield opened
    opened.close()


def write(database: Database, value: Committed[str], name: str) -> None:
    """What a part of the store does."""
    with database.transaction() as work:
        work.execute(text("INSERT INTO counters VALUES (:name, 1)"), {"name": name})
        value.set(name)


def failing(database: Database, value: Committed[str]) -> None:
    with database.transaction():
        write(database, value, "half")
        raise KeyError


def test_memory_follows_the_commit_and_is_seen_inside_before(database: Database, path: Path) -> None:
    value = Committed(database, "none")
    seen: list[str] = []
    with database.transaction():
        write(database, value, "one")
        assert value.get() == "one"
        assert rows(path, COUNT) == [], "nothing is committed yet"
        reader = threading.Thread(target=lambda: seen.append(value.get()))
        reader.start()
        write(database, value, "two")
    reader.join()
    assert seen == ["two"], "other threads see what was committed"
    assert (value.get(), rows(path, COUNT)) == ("two", [("one",), ("two",)])


def test_a_unit_of_work_that_fails_leaves_disk_and_memory_as_they_were(database: Database, path: Path) -> None:
    value = Committed(database, "none")
    with pytest.raises(KeyError):
        failing(database, value)
    assert (value.get(), rows(path, COUNT)) == ("none", [])
    write(database, value, "two")
    assert (value.get(), rows(path, COUNT)) == ("two", [("two",)])


def test_half_of_a_unit_of_work_is_never_committed(database: Database, path: Path) -> None:
    """A part that fails undoes the whole, even where somebody swallows its error."""
    value = Committed(database, "none")

    def swallowing() -> None:
        with database.transaction(), suppress(KeyError):
            failing(database, value)

    with pytest.raises(AssertionError, match="rule 2"):
        swallowing()
    assert (value.get(), rows(path, COUNT)) == ("none", [])


def test_memory_changes_only_with_a_unit_of_work(database: Database) -> None:
    value = Committed(database, "none")
    with pytest.raises(AssertionError, match="rule 2"):
        value.set("one")


def test_work_that_only_changes_memory_waits_for_no_disk(database: Database, path: Path) -> None:
    value = Committed(database, "none")
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")  # a backup that holds the file
    with database.transaction():
        value.set("one")
    assert value.get() == "one"
    other.close()

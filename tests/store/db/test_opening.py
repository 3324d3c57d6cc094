import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.store import Store, StoreError
from tests.store.making import rows


def refusal(location: str | Path) -> str:
    with pytest.raises(StoreError) as caught:
        Store.open(location)
    return str(caught.value)


def test_a_missing_database_is_created_for_its_owner_only(path: Path) -> None:
    Store.open(path).close()
    assert path.stat().st_mode & 0o077 == 0
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


def test_a_path_as_text_and_a_url_name_the_same_database(path: Path) -> None:
    Store.open(str(path)).close()
    store = Store.open(f"sqlite:///{path}")
    assert "in use by another manager" in refusal(path)
    store.close()


def test_two_managers_cannot_share_a_database(path: Path) -> None:
    store = Store.open(path)
    link = path.with_name("link.db")
    link.symlink_to(path)
    assert "in use by another manager (process " in refusal(link)
    store.close()
    Store.open(path).close()


def test_a_refused_database_is_not_kept_locked(path: Path) -> None:
    path.write_text("this is no database, it is a letter" * 50)
    refusal(path)
    path.unlink()
    Store.open(path).close()


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path) -> None:
    text = "this is no database, it is a letter" * 50
    path.write_text(text)
    message = refusal(path)
    assert "damaged or no database" in message and "backup" in message
    assert path.read_text() == text


def test_a_damaged_database_is_refused(path: Path) -> None:
    Store.open(path).close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    assert "damaged or no database" in refusal(path)


def test_rows_that_cannot_be_read_are_refused_without_a_traceback(path: Path) -> None:
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO agents VALUES ('n', '', 1, 1, '?', '[]', '[]', 0, 0, 0, 0, NULL, '[]', NULL, 0, 0)")
    connection.commit()
    connection.close()
    assert "holds what can't be read" in refusal(path)
    assert "holds what can't be read" in refusal(path), "the first refusal gave the lock back"


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(path: Path) -> None:
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    message = refusal(path)
    assert "newer version" in message and "9999" in message
    assert rows(path, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_database_of_another_program_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    assert "another program" in refusal(path)
    assert rows(path, "SELECT name FROM sqlite_master") == [("recipes",)]


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    message = refusal(tmp_path / "missing" / "state.db")
    assert f"mkdir -p {tmp_path / 'missing'}" in message


def test_a_directory_is_not_a_database(tmp_path: Path) -> None:
    assert "is a directory" in refusal(tmp_path)


def test_a_lock_that_cannot_be_made_is_explained(path: Path) -> None:
    path.with_name("state.db.lock").mkdir()
    assert "read and write its directory" in refusal(path)


@pytest.mark.parametrize("url", ["postgresql://user:hunter2@host/db", "mysql://user:hunter2@host/db"])
def test_other_databases_are_refused_without_showing_the_password(url: str) -> None:
    message = refusal(url)
    assert "only SQLite" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///a.db?mode=ro", "://"])
def test_urls_that_name_no_file_are_refused(url: str) -> None:
    assert "sqlite:///" in refusal(url)


def test_a_closed_store_says_so(path: Path) -> None:
    store = Store.open(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.versions.next(1)


@pytest.mark.slow
def test_alembic_is_loaded_only_to_migrate(path: Path) -> None:
    program = "import sys; from reconciler.store import Store; Store.open(sys.argv[1]).close(); "
    program += "sys.exit('alembic' in sys.modules)"
    for _ in ("new", "at the head"):
        assert subprocess.run([sys.executable, "-c", program, path], check=False).returncode == 0

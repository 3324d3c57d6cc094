"""Open a database: take its lock, check that it is ours and sound, and migrate it to the newest schema."""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from reconciler.store.db.database import Database
from reconciler.store.db.schema import HEAD, metadata
from reconciler.store.model import StoreError

BUSY_SECONDS = 10.0
"""Seconds to wait for someone else's short use of the file, such as a backup."""

MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(location: str | Path) -> Database:
    """Open the database at this path or SQLAlchemy URL, and create it when it is missing. Raises StoreError."""
    path = path_of(location)
    if not path.parent.is_dir():
        raise StoreError(
            f"the database {path} can't be opened: {path.parent} is not a directory. "
            f"Create it first: mkdir -p {path.parent}"
        )
    if path.is_dir():
        raise StoreError(f"{path} is a directory; give the path of a database file, such as {path / 'state.db'}")
    lock_file = lock(path)
    try:
        engine = connect(path)
        try:
            bring_to_head(engine, path)
        except BaseException:
            engine.dispose()
            raise
    except BaseException:
        os.close(lock_file)
        raise
    return Database(path, engine, lock_file)


def path_of(location: str | Path) -> Path:
    """Find the file that a path or a URL names, absolute and with links followed. Raises StoreError."""
    if isinstance(location, Path) or "://" not in location:
        return Path(location).expanduser().resolve()
    try:
        url = make_url(location)
    except ArgumentError:
        raise StoreError(
            "the database's URL can't be read; give a path, or a URL such as sqlite:////var/lib/reconciler/state.db"
        ) from None
    if url.get_backend_name() != "sqlite":
        raise StoreError(
            f"{url.drivername} databases are not supported, only SQLite is; "
            "give a path, or a URL such as sqlite:////var/lib/reconciler/state.db"
        )
    if not url.database or url.database == ":memory:" or url.query:
        raise StoreError(
            "the store needs a SQLite file, without options; "
            "give a path, or a URL such as sqlite:////var/lib/reconciler/state.db"
        )
    return Path(url.database).resolve()


def lock(path: Path) -> int:
    """Hold `<path>.lock` until the returned descriptor is closed. Raises StoreError when it is taken."""
    lock_path = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"the database {path} can't be opened: {lock_path}: {error.strerror}. "
            "The manager needs to read and write its directory"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise StoreError(
            f"the database {path} is in use by another manager"
            + (f" (process {holder})" if holder else "")
            + ". Stop that one, or give this one its own file with --db"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def connect(path: Path) -> Engine:
    """Make an engine of one connection to this file, which only its owner may read: it holds what specs hold."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(f"the database {path} can't be opened: {error.strerror}") from None
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        # The driver's own transactions begin late and skip DDL; `begin` below starts ours.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def bring_to_head(engine: Engine, path: Path) -> None:
    """Check the database and migrate it to `HEAD`, all in one transaction. Raises StoreError."""
    try:
        with engine.begin() as connection:
            damage = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
            if damage != "ok":
                raise damaged(path, damage)
            version = schema_version(connection, path)
            if version is None:
                create(connection)
            elif version != HEAD:
                migrate(connection, version, path)
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.OperationalError):
            raise StoreError(f"the database {path} can't be opened: {error.orig}") from None
        raise damaged(path, str(error.orig)) from None


def damaged(path: Path, detail: str) -> StoreError:
    """Refuse a file that SQLite can't make sense of."""
    return StoreError(
        f"{path} is damaged or no database: {detail}. "
        "Restore it from a backup, or move it away to start with an empty one"
    )


def schema_version(connection: Connection, path: Path) -> str | None:
    """Read the migration that the database is at, None when it is empty. Raises StoreError when it is not ours."""
    tables = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
    if not tables:
        return None
    version = (
        connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        if "alembic_version" in tables
        else None
    )
    if version is None or "businesses" not in tables:
        raise StoreError(f"{path} is a database of another program; give the path of another file")
    return str(version)


def create(connection: Connection) -> None:
    """Make the tables of `HEAD` in an empty database; what the migrations lead to, without the cost of them."""
    metadata.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def migrate(connection: Connection, version: str, path: Path) -> None:
    """Lead the schema from `version` to `HEAD`. Raises StoreError when it is a newer one."""
    # Alembic takes memory and time to import, and is needed only here.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version not in known:
        raise StoreError(
            f"the database {path} was written by a newer version of Reconciler (its schema is {version}, "
            f"this version knows {HEAD}). Use the newer version, or restore a backup from before the upgrade"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)

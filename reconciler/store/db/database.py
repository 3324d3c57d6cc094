"""One connection to the database, one lock before it, and units of work: what the disk and the memory become together.

The parts of the store (`tables/`) know each other only by their methods. Those that write open a unit of work, and
inside another one they join it: a method that calls three parts is committed as one.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, Executable, Table
from sqlalchemy.exc import DBAPIError

from reconciler.store.db.upsert import upserting
from reconciler.store.model import StoreError

T = TypeVar("T")


class Follower(Protocol):
    """Something in memory that follows the database."""

    def follow(self, value: Any) -> None:
        """Take over what was just committed. Only the database calls this."""


class Work:
    """A unit of work: statements that are committed together, and the values in memory that follow them.

    The transaction begins with the first statement, so that work which only changes memory waits for no disk.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self.statements = ExitStack()
        self.values: dict[Follower, Any] = {}
        self.failed = False

    def execute(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    ) -> CursorResult[Any]:
        """Run a statement, once for each of several parameter sets."""
        if self._connection is None:
            self._connection = self.statements.enter_context(self._engine.begin())
        return self._connection.execute(statement, parameters)

    def upsert(self, table: Table, rows: Sequence[dict[str, object]], keep: tuple[str, ...] = ()) -> None:
        """Write rows by their primary key; the columns in `keep` stay as they are in rows that exist."""
        if rows:
            self.execute(upserting(table, tuple(rows[0]), keep), rows)


class Database:
    """An open database. All use of it, and of the memory that mirrors it, happens under `lock`."""

    def __init__(self, path: Path, engine: Engine, lock_file: int) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.work: Work | None = None
        self._engine = engine
        self._lock_file: int | None = lock_file

    @contextmanager
    def transaction(self) -> Iterator[Work]:
        """Give a unit of work, or the one that this thread is in: committed when the outermost block ends, or undone.

        Raises StoreError when the database can't be read or written.
        """
        with self.lock:
            if self.work is None:
                with self._begun() as work:
                    yield work
                return
            work = self.work
            try:
                yield work
            except BaseException:
                work.failed = True
                raise

    @contextmanager
    def _begun(self) -> Iterator[Work]:
        """A new unit of work. Memory follows once the commit is on the disk (rule 2)."""
        if not self.is_open:
            raise StoreError(f"the database {self.path} is closed")
        work = self.work = Work(self._engine)
        try:
            with work.statements:
                yield work
                assert not work.failed, "rule 2: half of a unit of work is never committed"
        except DBAPIError as error:
            # Only the driver's own words: the statement's parameters may hold secrets.
            raise StoreError(
                f"the database {self.path} can't be used: {error.orig}. "
                "Check that its disk has space left and can be written"
            ) from None
        finally:
            self.work = None
        for follower, value in work.values.items():
            follower.follow(value)

    def present(self) -> Work:
        """Give the unit of work that this thread is in."""
        with self.lock:
            assert self.work is not None, "rule 2: memory follows the disk, and only with a unit of work"
            return self.work

    @property
    def is_open(self) -> bool:
        """Whether the database can still be used."""
        return self._lock_file is not None

    def close(self) -> None:
        """Close the database and let other managers have it. May be called more than once."""
        with self.lock:
            if self._lock_file is None:
                return
            self._engine.dispose()
            os.close(self._lock_file)
            self._lock_file = None


class Committed(Generic[T]):
    """A value in memory that follows the database: what a unit of work makes of it holds once that is committed.

    The value itself is never changed in place, for readers hold on to it.
    """

    def __init__(self, database: Database, value: T) -> None:
        self._database = database
        self._value = value

    def get(self) -> T:
        """Give the value as last committed or, inside a unit of work, as that leaves it."""
        with self._database.lock:
            work = self._database.work
            value: T = work.values.get(self, self._value) if work is not None else self._value
            return value

    def set(self, value: T) -> None:
        """Replace the value with the unit of work that this thread is in."""
        self._database.present().values[self] = value

    def follow(self, value: T) -> None:
        """Take over the value that was just committed. Only the database calls this."""
        self._value = value

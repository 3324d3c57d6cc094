"""One connection to the database, one lock before it, and errors turned into text for people."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from reconciler.store.model import StoreError


class Database:
    """An open database. All use of it, and of the memory that mirrors it, happens under `lock`."""

    def __init__(self, path: Path, engine: Engine, lock_file: int) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._engine = engine
        self._lock_file: int | None = lock_file

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction, committed to the disk when the block ends, undone when it raises.

        Raises StoreError when the database can't be read or written.
        """
        with self.lock:
            if not self.is_open:
                raise StoreError(f"the database {self.path} is closed")
            try:
                with self._engine.begin() as connection:
                    yield connection
            except DBAPIError as error:
                # Only the driver's own words: the statement's parameters may hold secrets.
                raise StoreError(
                    f"the database {self.path} can't be used: {error.orig}. "
                    "Check that its disk has space left and can be written"
                ) from None

    @property
    def is_open(self) -> bool:
        """Whether it can be used still."""
        return self._lock_file is not None

    def close(self) -> None:
        """Close the database and let other managers have it. May be called more than once."""
        with self.lock:
            if self._lock_file is None:
                return
            self._engine.dispose()
            os.close(self._lock_file)
            self._lock_file = None

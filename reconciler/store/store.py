"""The store: everything the manager remembers, in one file, behind one lock."""

import logging
from pathlib import Path
from typing import Self

import msgspec

from reconciler.store.db.database import Database
from reconciler.store.db.opening import open_database
from reconciler.store.model import StoreError
from reconciler.store.tables.approvals import ApprovalStore
from reconciler.store.tables.decisions import DecisionStore, drop_old_decisions
from reconciler.store.tables.deliveries import DeliveryStore, drop_old_deliveries
from reconciler.store.tables.events import EventStore, drop_old_events
from reconciler.store.tables.heals import HealStore
from reconciler.store.tables.metrics import age_samples
from reconciler.store.tables.observed import ObservedStore
from reconciler.store.tables.revisions import KEPT_REVISIONS
from reconciler.store.tables.saved import SavedStore

log = logging.getLogger(__name__)


class Store(SavedStore, HealStore, EventStore, DeliveryStore, DecisionStore):
    """Desired and observed state, revisions, statuses, events, decisions and metrics. Safe to use from several threads.

    A write that returned has been committed to the disk. Reads of the desired and observed state come from
    memory, which follows each commit, so they show a state that was committed as a whole. The store reads no
    clock: every `at` is in seconds since the epoch. Any method that writes, or reads the database, raises
    StoreError when the database can't be used.
    """

    def __init__(self, database: Database, keep_revisions: int = KEPT_REVISIONS) -> None:
        ApprovalStore.__init__(self, database, keep_revisions)
        ObservedStore.__init__(self, database)
        HealStore.__init__(self, database)
        EventStore.__init__(self, database)
        DeliveryStore.__init__(self, database)
        DecisionStore.__init__(self, database)

    @classmethod
    def open(cls, location: str | Path, keep_revisions: int = KEPT_REVISIONS) -> Self:
        """Open the database at a path or SQLAlchemy URL, and create it when it is missing.

        Of each business the newest `keep_revisions` are kept, at least 2.

        Raises StoreError when it can't be opened, is damaged or of a newer version, or when another manager
        has it open.
        """
        database = open_database(location)
        try:
            return cls(database, keep_revisions)
        except (msgspec.MsgspecError, ValueError, KeyError) as error:
            database.close()
            raise StoreError(
                f"the database {database.path} holds what can't be read ({type(error).__name__}). "
                "Restore it from a backup, or move it away to start with an empty one"
            ) from None
        except BaseException:
            database.close()
            raise

    def housekeeping(self, at: float) -> None:
        """Write what waits in memory, and drop or average what is old. To be called every half minute."""
        with self._database.lock:
            with self._database.transaction() as connection:
                self._flush(connection)
                age_samples(connection, at)
                drop_old_events(connection)
                drop_old_deliveries(connection)
                drop_old_decisions(connection, at)
            self._flushed(at)
            self.drop_old_heals(at, self.desired().businesses)
            self._forget_removed({allocation.key.business_id for allocation in self.observed().allocations})

    def close(self) -> None:
        """Write what waits in memory and let other managers have the database."""
        with self._database.lock:
            if not self._database.is_open:
                return
            try:
                with self._database.transaction() as connection:
                    self._flush(connection)
            except StoreError as error:
                log.warning("the last samples could not be written: %s", error)
            finally:
                self._database.close()

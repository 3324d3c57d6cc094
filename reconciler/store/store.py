"""The store: everything the manager remembers, in parts over one database, behind one lock."""

import logging
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

import msgspec

from reconciler.store.db.database import Committed, Database, Work
from reconciler.store.db.opening import open_database
from reconciler.store.model import StoreError
from reconciler.store.tables.approvals import Approvals
from reconciler.store.tables.assignments import Assignments
from reconciler.store.tables.business_records import read_records
from reconciler.store.tables.decisions import Decisions
from reconciler.store.tables.deliveries import Deliveries
from reconciler.store.tables.desired import DesiredState, read_desired
from reconciler.store.tables.events import Events
from reconciler.store.tables.executions import Executions
from reconciler.store.tables.heals import HealCounts
from reconciler.store.tables.metrics import age_samples
from reconciler.store.tables.nodes import NodeRecords
from reconciler.store.tables.observed import ObservedState
from reconciler.store.tables.revisions import REVISIONS_MAX, Revisions
from reconciler.store.tables.settings import BusinessSettings
from reconciler.store.tables.statuses import Statuses
from reconciler.store.tables.vanished import VanishedInstances
from reconciler.store.tables.version_results import VersionResults
from reconciler.store.tables.versions import Versions

log = logging.getLogger(__name__)


class Store:
    """What the manager remembers, by subject: `store.desired`, `store.observed`, `store.events` and so on.

    Safe to use from several threads. A write that returned has been committed to the disk; writes inside
    `with store.transaction():` are committed as one when it ends. Reads of the desired and observed state come from
    memory, which follows each commit, so they show a state that was committed as a whole. The store reads no
    clock: every `at` is in seconds since the epoch. Any method that writes, or reads the database, raises
    StoreError when the database can't be used.
    """

    def __init__(self, database: Database, keep_revisions: int = REVISIONS_MAX) -> None:
        self._database = database
        with database.transaction() as work:
            desired = Committed(database, read_desired(work))
            records = Committed(database, read_records(work))
            nodes = NodeRecords(database)
            self.revisions = Revisions(database, keep_revisions)
            self.desired = DesiredState(database, desired, records, self.revisions)
            self.settings = BusinessSettings(database, desired, records)
            self.statuses = Statuses(database, records)
            self.version_results = VersionResults(database, desired)
            self.approvals = Approvals(database, desired)
            self.versions = Versions(database)
            self.vanished = VanishedInstances(database)
            self.observed = ObservedState(database, nodes, self.vanished, self.versions)
            self.assignments = Assignments(database, nodes, self.vanished)
            self.executions = Executions(database, self.desired, self.assignments, self.versions)
            self.heals = HealCounts(database)
            self.events = Events(database)
            self.deliveries = Deliveries(database)
            self.decisions = Decisions(database)

    @classmethod
    def open(cls, location: str | Path, keep_revisions: int = REVISIONS_MAX) -> Self:
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

    def transaction(self) -> AbstractContextManager[Work]:
        """Make one unit of work of all that is written inside, in this thread: committed when it ends, or undone.

        The lock is held all the while: nothing that waits belongs inside.
        """
        return self._database.transaction()

    def housekeeping(self, at: float) -> None:
        """Write what waits in memory, and drop or average what is old. To be called every half minute."""
        with self.transaction() as work:
            self.observed.flush(at)
            age_samples(work, at)
            self.events.drop_old()
            self.deliveries.drop_old()
            self.decisions.drop_old(at)
            self.heals.drop_old(at, self.desired.snapshot().businesses)
            running = {allocation.key.business_id for allocation in self.observed.snapshot().allocations}
            self.desired.forget_removed(running)

    def close(self) -> None:
        """Write what waits in memory and let other managers have the database."""
        with self._database.lock:
            if not self._database.is_open:
                return
            try:
                self.observed.write_waiting()
            except StoreError as error:
                log.warning("the last samples could not be written: %s", error)
            finally:
                self._database.close()

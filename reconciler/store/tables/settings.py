"""Settings: what operators say of a business beside its spec. They outlast its revisions, but for a pin."""

from dataclasses import replace
from typing import Any

from sqlalchemy import update

from reconciler.plan.model.desired import Desired
from reconciler.store.db.database import Committed, Database
from reconciler.store.db.rows import settings_columns
from reconciler.store.db.schema import businesses
from reconciler.store.model import Accepted
from reconciler.store.tables.business_records import BusinessRecords


class BusinessSettings:
    """Stopping, restarting, pausing and pinning businesses; KeyError is raised for an unknown id.

    Each tells the revision that the business is at, and whether anything changed.
    """

    def __init__(self, database: Database, desired: Committed[Desired], records: Committed[BusinessRecords]) -> None:
        self._database = database
        self._desired = desired
        self._records = records

    def set_stopped(self, business_id: str, stopped: bool, at: float) -> Accepted:
        """Say whether a business should run."""
        return self._set(business_id, at, stopped=stopped)

    def add_restart(self, business_id: str, at: float) -> Accepted:
        """Ask for new containers of a business, and for it to run."""
        with self._database.transaction():
            restarts = self._desired.get().businesses[business_id].restarts
            return self._set(business_id, at, stopped=False, restarts=restarts + 1)

    def set_paused(self, business_id: str, paused: bool, at: float) -> Accepted:
        """Pause a business, so that nothing is done of it, or go on with it."""
        return self._set(business_id, at, paused=paused)

    def set_pin(self, business_id: str, pinned: int | None, quarantined: frozenset[str], at: float) -> Accepted:
        """Change the revision that a business is pinned to, and the content digests that are not accepted for it."""
        return self._set(business_id, at, pinned=pinned, quarantined=quarantined)

    def _set(self, business_id: str, at: float, **settings: Any) -> Accepted:
        """Write the settings that differ."""
        with self._database.transaction() as work:
            desired, records = self._desired.get(), self._records.get()
            before = desired.businesses[business_id]
            after = replace(before, **settings)
            changed = settings_columns(after) != settings_columns(before)
            if changed:
                ours = update(businesses).where(businesses.c.business_id == business_id)
                work.execute(ours.values(updated_at=at, **settings_columns(after)))
                self._desired.set(replace(desired, businesses=desired.businesses | {business_id: after}))
                self._records.set({**records, business_id: replace(records[business_id], updated_at=at)})
            return Accepted(after.revision, changed)

"""Which webhook deliveries were taken, so that none is taken twice."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from reconciler.store.db.database import Database
from reconciler.store.db.schema import deliveries

DELIVERIES_MAX = 20_000
"""Deliveries remembered; housekeeping forgets the oldest beyond."""


class Deliveries:
    """The marks of deliveries that were taken."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, marks: Sequence[str], at: float) -> bool:
        """Remember a delivery by its marks; False when one of them was there before, and then nothing is remembered."""
        with self._database.transaction() as work:
            known = select(deliveries.c.delivery_id).where(deliveries.c.delivery_id.in_(marks)).limit(1)
            if work.execute(known).first() is not None:
                return False
            work.execute(deliveries.insert(), [{"delivery_id": mark, "at": at} for mark in dict.fromkeys(marks)])
            return True

    def drop_old(self) -> None:
        """Keep the newest `DELIVERIES_MAX`."""
        oldest = select(deliveries.c.at).order_by(deliveries.c.at.desc()).offset(DELIVERIES_MAX).limit(1)
        with self._database.transaction() as work:
            at = work.execute(oldest).scalar()
            if at is not None:
                work.execute(delete(deliveries).where(deliveries.c.at <= at))

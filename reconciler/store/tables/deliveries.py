"""Which webhook deliveries were taken, so that none is taken twice."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from reconciler.store.db.database import Database
from reconciler.store.db.schema import deliveries

KEPT_DELIVERIES = 20_000


class DeliveryStore:
    """The marks of deliveries that were taken."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_delivery(self, marks: Sequence[str], at: float) -> bool:
        """Remember a delivery by its marks; False when one of them was there before, and then nothing is remembered."""
        with self._database.lock, self._database.transaction() as connection:
            known = select(deliveries.c.delivery_id).where(deliveries.c.delivery_id.in_(marks)).limit(1)
            if connection.execute(known).first() is not None:
                return False
            connection.execute(deliveries.insert(), [{"delivery_id": mark, "at": at} for mark in dict.fromkeys(marks)])
            return True


def drop_old_deliveries(connection: Connection) -> None:
    """Keep the newest `KEPT_DELIVERIES`."""
    oldest = select(deliveries.c.at).order_by(deliveries.c.at.desc()).offset(KEPT_DELIVERIES).limit(1)
    at = connection.execute(oldest).scalar()
    if at is not None:
        connection.execute(delete(deliveries).where(deliveries.c.at <= at))

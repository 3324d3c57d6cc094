"""Events: what happened, for people, bounded in number."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Row, delete, func, select

from reconciler.store.db.database import Database
from reconciler.store.db.schema import events
from reconciler.store.model import Event

EVENTS_MAX = 10_000
"""Events kept; housekeeping drops the oldest beyond."""

FIELDS = ("at", "kind", "message", "business_id", "component_id", "instance", "node_id", "cause", "plan_hash")


class Events:
    """Adding and reading events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new: Iterable[Event]) -> None:
        """Append events, in this order, all or nothing. Their ids are given here."""
        rows = [{name: getattr(event, name) for name in FIELDS} for event in new]
        if rows:
            with self._database.transaction() as work:
                work.execute(events.insert(), rows)

    def find(
        self,
        business_id: str | None = None,
        node_id: str | None = None,
        after: int | None = None,
        limit: int = 100,
        since: float = 0.0,
    ) -> list[Event]:
        """Find events, newest last: the latest `limit`, or, `after` the id of an event (0: of none), the first `limit`.

        None from before `since` (seconds since the epoch).
        """
        statement = select(events).where(events.c.id > (after or 0)).limit(limit)
        if since:
            statement = statement.where(events.c.at >= since)
        if business_id is not None:
            statement = statement.where(events.c.business_id == business_id)
        if node_id is not None:
            statement = statement.where(events.c.node_id == node_id)
        statement = statement.order_by(events.c.id.desc() if after is None else events.c.id)
        with self._database.transaction() as work:
            found = [_event(row) for row in work.execute(statement)]
        return found[::-1] if after is None else found

    def newest(
        self,
        business_id: str,
        kinds: Collection[str],
        component_id: str | None = None,
        instance: int | None = None,
        node_id: str | None = None,
        before: int | None = None,
        at: float | None = None,
    ) -> Event | None:
        """Find the newest event of these kinds about a business, a component of it, or more exactly; None for none.

        `before` is the id of an event that came later, `at` the latest time (seconds since the epoch).
        """
        where = [events.c.business_id == business_id, events.c.kind.in_(kinds)]
        exact = ((events.c.component_id, component_id), (events.c.instance, instance), (events.c.node_id, node_id))
        where += [column == value for column, value in exact if value is not None]
        where += [events.c.id < before] if before is not None else []
        where += [events.c.at <= at] if at is not None else []
        with self._database.transaction() as work:
            row = work.execute(select(events).where(*where).order_by(events.c.id.desc()).limit(1)).one_or_none()
        return _event(row) if row is not None else None

    def newest_cause(self, business_id: str, kinds: Collection[str]) -> str:
        """Find the cause of the newest event of these kinds about a business that has one; "" when there is none."""
        statement = select(events.c.cause).where(
            events.c.business_id == business_id, events.c.kind.in_(kinds), events.c.cause != ""
        )
        with self._database.transaction() as work:
            return work.execute(statement.order_by(events.c.id.desc()).limit(1)).scalar() or ""

    def drop_old(self) -> None:
        """Keep the newest `EVENTS_MAX`."""
        with self._database.transaction() as work:
            newest = work.execute(select(func.max(events.c.id))).scalar_one()
            if newest is not None:
                work.execute(delete(events).where(events.c.id <= newest - EVENTS_MAX))


def _event(row: Row[Any]) -> Event:
    return Event(id=row.id, **{name: getattr(row, name) for name in FIELDS})

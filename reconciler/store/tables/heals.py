"""How often fields of instances were set back, which is how a fight with somebody else is noticed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select

from reconciler.store.db.database import Database
from reconciler.store.db.schema import heals
from reconciler.store.db.upsert import upsert
from reconciler.wire.messages import InstanceKey

WITHIN = 3600.0
"""Seconds in which heals are counted together."""
FROZEN = 3
"""Counts from here on are kept until somebody says otherwise; lower ones end with their hour."""

Field = tuple[InstanceKey, str]

DELETE = delete(heals).where(
    heals.c.business_id == bindparam("business"),
    heals.c.component_id == bindparam("component"),
    heals.c.instance == bindparam("ordinal"),
    heals.c.field == bindparam("name"),
)


@dataclass(frozen=True, slots=True)
class Heals:
    """How often a field was set back from `first_at` to `last_at` (epoch seconds)."""

    times: int
    first_at: float
    last_at: float


class HealStore:
    """Counting what is set back, per field of an instance."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heals: dict[Field, Heals] = {}
        with database.transaction() as connection:
            for row in connection.execute(select(heals)):
                key = InstanceKey(row.business_id, row.component_id, row.instance)
                self._heals[key, row.field] = Heals(row._mapping["count"], row.first_at, row.last_at)

    def heals(self) -> Mapping[Field, int]:
        """How often each field was set back lately."""
        with self._database.lock:
            return {field: found.times for field, found in self._heals.items()}

    def record_heals(self, healed: Iterable[tuple[InstanceKey, Sequence[str]]], at: float) -> None:
        """Count these fields as set back once more."""
        with self._database.lock:
            new: dict[Field, Heals] = {}
            for key, names in healed:
                for name in names:
                    known = self._heals.get((key, name))
                    begun = known is not None and known.times < FROZEN and not 0 <= at - known.first_at <= WITHIN
                    counted = Heals(1, at, at) if known is None or begun else Heals(known.times + 1, known.first_at, at)
                    new[key, name] = counted
            if not new:
                return
            with self._database.transaction() as connection:
                upsert(connection, heals, [_row(field, found) for field, found in new.items()])
            self._heals |= new

    def forget_heals(self, keys: Collection[InstanceKey]) -> int:
        """Count the fields of these instances anew; how many were counted."""
        with self._database.lock:
            return self._drop([field for field in self._heals if field[0] in keys])

    def thaw(self, business_id: str, component_id: str) -> int:
        """Count the fields of a component's instances anew; how many were counted."""
        with self._database.lock:
            named = {
                key for key, _ in self._heals if (key.business_id, key.component_id) == (business_id, component_id)
            }
            return self.forget_heals(named)

    def drop_old_heals(self, at: float, businesses: Collection[str]) -> None:
        """Forget counts that have led to nothing, and those of businesses that are no more."""
        with self._database.lock:
            self._drop(
                [
                    field
                    for field, found in self._heals.items()
                    if field[0].business_id not in businesses
                    or (found.times < FROZEN and not 0 <= at - found.last_at <= WITHIN)
                ]
            )

    def _drop(self, fields: Sequence[Field]) -> int:
        if fields:
            with self._database.transaction() as connection:
                delete_fields(connection, fields)
            for field in fields:
                del self._heals[field]
        return len(fields)


def delete_fields(connection: Connection, fields: Sequence[Field]) -> None:
    """Delete the counts of these fields."""
    connection.execute(
        DELETE,
        [
            {"business": key.business_id, "component": key.component_id, "ordinal": key.instance, "name": name}
            for key, name in fields
        ],
    )


def _row(field: Field, found: Heals) -> dict[str, object]:
    key, name = field
    return {
        "business_id": key.business_id,
        "component_id": key.component_id,
        "instance": key.instance,
        "field": name,
        "count": found.times,
        "first_at": found.first_at,
        "last_at": found.last_at,
    }

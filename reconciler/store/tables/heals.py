"""How often fields of instances were set back, which is how a fight with somebody else is noticed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select

from reconciler.plan.model.policy import FREEZE_AFTER_HEALS
from reconciler.store.db.database import Committed, Database, Work
from reconciler.store.db.schema import heals
from reconciler.wire.messages import InstanceKey

COUNTED_SECONDS = 3600.0
"""Seconds in which heals are counted together."""

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


class HealCounts:
    """Counting what is set back, per field of an instance."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as work:
            self._heals: Committed[Mapping[Field, Heals]] = Committed(database, _read(work))

    def counts(self) -> Mapping[Field, int]:
        """Tell how often each field was set back lately."""
        return {field: found.times for field, found in self._heals.get().items()}

    def record(self, healed: Iterable[tuple[InstanceKey, Sequence[str]]], at: float) -> None:
        """Count these fields as set back once more."""
        with self._database.transaction() as work:
            known = self._heals.get()
            fields = [(key, name) for key, names in healed for name in names]
            new = {field: _counted(known.get(field), at) for field in fields}
            work.upsert(heals, [_row(field, found) for field, found in new.items()])
            if new:
                self._heals.set({**known, **new})

    def forget(self, keys: Collection[InstanceKey]) -> int:
        """Count the fields of these instances anew; how many were counted."""
        with self._database.transaction():
            return self._drop([field for field in self._heals.get() if field[0] in keys])

    def thaw(self, business_id: str, component_id: str) -> int:
        """Count the fields of a component's instances anew; how many were counted."""
        named = (business_id, component_id)
        with self._database.transaction():
            keys = {key for key, _ in self._heals.get() if (key.business_id, key.component_id) == named}
            return self.forget(keys)

    def drop_old(self, at: float, businesses: Collection[str]) -> None:
        """Forget counts that have led to nothing, and those of businesses that are no more."""
        with self._database.transaction():
            self._drop(
                [
                    field
                    for field, found in self._heals.get().items()
                    if field[0].business_id not in businesses
                    or (found.times < FREEZE_AFTER_HEALS and not 0 <= at - found.last_at <= COUNTED_SECONDS)
                ]
            )

    def _drop(self, fields: Collection[Field]) -> int:
        if fields:
            with self._database.transaction() as work:
                work.execute(DELETE, [_parameters(*field) for field in fields])
                dropped = set(fields)
                left = {field: found for field, found in self._heals.get().items() if field not in dropped}
                self._heals.set(left)
        return len(fields)


def _counted(known: Heals | None, at: float) -> Heals:
    """The count of a field that is set back once more: a new one after its hour, unless it is frozen."""
    if known is None or (known.times < FREEZE_AFTER_HEALS and not 0 <= at - known.first_at <= COUNTED_SECONDS):
        return Heals(1, at, at)
    return Heals(known.times + 1, known.first_at, at)


def _read(work: Work) -> dict[Field, Heals]:
    return {
        (InstanceKey(row.business_id, row.component_id, row.instance), row.field): Heals(
            row._mapping["count"], row.first_at, row.last_at
        )
        for row in work.execute(select(heals))
    }


def _parameters(key: InstanceKey, name: str) -> dict[str, object]:
    return {"business": key.business_id, "component": key.component_id, "ordinal": key.instance, "name": name}


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

"""Instances of which the last copy vanished though nobody was asked to end it: somebody removed it on its node.

Kept so that what is not healed is not started again after a restart of the manager either.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, select

from reconciler.plan.model.observed import Allocation, Vanished
from reconciler.store.db.schema import vanished
from reconciler.store.db.upsert import upsert
from reconciler.wire.messages import InstanceKey

DELETE = delete(vanished).where(
    vanished.c.business_id == bindparam("business"),
    vanished.c.component_id == bindparam("component"),
    vanished.c.instance == bindparam("ordinal"),
)


@dataclass(frozen=True, slots=True)
class VanishedInstances:
    """The vanished instances after some change, and what of that is to be written. `expected` ends are no vanishing."""

    known: Mapping[InstanceKey, Vanished] = field(default_factory=dict)
    expected: set[tuple[InstanceKey, str]] = field(default_factory=set)
    new: Mapping[InstanceKey, Vanished] = field(default_factory=dict)
    dropped: Collection[InstanceKey] = ()

    @classmethod
    def read(cls, connection: Connection) -> "VanishedInstances":
        """Those that the database has."""
        rows = connection.execute(select(vanished))
        return cls(
            {
                InstanceKey(row.business_id, row.component_id, row.instance): Vanished(row.node_id, row.digest)
                for row in rows
            }
        )

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.new or self.dropped)

    def all(self) -> dict[InstanceKey, Vanished]:
        """Every vanished instance."""
        return dict(self.known)

    def after(self, gone: Iterable[Allocation], there: Iterable[Allocation]) -> "VanishedInstances":
        """As it is once these copies are gone, and those are there."""
        gone = tuple(gone)
        new = {
            allocation.key: Vanished(allocation.node_id, allocation.digest)
            for allocation in gone
            if allocation.confirmed and (allocation.key, allocation.node_id) not in self.expected
        }
        for allocation in gone:
            self.expected.discard((allocation.key, allocation.node_id))
        back = {allocation.key for allocation in there}
        new = {key: one for key, one in new.items() if key not in back}
        dropped = [key for key in self.known if key in back]
        left = {key: one for key, one in self.known.items() if key not in back}
        return VanishedInstances(left | new, self.expected, new, dropped)

    def among(self, keys: Collection[InstanceKey]) -> "VanishedInstances":
        """Those of these instances."""
        dropped = [key for key in self.known if key not in keys]
        known = {key: one for key, one in self.known.items() if key in keys}
        return VanishedInstances(known, self.expected, {}, dropped)

    def write(self, connection: Connection) -> None:
        """Bring the table to this."""
        if self.dropped:
            connection.execute(
                DELETE,
                [
                    {"business": key.business_id, "component": key.component_id, "ordinal": key.instance}
                    for key in self.dropped
                ],
            )
        rows = [
            {
                "business_id": key.business_id,
                "component_id": key.component_id,
                "instance": key.instance,
                "node_id": one.node_id,
                "digest": one.digest,
            }
            for key, one in self.new.items()
        ]
        upsert(connection, vanished, rows)

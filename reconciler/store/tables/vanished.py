"""Instances of which the last allocation vanished though nobody was asked to end it: somebody removed it on its node.

Kept so that what is not healed is not started again after a restart of the manager either.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import bindparam, delete, select

from reconciler.plan.model.observed import Allocation, Vanished
from reconciler.store.db.database import Committed, Database
from reconciler.store.db.schema import vanished
from reconciler.wire.messages import AllocationId, InstanceKey

DELETE = delete(vanished).where(
    vanished.c.business_id == bindparam("business"),
    vanished.c.component_id == bindparam("component"),
    vanished.c.instance == bindparam("ordinal"),
)


class VanishedInstances:
    """The instances that vanished, and the ends that are expected because we ask for them: those are no vanishing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as work:
            known = {
                InstanceKey(row.business_id, row.component_id, row.instance): Vanished(row.node_id, row.digest)
                for row in work.execute(select(vanished))
            }
        self._known: Committed[Mapping[InstanceKey, Vanished]] = Committed(database, known)
        self._expected: Committed[frozenset[AllocationId]] = Committed(database, frozenset())

    def snapshot(self) -> Mapping[InstanceKey, Vanished]:
        """Give every vanished instance: the same value until something changes."""
        return self._known.get()

    def expect_end(self, places: Iterable[AllocationId]) -> None:
        """Take note that these allocations are about to be ended by us: when they are gone, nobody else did it."""
        with self._database.transaction():
            self._expected.set(self._expected.get() | frozenset(places))

    def keep_only(self, wanted: Collection[InstanceKey]) -> None:
        """Forget vanished instances that are not among those wanted."""
        with self._database.transaction():
            self._change({key for key in self._known.get() if key not in wanted}, {})

    def follow(self, gone: Sequence[Allocation], there: Iterable[Allocation]) -> None:
        """Take note that these allocations are gone, and those are there."""
        expected = self._expected.get()
        back = {allocation.key for allocation in there}
        new = {
            allocation.key: Vanished(allocation.node_id, allocation.digest)
            for allocation in gone
            if allocation.confirmed
            and (allocation.key, allocation.node_id) not in expected
            and allocation.key not in back
        }
        self._change(self._known.get().keys() & back, new)
        if expected and gone:
            self._expected.set(expected - {(allocation.key, allocation.node_id) for allocation in gone})

    def _change(self, dropped: Collection[InstanceKey], new: Mapping[InstanceKey, Vanished]) -> None:
        if not dropped and not new:
            return
        with self._database.transaction() as work:
            if dropped:
                work.execute(DELETE, [_key_parameters(key) for key in dropped])
            work.upsert(vanished, [_row(key, one) for key, one in new.items()])
            left = {key: one for key, one in self._known.get().items() if key not in dropped}
            self._known.set({**left, **new})


def _key_parameters(key: InstanceKey) -> dict[str, object]:
    return {"business": key.business_id, "component": key.component_id, "ordinal": key.instance}


def _row(key: InstanceKey, one: Vanished) -> dict[str, object]:
    return {
        "business_id": key.business_id,
        "component_id": key.component_id,
        "instance": key.instance,
        "node_id": one.node_id,
        "digest": one.digest,
    }

"""Nodes in memory: each with its allocations and its last reports, as one value that a report replaces."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, select

from reconciler.plan.model.observed import Allocation, Node
from reconciler.store.db.database import Committed, Database, Work
from reconciler.store.db.rows import allocation_of, node_of
from reconciler.store.db.schema import agents, instances
from reconciler.store.model import UnknownNode
from reconciler.store.tables.metrics import Sampling
from reconciler.wire.messages import InstanceKey, InstanceReport

DELETE_ALLOCATION = delete(instances).where(
    instances.c.business_id == bindparam("business"),
    instances.c.component_id == bindparam("component"),
    instances.c.instance == bindparam("ordinal"),
    instances.c.node_id == bindparam("node"),
)


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A node with its allocations, the last report of each since the store was opened, and what waits to be written.

    `full_at` and `single_at` are the timestamps of its last full report and of single ones since. An `unsaved` one
    differs from the database in what no plan depends on, such as when it was last seen.
    """

    node: Node
    allocations: Mapping[InstanceKey, Allocation] = field(default_factory=dict)
    reports: Mapping[InstanceKey, InstanceReport] = field(default_factory=dict)
    full_at: float = 0.0
    single_at: Mapping[InstanceKey, float] = field(default_factory=dict)
    sampling: Sampling = Sampling()
    unsaved: bool = False

    @property
    def newest(self) -> float:
        """The newest timestamp of any report of this node."""
        return max(self.full_at, *self.single_at.values()) if self.single_at else self.full_at


class NodeRecords(Committed[Mapping[str, NodeRecord]]):
    """The record of every node that registered, by its id."""

    def __init__(self, database: Database) -> None:
        with database.transaction() as work:
            super().__init__(database, _read(work))

    def of(self, node_id: str) -> NodeRecord:
        """Give the record of a node. Raises UnknownNode."""
        record = self.get().get(node_id)
        if record is None:
            raise UnknownNode(node_id)
        return record

    def put(self, record: NodeRecord) -> None:
        """Replace the record of a node with the unit of work that this thread is in."""
        self.set({**self.get(), record.node.node_id: record})


def delete_allocations(work: Work, node_id: str, keys: Collection[InstanceKey]) -> None:
    """Delete allocations of one node."""
    rows = [
        {"business": key.business_id, "component": key.component_id, "ordinal": key.instance, "node": node_id}
        for key in keys
    ]
    if rows:
        work.execute(DELETE_ALLOCATION, rows)


def _read(work: Work) -> dict[str, NodeRecord]:
    allocations: dict[str, dict[InstanceKey, Allocation]] = {}
    for row in work.execute(select(instances)):
        allocation = allocation_of(row)
        allocations.setdefault(allocation.node_id, {})[allocation.key] = allocation
    return {
        row.agent_id: NodeRecord(node_of(row), allocations.get(row.agent_id, {}), full_at=row.reported_at)
        for row in work.execute(select(agents).order_by(agents.c.agent_id))
    }

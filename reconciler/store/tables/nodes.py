"""Nodes in memory: each with its allocations and its last reports, as one value that a report replaces."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, select

from reconciler.plan.model.observed import Allocation, Node
from reconciler.store.db.database import Database, Work
from reconciler.store.db.rows import allocation_of, node_of
from reconciler.store.db.schema import agents, instances
from reconciler.store.model import UnknownNode
from reconciler.store.tables.metrics import Sampling
from reconciler.wire.messages import InstanceKey
from reconciler.wire.reports import InstanceReport

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


class NodeRecords:
    """The record of every node that registered, by its id.

    A report replaces one record of thousands, so that they are not copied with each: a unit of work has those that it
    changes beside the committed ones, and what they all add up to is put together when somebody asks.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as work:
            self._records = _read(work)
        self._nodes = {node_id: record.node for node_id, record in self._records.items()}
        self._shown_nodes: dict[str, Node] | None = None
        self._shown_allocations: tuple[Allocation, ...] | None = None

    def get(self, node_id: str) -> NodeRecord | None:
        """Give the record of a node as last committed or, inside a unit of work, as that leaves it."""
        with self._database.lock:
            return self._changed().get(node_id) or self._records.get(node_id)

    def of(self, node_id: str) -> NodeRecord:
        """Give the record of a node. Raises UnknownNode."""
        record = self.get(node_id)
        if record is None:
            raise UnknownNode(node_id)
        return record

    def all(self) -> dict[str, NodeRecord]:
        """Give every record by its node's id."""
        with self._database.lock:
            return self._records | self._changed()

    def put(self, record: NodeRecord) -> None:
        """Replace the record of a node with the unit of work that this thread is in."""
        self._database.present().values.setdefault(self, {})[record.node.node_id] = record

    def shown(self) -> tuple[dict[str, Node], tuple[Allocation, ...]]:
        """Give every node by its id, and every allocation: the same values until something of them changes."""
        with self._database.lock:
            if self._changed():
                records = self.all()
                return {node_id: record.node for node_id, record in records.items()}, _allocations(records)
            if self._shown_nodes is None:
                self._shown_nodes = self._nodes.copy()
            if self._shown_allocations is None:
                self._shown_allocations = _allocations(self._records)
            return self._shown_nodes, self._shown_allocations

    def follow(self, changed: dict[str, NodeRecord]) -> None:
        """Take over the records that were just committed. Only the database calls this."""
        for node_id, record in changed.items():
            before = self._records.get(node_id)
            if before is None or before.allocations is not record.allocations:
                self._shown_allocations = None
            self._records[node_id] = record
            self._nodes[node_id] = record.node
        self._shown_nodes = None

    def _changed(self) -> dict[str, NodeRecord]:
        """The records that the present unit of work replaces."""
        work = self._database.work
        changed: dict[str, NodeRecord] = work.values.get(self, {}) if work is not None else {}
        return changed


def _allocations(records: Mapping[str, NodeRecord]) -> tuple[Allocation, ...]:
    return tuple(allocation for record in records.values() for allocation in record.allocations.values())


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

"""Observed state: nodes and allocations as last reported, in the database and, as it was committed, in memory."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import update

from reconciler.plan.model.observed import Allocation, Observed
from reconciler.store.db.database import Committed, Database, Work
from reconciler.store.db.rows import agent_row, instance_row
from reconciler.store.db.schema import agents, instances
from reconciler.store.tables.inventory import (
    Difference,
    full_difference,
    is_gone,
    is_late,
    reported_node,
    same_place,
    single_difference,
)
from reconciler.store.tables.metrics import write_samples
from reconciler.store.tables.nodes import NodeRecord, NodeRecords, delete_allocations
from reconciler.store.tables.vanished import VanishedInstances
from reconciler.store.tables.versions import Versions
from reconciler.wire.messages import AllocationId, InstanceKey
from reconciler.wire.reports import ComponentReport, InstanceReport, NodeReport

FLUSH_SECONDS = 30.0
"""Seconds after which last_seen and samples that wait in memory are written."""


class ObservedState:
    """Recording what nodes report, and reading what it adds up to."""

    def __init__(self, database: Database, nodes: NodeRecords, vanished: VanishedInstances, versions: Versions) -> None:
        self._database = database
        self._nodes = nodes
        self._vanished = vanished
        self._versions = versions
        self._flushed_at = Committed(database, float("-inf"))
        self._observed = Observed()

    def snapshot(self) -> Observed:
        """Give the observed state as last committed: the same value until something changes."""
        with self._database.lock:
            (nodes, allocations), vanished = self._nodes.shown(), self._vanished.snapshot()
            last = self._observed
            if nodes is not last.nodes or allocations is not last.allocations or vanished is not last.vanished:
                self._observed = Observed(nodes, allocations, vanished=vanished)
            return self._observed

    def reports(self) -> dict[AllocationId, InstanceReport]:
        """Give the last report of each allocation since the store was opened."""
        nodes = self._nodes.all().items()
        return {(key, node_id): report for node_id, record in nodes for key, report in record.reports.items()}

    def record_report(self, report: NodeReport, at: float) -> bool:
        """Take over a node's full report; whether anything changed that a plan depends on.

        A report that was overtaken by a newer one says only that the node is alive.
        """
        with self._database.transaction() as work:
            record = self._nodes.get(report.node_id)
            if record is not None and is_late(report.timestamp, record.newest):
                return self._overtaken(record, at)
            before = record or NodeRecord(reported_node(report, at, None))
            node = reported_node(report, at, record.node if record is not None else None)
            difference = full_difference(node.node_id, before.allocations, report.instances, at)
            changed = record is None or not same_place(record.node, node) or difference.matters
            after = NodeRecord(
                node,
                _unless_same(before, difference),
                {instance.key: instance for instance in report.instances if not is_gone(instance)},
                full_at=report.timestamp,
                sampling=before.sampling.without(difference.deleted).after(report.instances, at),
                unsaved=not changed,
            )
            self._take_over(work, before, after, difference, at)
            return changed

    def record_component(self, report: ComponentReport, at: float) -> bool:
        """Take over a report of one allocation; whether a plan depends on what changed. Raises UnknownNode."""
        with self._database.transaction() as work:
            record = self._nodes.of(report.node_id)
            if is_late(report.timestamp, record.single_at.get(report.key, record.full_at)):
                return self._overtaken(record, at)
            difference = single_difference(report.node_id, record.allocations, report, at)
            left = {key: told for key, told in record.reports.items() if key != report.key}
            after = NodeRecord(
                replace(record.node, last_seen=at),
                _unless_same(record, difference),
                left if is_gone(report) else {**left, report.key: report},
                full_at=record.full_at,
                single_at={**record.single_at, report.key: report.timestamp},
                sampling=record.sampling.without(difference.deleted).after((report,), at),
                unsaved=not difference.matters,
            )
            self._take_over(work, record, after, difference, at)
            return difference.matters

    def set_cordoned(self, node_id: str, cordoned: bool, draining: bool = False, drain_by: float | None = None) -> None:
        """Say whether a node gets nothing new, and whether, and by when, it gives away what it has.

        Raises UnknownNode.
        """
        with self._database.transaction() as work:
            record = self._nodes.of(node_id)
            said = {"cordoned": cordoned, "draining": draining, "drain_by": drain_by}
            work.execute(update(agents).where(agents.c.agent_id == node_id).values(said))
            node = replace(record.node, cordoned=cordoned, draining=draining, drain_by=drain_by)
            self._nodes.put(replace(record, node=node))

    def flush(self, at: float) -> None:
        """Write what waits in memory, and so again half a minute from now."""
        with self._database.transaction():
            self.write_waiting()
            self._flushed_at.set(at)

    def write_waiting(self) -> None:
        """Write what waits in memory: when nodes were last seen, and samples."""
        with self._database.transaction() as work:
            records = self._nodes.all().values()
            waiting = [record for record in records if record.unsaved or record.sampling.waiting]
            unsaved = [record for record in waiting if record.unsaved]
            work.upsert(agents, [agent_row(record.node, record.newest) for record in unsaved])
            write_samples(work, [sample for record in waiting for sample in record.sampling.waiting])
            for record in waiting:
                self._nodes.put(replace(record, unsaved=False, sampling=replace(record.sampling, waiting=())))

    def _overtaken(self, record: NodeRecord, at: float) -> bool:
        """Take from a late report only that the node is alive: no plan depends on that."""
        self._nodes.put(replace(record, node=replace(record.node, last_seen=at), unsaved=True))
        return False

    def _take_over(self, work: Work, before: NodeRecord, after: NodeRecord, difference: Difference, at: float) -> None:
        """Take over what a report changes of a node; what no plan depends on waits in memory to be written."""
        if not after.unsaved:
            self._write(work, before, after, difference)
        self._nodes.put(after)
        if not 0 <= at - self._flushed_at.get() < FLUSH_SECONDS:
            self.flush(at)

    def _write(self, work: Work, before: NodeRecord, after: NodeRecord, difference: Difference) -> None:
        """Write a node and how its allocations differ from those before."""
        node_id = after.node.node_id
        assert all(one.node_id == node_id for one in difference.written), "rule 15: a node speaks of itself alone"
        work.upsert(agents, [agent_row(after.node, after.newest)])
        delete_allocations(work, node_id, difference.deleted)
        work.upsert(instances, [instance_row(allocation) for allocation in difference.written])
        self._vanished.follow([before.allocations[key] for key in difference.deleted], difference.written)
        self._versions.saw(max((allocation.version for allocation in difference.written), default=0))


def _unless_same(before: NodeRecord, difference: Difference) -> Mapping[InstanceKey, Allocation]:
    """The allocations after a report; the very value from before where nothing differs."""
    return before.allocations if before.allocations == difference.allocations else difference.allocations

"""Observed state: nodes and allocations as last reported, in the database and, as it was committed, in memory."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import update

from reconciler.plan.model.observed import Allocation, Node, Observed, Vanished
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
from reconciler.store.tables.vanished import Place, VanishedInstances
from reconciler.store.tables.versions import Versions
from reconciler.wire.messages import ComponentReport, InstanceKey, InstanceReport, NodeReport

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
        self._view = ObservedView()

    def snapshot(self) -> Observed:
        """Give the observed state as last committed: the same value until something changes."""
        with self._database.lock:
            return self._view.of(self._nodes.get(), self._vanished.snapshot())

    def reports(self) -> dict[Place, InstanceReport]:
        """Give the last report of each allocation since the store was opened."""
        nodes = self._nodes.get().items()
        return {(key, node_id): report for node_id, record in nodes for key, report in record.reports.items()}

    def record_report(self, report: NodeReport, at: float) -> bool:
        """Take over a node's full report; whether anything changed that a plan depends on.

        A report that was overtaken by a newer one says only that the node is alive.
        """
        with self._database.transaction() as work:
            record = self._nodes.get().get(report.node_id)
            if record is not None and is_late(report.timestamp, record.newest):
                return self._overtaken(record, at)
            before = record or NodeRecord(reported_node(report, at, None))
            node = reported_node(report, at, record.node if record is not None else None)
            difference = full_difference(node.node_id, before.allocations, report.instances, at)
            changed = record is None or not same_place(record.node, node) or difference.matters
            after = replace(before, node=node, full_at=report.timestamp, single_at={}, reports={})
            self._take_over(work, after, difference, report.instances, at, changed)
            return changed

    def record_component(self, report: ComponentReport, at: float) -> bool:
        """Take over a report of one allocation; whether a plan depends on what changed. Raises UnknownNode."""
        with self._database.transaction() as work:
            record = self._nodes.of(report.node_id)
            if is_late(report.timestamp, record.single_at.get(report.key, record.full_at)):
                return self._overtaken(record, at)
            difference = single_difference(report.node_id, record.allocations, report, at)
            after = replace(
                record,
                node=replace(record.node, last_seen=at),
                single_at={**record.single_at, report.key: report.timestamp},
            )
            self._take_over(work, after, difference, (report,), at, difference.matters)
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
            records = self._nodes.get()
            waiting = [record for record in records.values() if record.unsaved or record.sampling.waiting]
            unsaved = [record for record in waiting if record.unsaved]
            work.upsert(agents, [agent_row(record.node, record.newest) for record in unsaved])
            write_samples(work, [sample for record in waiting for sample in record.sampling.waiting])
            written = {
                record.node.node_id: replace(record, unsaved=False, sampling=replace(record.sampling, waiting=()))
                for record in waiting
            }
            self._nodes.set({**records, **written})

    def _overtaken(self, record: NodeRecord, at: float) -> bool:
        """Take from a late report only that the node is alive: no plan depends on that."""
        self._nodes.put(replace(record, node=replace(record.node, last_seen=at), unsaved=True))
        return False

    def _take_over(
        self,
        work: Work,
        after: NodeRecord,
        difference: Difference,
        reports: Sequence[InstanceReport],
        at: float,
        changed: bool,
    ) -> None:
        """Take over what a report changes of a node; what no plan depends on waits in memory to be written."""
        before = after.allocations
        if changed:
            self._write(work, after, difference)
        told = {report.key: report for report in reports if not is_gone(report)}
        left = {key: report for key, report in after.reports.items() if key not in difference.deleted}
        self._nodes.put(
            replace(
                after,
                allocations=before if before == difference.allocations else difference.allocations,
                reports=left | told,
                sampling=after.sampling.without(difference.deleted).after(reports, at),
                unsaved=not changed,
            )
        )
        if not 0 <= at - self._flushed_at.get() < FLUSH_SECONDS:
            self.flush(at)

    def _write(self, work: Work, after: NodeRecord, difference: Difference) -> None:
        """Write a node and how its allocations differ from those before."""
        node_id = after.node.node_id
        assert all(one.node_id == node_id for one in difference.written), "rule 15: a node speaks of itself alone"
        gone = [after.allocations[key] for key in difference.deleted]
        work.upsert(agents, [agent_row(after.node, after.newest)])
        delete_allocations(work, node_id, difference.deleted)
        work.upsert(instances, [instance_row(allocation) for allocation in difference.written])
        self._vanished.follow(gone, difference.written)
        self._versions.saw(max((allocation.version for allocation in difference.written), default=0))


class ObservedView:
    """The observed state made of the nodes' records: made anew only when they differ, and of what differs."""

    def __init__(self) -> None:
        self._of: tuple[Mapping[str, NodeRecord], Mapping[InstanceKey, Vanished]] = ({}, {})
        self._parts: list[Mapping[InstanceKey, Allocation]] = []
        self._observed = Observed()

    def of(self, nodes: Mapping[str, NodeRecord], vanished: Mapping[InstanceKey, Vanished]) -> Observed:
        """Give the observed state of these records."""
        if self._of[0] is not nodes or self._of[1] is not vanished:
            parts = [record.allocations for record in nodes.values()]
            same = len(parts) == len(self._parts) and all(map(operator.is_, parts, self._parts))
            allocations = self._observed.allocations if same else tuple(one for part in parts for one in part.values())
            by_id: dict[str, Node] = {node_id: record.node for node_id, record in nodes.items()}
            self._observed = Observed(by_id, allocations, vanished=vanished)
            self._of, self._parts = (nodes, vanished), parts
        return self._observed

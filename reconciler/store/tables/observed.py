"""Observed state: nodes and copies as last reported, in the database and, as it was committed, in memory."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, bindparam, delete, select, update

from reconciler.plan.model.observed import Allocation, Node, Observed
from reconciler.store.db.database import Database
from reconciler.store.db.rows import agent_row, copy_of, instance_row, node_of
from reconciler.store.db.schema import agents, counters, instances
from reconciler.store.db.upsert import upsert
from reconciler.store.model import Sample, UnknownNode
from reconciler.store.tables.inventory import (
    Difference,
    full_difference,
    is_gone,
    is_late,
    reported_node,
    same_place,
    single_difference,
)
from reconciler.store.tables.metrics import Sampler, read_samples, write_samples
from reconciler.store.tables.vanished import VanishedInstances
from reconciler.wire.messages import ComponentReport, InstanceKey, InstanceReport, NodeReport, Usage

FLUSH_EVERY = 30.0
"""Seconds after which last_seen and samples that wait in memory are written."""

VERSION = "version"
RESERVED_VERSIONS = 100
"""How many versions are written down at once as given, so that most actions wait for no disk; some are never used."""

Where = tuple[InstanceKey, str]
"""A copy: which instance, on which node."""

DELETE_COPY = delete(instances).where(
    instances.c.business_id == bindparam("business"),
    instances.c.component_id == bindparam("component"),
    instances.c.instance == bindparam("ordinal"),
    instances.c.node_id == bindparam("node"),
)


@dataclass(slots=True)
class Held:
    """A node in memory: its copies, and the timestamps of its last full report and of single ones since."""

    node: Node
    allocations: dict[InstanceKey, Allocation] = field(default_factory=dict)
    full_at: float = 0.0
    single_at: dict[InstanceKey, float] = field(default_factory=dict)
    unsaved: bool = False

    @property
    def newest(self) -> float:
        """The newest timestamp of any report of this node."""
        return max(self.full_at, *self.single_at.values()) if self.single_at else self.full_at


class ObservedStore:
    """Recording reports and assignments, and reading what they add up to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[str, Held] = {}
        self._copies: tuple[Allocation, ...] | None = None
        self._observed: Observed | None = None
        self._reports: dict[Where, InstanceReport] = {}
        self._sampler = Sampler()
        self._flushed_at = float("-inf")
        self._version = self._reserved = 0
        self._vanished = VanishedInstances()
        with database.transaction() as connection:
            self._load_observed(connection)

    def observed(self) -> Observed:
        """The observed state as last committed: the same value until something changes."""
        with self._database.lock:
            if self._observed is None:
                if self._copies is None:
                    self._copies = tuple(c for held in self._held.values() for c in held.allocations.values())
                nodes = {node_id: held.node for node_id, held in self._held.items()}
                self._observed = Observed(nodes, self._copies, vanished=self._vanished.all())
            return self._observed

    def reports(self) -> Mapping[Where, InstanceReport]:
        """The last report of each copy since the store was opened."""
        with self._database.lock:
            return dict(self._reports)

    def usage(self) -> dict[Where, Usage]:
        """What each copy used when it was last reported."""
        return {where: report.resource_usage for where, report in self.reports().items()}

    def metrics(self, business_id: str, component_id: str, since: float) -> list[Sample]:
        """What a component's instances used from `since` on, oldest first."""
        with self._database.lock:
            with self._database.transaction() as connection:
                write_samples(connection, self._sampler.waiting)
                samples = read_samples(connection, business_id, component_id, since)
            self._sampler.written()
            return samples

    def record_report(self, report: NodeReport, at: float) -> bool:
        """Take over a node's full report; whether anything changed that a plan depends on.

        A report that was overtaken by a newer one says only that the node is alive.
        """
        with self._database.lock:
            held = self._held.get(report.node_id)
            if held is not None and is_late(report.timestamp, held.newest):
                self._saw(held, replace(held.node, last_seen=at), saved=False)
                return False
            node = reported_node(report, at, held.node if held else None)
            difference = full_difference(node.node_id, held.allocations if held else {}, report.instances, at)
            moved = held is None or not same_place(held.node, node)
            changed = bool(moved or difference.written or difference.deleted)
            if changed:
                self._write_report(node, report.timestamp, difference, held.allocations if held else {})
            held = held or self._held.setdefault(node.node_id, Held(node))
            held.full_at, held.single_at = report.timestamp, {}
            self._saw(held, node, saved=changed)
            self._take_over(held, difference)
            for instance in report.instances:
                if not is_gone(instance):
                    self._reports[instance.key, node.node_id] = instance
            self._sampler.take(node.node_id, report.instances, at)
            self._flush_when_due(at)
            return changed

    def record_component(self, report: ComponentReport, at: float) -> bool:
        """Take over a report of one copy; whether a plan depends on what changed. Raises UnknownNode."""
        with self._database.lock:
            held = self._of(report.node_id)
            key = report.key
            if is_late(report.timestamp, held.single_at.get(key, held.full_at)):
                self._saw(held, replace(held.node, last_seen=at), saved=False)
                return False
            node = replace(held.node, last_seen=at)
            difference = single_difference(node.node_id, held.allocations, report, at)
            changed = bool(difference.written or difference.deleted)
            if changed:
                self._write_report(node, max(held.newest, report.timestamp), difference, held.allocations)
            held.single_at[key] = report.timestamp
            self._saw(held, node, saved=changed)
            self._take_over(held, difference)
            if not is_gone(report):
                self._reports[key, node.node_id] = report
            self._sampler.take(node.node_id, (report,), at)
            self._flush_when_due(at)
            return changed

    def assign(self, allocations: Sequence[Allocation], at: float) -> None:
        """Note copies that are about to be created, all or nothing, until their nodes report them.

        A copy that was reported already stays as it is. Raises UnknownNode.
        """
        with self._database.lock:
            new = self._assignable(allocations, at)
            if not new:
                return
            vanished = self._vanished.after((), new)
            with self._database.transaction() as connection:
                upsert(connection, instances, [instance_row(allocation) for allocation in new])
                vanished.write(connection)
            self._vanished = vanished
            self._assigned(new)

    def _assignable(self, allocations: Sequence[Allocation], at: float) -> list[Allocation]:
        """Those of the copies that no node has reported yet. Raises UnknownNode."""
        new: list[Allocation] = []
        for allocation in allocations:
            present = self._of(allocation.node_id).allocations.get(allocation.key)
            if present is None or not present.confirmed:
                new.append(replace(allocation, confirmed=False, since=at))
        return new

    def _assigned(self, new: Sequence[Allocation]) -> None:
        """Bring memory to what was just committed."""
        for allocation in new:
            self._held[allocation.node_id].allocations[allocation.key] = allocation
        self._copies = self._observed = None

    def expect_end(self, allocations: Iterable[Where]) -> None:
        """These copies are about to be ended by us: when they are gone, nobody else did it."""
        with self._database.lock:
            self._vanished.expected.update(allocations)

    def want_only(self, keys: Collection[InstanceKey]) -> None:
        """Forget vanished instances that are not among those wanted now."""
        with self._database.lock:
            left = self._vanished.among(keys)
            if left.changed:
                with self._database.transaction() as connection:
                    left.write(connection)
                self._vanished, self._observed = left, None

    def unassign(self, key: InstanceKey, node_id: str) -> None:
        """Forget a copy that no node reported. Does nothing when there is none."""
        with self._database.lock:
            held = self._held.get(node_id)
            allocation = held.allocations.get(key) if held else None
            if held is None or allocation is None or allocation.confirmed:
                return
            with self._database.transaction() as connection:
                delete_copies(connection, node_id, (key,))
            del held.allocations[key]
            self._copies = self._observed = None

    def next_versions(self, count: int) -> range:
        """`count` versions, each greater than any that was given or reported before, for good."""
        with self._database.lock:
            last = self._version + count
            if last > self._reserved:
                reserved = last + RESERVED_VERSIONS
                with self._database.transaction() as connection:
                    write_version(connection, reserved)
                self._reserved = reserved
            first, self._version = self._version + 1, last
            return range(first, last + 1)

    def set_cordoned(self, node_id: str, cordoned: bool, draining: bool = False, drain_by: float | None = None) -> None:
        """Say whether a node gets nothing new, and whether, and by when, it gives away what it has.

        Raises UnknownNode.
        """
        with self._database.lock:
            held = self._of(node_id)
            said = {"cordoned": cordoned, "draining": draining, "drain_by": drain_by}
            with self._database.transaction() as connection:
                connection.execute(update(agents).where(agents.c.agent_id == node_id).values(said))
            node = replace(held.node, cordoned=cordoned, draining=draining, drain_by=drain_by)
            self._saw(held, node, saved=not held.unsaved)

    def forget_node(self, node_id: str) -> None:
        """Forget a node and its copies, until it reports again. Raises UnknownNode."""
        with self._database.lock:
            held = self._of(node_id)
            with self._database.transaction() as connection:
                connection.execute(delete(agents).where(agents.c.agent_id == node_id))
            self._take_over(held, Difference((), tuple(held.allocations), {}))
            del self._held[node_id]
            self._observed = None

    def _of(self, node_id: str) -> Held:
        held = self._held.get(node_id)
        if held is None:
            raise UnknownNode(node_id)
        return held

    def _saw(self, held: Held, node: Node, *, saved: bool) -> None:
        held.node = node
        held.unsaved = not saved
        self._observed = None

    def _write_report(
        self, node: Node, reported_at: float, difference: Difference, before: Mapping[InstanceKey, Allocation]
    ) -> None:
        """Write a node and its copies' difference to those `before` in one transaction."""
        gone = [before[key] for key in difference.deleted]
        vanished = self._vanished.after(gone, difference.written)
        newest = max((allocation.version for allocation in difference.written), default=0)
        with self._database.transaction() as connection:
            upsert(connection, agents, [agent_row(node, reported_at)])
            delete_copies(connection, node.node_id, difference.deleted)
            upsert(connection, instances, [instance_row(allocation) for allocation in difference.written])
            vanished.write(connection)
            if newest > self._reserved:
                write_version(connection, newest)
        self._vanished = vanished
        self._reserved = max(self._reserved, newest)
        self._version = max(self._version, newest)

    def _take_over(self, held: Held, difference: Difference) -> None:
        """Bring memory to what was just committed."""
        for key in difference.deleted:
            where = (key, held.node.node_id)
            self._reports.pop(where, None)
            self._sampler.forget(where)
        if held.allocations != difference.allocations:
            held.allocations = difference.allocations
            self._copies = self._observed = None

    def _flush_when_due(self, at: float) -> None:
        """Write what waits in memory when it has waited long enough."""
        if not 0 <= at - self._flushed_at < FLUSH_EVERY:
            with self._database.transaction() as connection:
                self._flush(connection)
            self._flushed(at)

    def _flush(self, connection: Connection) -> None:
        rows = [agent_row(held.node, held.newest) for held in self._held.values() if held.unsaved]
        upsert(connection, agents, rows)
        write_samples(connection, self._sampler.waiting)

    def _flushed(self, at: float) -> None:
        for held in self._held.values():
            held.unsaved = False
        self._sampler.written()
        self._flushed_at = at

    def _load_observed(self, connection: Connection) -> None:
        for row in connection.execute(select(agents).order_by(agents.c.agent_id)):
            self._held[row.agent_id] = Held(node_of(row), full_at=row.reported_at)
        for row in connection.execute(select(instances)):
            allocation = copy_of(row)
            self._held[allocation.node_id].allocations[allocation.key] = allocation
        self._vanished = VanishedInstances.read(connection)
        version = connection.execute(select(counters.c.value).where(counters.c.name == VERSION)).scalar()
        self._version = self._reserved = version or 0


def delete_copies(connection: Connection, node_id: str, keys: Sequence[InstanceKey]) -> None:
    """Delete copies of one node."""
    rows = [
        {"business": key.business_id, "component": key.component_id, "ordinal": key.instance, "node": node_id}
        for key in keys
    ]
    if rows:
        connection.execute(DELETE_COPY, rows)


def write_version(connection: Connection, version: int) -> None:
    """Keep what no version given or seen is greater than."""
    upsert(connection, counters, [{"name": VERSION, "value": version}])

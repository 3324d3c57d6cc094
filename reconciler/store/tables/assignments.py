"""Assignments: allocations that a plan made and no node has reported yet, kept so that a restart forgets none."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.plan.model.observed import Allocation
from reconciler.store.db.database import Database
from reconciler.store.db.rows import instance_row
from reconciler.store.db.schema import instances
from reconciler.store.tables.nodes import NodeRecords
from reconciler.store.tables.vanished import VanishedInstances


class Assignments:
    """Noting what is about to be created, before its node is asked."""

    def __init__(self, database: Database, nodes: NodeRecords, vanished: VanishedInstances) -> None:
        self._database = database
        self._nodes = nodes
        self._vanished = vanished

    def assign(self, allocations: Sequence[Allocation], at: float) -> None:
        """Note allocations that are about to be created, all or nothing, until their nodes report them.

        One that was reported already stays as it is. Raises UnknownNode.
        """
        with self._database.transaction() as work:
            new = [replace(one, confirmed=False, since=at) for one in allocations if not self._is_reported(one)]
            work.upsert(instances, [instance_row(allocation) for allocation in new])
            self._vanished.follow((), new)
            for node_id, assigned in _by_node(new).items():
                record = self._nodes.of(node_id)
                both = {**record.allocations, **{allocation.key: allocation for allocation in assigned}}
                self._nodes.put(replace(record, allocations=both))

    def _is_reported(self, allocation: Allocation) -> bool:
        """Whether the node said itself that it has this allocation: what it says counts (rule 13)."""
        present = self._nodes.of(allocation.node_id).allocations.get(allocation.key)
        return present is not None and present.confirmed


def _by_node(allocations: Iterable[Allocation]) -> dict[str, list[Allocation]]:
    found: dict[str, list[Allocation]] = {}
    for allocation in allocations:
        found.setdefault(allocation.node_id, []).append(allocation)
    return found

"""Approvals: stops beyond a limit that an operator lets pass, until the allocations have gone."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import delete, select

from reconciler.plan.model.desired import Desired, Stop
from reconciler.store.db.database import Committed, Database, Work
from reconciler.store.db.schema import approvals
from reconciler.wire.messages import InstanceKey


class Approvals:
    """Approved stops; the planner is given them with the desired state."""

    def __init__(self, database: Database, desired: Committed[Desired]) -> None:
        self._database = database
        self._desired = desired
        with database.transaction() as work:
            self._approved: Committed[dict[Stop, float]] = Committed(database, read_approvals(work))

    def all(self) -> dict[Stop, float]:
        """Tell which stops are approved, and since when (epoch seconds)."""
        return dict(self._approved.get())

    def approve(self, stops: Collection[Stop], plan_hash: str, who: str, at: float) -> None:
        """Let these stops pass, as `who` saw them in the plan of this hash."""
        with self._database.transaction() as work:
            said: dict[str, object] = {"plan_hash": plan_hash, "who": who, "at": at}
            work.upsert(approvals, [_row(stop) | said for stop in stops])
            self._remember(self._approved.get() | dict.fromkeys(stops, at))

    def withdraw(self, stops: Iterable[Stop]) -> None:
        """Forget approvals; stops that have none are skipped."""
        with self._database.transaction() as work:
            left = self.all()
            known = [stop for stop in stops if left.pop(stop, None) is not None]
            for stop in known:
                named = [approvals.c[column] == value for column, value in _row(stop).items()]
                work.execute(delete(approvals).where(*named))
            self._remember(left)

    def _remember(self, approved: dict[Stop, float]) -> None:
        if approved != self._approved.get():
            self._approved.set(approved)
            self._desired.set(replace(self._desired.get(), approved=frozenset(approved)))


def read_approvals(work: Work) -> dict[Stop, float]:
    """Read the approved stops, and since when."""
    return {
        (InstanceKey(row.business_id, row.component_id, row.instance), row.node_id, row.digest): row.at
        for row in work.execute(select(approvals))
    }


def _row(stop: Stop) -> dict[str, object]:
    key, node_id, digest = stop
    return {
        "business_id": key.business_id,
        "component_id": key.component_id,
        "instance": key.instance,
        "node_id": node_id,
        "digest": digest,
    }

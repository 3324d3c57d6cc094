"""Approvals: stops beyond a limit that an operator lets pass, until the copies have gone."""

from collections.abc import Collection, Iterable

from sqlalchemy import delete, select

from reconciler.plan.model.desired import Stop
from reconciler.store.db.database import Database
from reconciler.store.db.schema import approvals
from reconciler.store.db.upsert import upsert
from reconciler.store.tables.revisions import KEPT_REVISIONS
from reconciler.store.tables.statuses import StatusStore
from reconciler.wire.messages import InstanceKey


class ApprovalStore(StatusStore):
    """Keeping approvals; the planner is given them with the desired state."""

    def __init__(self, database: Database, keep_revisions: int = KEPT_REVISIONS) -> None:
        StatusStore.__init__(self, database, keep_revisions)
        with database.transaction() as connection:
            for row in connection.execute(select(approvals)):
                key = InstanceKey(row.business_id, row.component_id, row.instance)
                self._approved[key, row.node_id, row.digest] = row.at
        self._desired = None

    def approve(self, stops: Collection[Stop], plan_hash: str, who: str, at: float) -> None:
        """Let these stops pass, as `who` saw them in the plan of this hash."""
        if not stops:
            return
        with self._database.lock:
            with self._database.transaction() as connection:
                upsert(
                    connection,
                    approvals,
                    [_row(stop) | {"plan_hash": plan_hash, "who": who, "at": at} for stop in stops],
                )
            self._approved.update(dict.fromkeys(stops, at))
            self._desired = None

    def approvals(self) -> dict[Stop, float]:
        """The stops that are approved, and since when."""
        with self._database.lock:
            return dict(self._approved)

    def withdraw(self, stops: Iterable[Stop]) -> None:
        """Forget approvals; those that there are not are skipped."""
        with self._database.lock:
            known = [stop for stop in stops if stop in self._approved]
            if not known:
                return
            with self._database.transaction() as connection:
                for stop in known:
                    named = [approvals.c[column] == value for column, value in _row(stop).items()]
                    connection.execute(delete(approvals).where(*named))
            for stop in known:
                del self._approved[stop]
            self._desired = None


def _row(stop: Stop) -> dict[str, object]:
    key, node_id, digest = stop
    return {
        "business_id": key.business_id,
        "component_id": key.component_id,
        "instance": key.instance,
        "node_id": node_id,
        "digest": digest,
    }

"""Saved plans that were carried out: what was accepted, and how its execution departed from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, select, update

from reconciler.manifest.model import Business
from reconciler.plan.keep.saved import SavedPlan
from reconciler.plan.model.observed import Allocation
from reconciler.store.db.rows import from_json, instance_row, to_json
from reconciler.store.db.schema import instances, saved_plans
from reconciler.store.db.upsert import upsert
from reconciler.store.model import SyncOutcome
from reconciler.store.tables.approvals import ApprovalStore
from reconciler.store.tables.observed import ObservedStore

KEPT_PLANS = 200

EXECUTING, DONE, SUPERSEDED = "executing", "done", "superseded"


@dataclass(frozen=True, slots=True)
class Execution:
    """A saved plan that was accepted: by whom, when, and how it went.

    `revisions` are those that its businesses got: when one has another, the plan is superseded.
    """

    saved: SavedPlan
    revisions: dict[str, int]
    who: str
    at: float
    state: str = EXECUTING
    departures: tuple[str, ...] = ()


class SavedStore(ApprovalStore, ObservedStore):
    """Accepting a saved plan as a whole, and keeping what became of it."""

    def accept_planned(
        self,
        wanted: Sequence[tuple[Business, str]],
        allocations: Sequence[Allocation],
        saved: SavedPlan,
        who: str,
        at: float,
    ) -> SyncOutcome:
        """Accept specs, assign copies and note the plan, all or nothing. Raises UnknownNode."""
        with self._database.lock:
            versions = self.next_versions(len(allocations))
            given = [
                replace(allocation, version=version) for allocation, version in zip(allocations, versions, strict=True)
            ]
            new = self._assignable(given, at)

            def also(connection: Connection) -> None:
                if new:
                    upsert(connection, instances, [instance_row(allocation) for allocation in new])
                known = self._revisions_after(wanted)
                upsert(connection, saved_plans, [_row(Execution(saved, known, who, at))])
                newest = select(saved_plans.c.plan_hash).order_by(saved_plans.c.at.desc()).limit(KEPT_PLANS)
                connection.execute(delete(saved_plans).where(saved_plans.c.plan_hash.not_in(newest)))

            outcome = self.accept_many(wanted, (), who, at, also=also)
            self._assigned(new)
            return outcome

    def _revisions_after(self, wanted: Sequence[tuple[Business, str]]) -> dict[str, int]:
        """The revisions that these specs get."""
        found = {}
        for business, source in wanted:
            old = self._kept.get(business.business_id)
            number = old.desired.revision if old else 0
            found[business.business_id] = number if self._holding(business, source) else number + 1
        return found

    def execution(self, plan_hash: str) -> Execution | None:
        """The execution of the saved plan whose hash begins so, the newest of several."""
        matching = saved_plans.c.plan_hash.startswith(plan_hash, autoescape=True)
        statement = select(saved_plans).where(matching).order_by(saved_plans.c.at.desc()).limit(1)
        with self._database.transaction() as connection:
            row = connection.execute(statement).one_or_none()
        return _execution(row) if row is not None else None

    def executing(self) -> list[Execution]:
        """The saved plans that are being carried out."""
        statement = select(saved_plans).where(saved_plans.c.state == EXECUTING).order_by(saved_plans.c.at)
        with self._database.transaction() as connection:
            return [_execution(row) for row in connection.execute(statement)]

    def note_execution(self, execution: Execution) -> None:
        """Keep how far an execution is."""
        found = {"state": execution.state, "departures": to_json(execution.departures)}
        with self._database.transaction() as connection:
            ours = saved_plans.c.plan_hash == execution.saved.hash
            connection.execute(update(saved_plans).where(ours).values(found))


def _row(execution: Execution) -> dict[str, object]:
    saved = msgspec.structs.replace(execution.saved, businesses=())
    return {
        "plan_hash": execution.saved.hash,
        "document": to_json({"saved": saved, "revisions": execution.revisions}),
        "who": execution.who,
        "at": execution.at,
        "state": execution.state,
        "departures": to_json(execution.departures),
    }


class _Written(msgspec.Struct):
    saved: SavedPlan
    revisions: dict[str, int]


def _execution(row: Row[Any]) -> Execution:
    written = from_json(row.document, _Written)
    departures = tuple(from_json(row.departures, list[str]))
    return Execution(written.saved, written.revisions, row.who, row.at, row.state, departures)

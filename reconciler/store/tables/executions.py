"""Saved plans that were carried out: what was accepted, and how its execution departed from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import Row, delete, select, update

from reconciler.manifest.model import Business
from reconciler.plan.keep.saved import SavedPlan, SavedPlanError, read_saved
from reconciler.plan.model.observed import Allocation
from reconciler.store.db.database import Database
from reconciler.store.db.rows import from_json, to_json
from reconciler.store.db.schema import executions
from reconciler.store.model import StoreError, SyncOutcome
from reconciler.store.tables.assignments import Assignments
from reconciler.store.tables.desired import DesiredState
from reconciler.store.tables.versions import Versions

EXECUTIONS_MAX = 200
"""Executions kept; the oldest beyond are dropped with each new one."""

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


class Executions:
    """Accepting a saved plan as a whole, and keeping what became of it."""

    def __init__(self, database: Database, desired: DesiredState, assignments: Assignments, versions: Versions) -> None:
        self._database = database
        self._desired = desired
        self._assignments = assignments
        self._versions = versions

    def accept(
        self,
        wanted: Sequence[tuple[Business, str]],
        allocations: Sequence[Allocation],
        saved: SavedPlan,
        who: str,
        at: float,
    ) -> SyncOutcome:
        """Accept specs, assign allocations and note the plan, all or nothing. Raises UnknownNode."""
        with self._database.transaction() as work:
            outcome = self._desired.accept_many(wanted, (), who, at)
            versions = self._versions.next(len(allocations))
            given = zip(allocations, versions, strict=True)
            self._assignments.assign([replace(allocation, version=version) for allocation, version in given], at)
            revisions = {key: accepted.revision for key, accepted in outcome.accepted.items()}
            work.upsert(executions, [_row(Execution(saved, revisions, who, at))])
            newest = select(executions.c.plan_hash).order_by(executions.c.at.desc()).limit(EXECUTIONS_MAX)
            work.execute(delete(executions).where(executions.c.plan_hash.not_in(newest)))
            return outcome

    def find(self, plan_hash: str) -> Execution | None:
        """Find the execution of the saved plan whose hash begins so, the newest of several."""
        matching = executions.c.plan_hash.startswith(plan_hash, autoescape=True)
        statement = select(executions).where(matching).order_by(executions.c.at.desc()).limit(1)
        with self._database.transaction() as work:
            row = work.execute(statement).one_or_none()
        return _execution(row) if row is not None else None

    def running(self) -> list[Execution]:
        """List the saved plans that are being carried out, oldest first."""
        statement = select(executions).where(executions.c.state == EXECUTING).order_by(executions.c.at)
        with self._database.transaction() as work:
            return [_execution(row) for row in work.execute(statement)]

    def update(self, execution: Execution) -> None:
        """Save how far an execution is."""
        found = {"state": execution.state, "departures": to_json(execution.departures)}
        with self._database.transaction() as work:
            ours = executions.c.plan_hash == execution.saved.hash
            work.execute(update(executions).where(ours).values(found))


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
    saved: dict[str, Any]
    revisions: dict[str, int]


def _execution(row: Row[Any]) -> Execution:
    written = from_json(row.document, _Written)
    try:
        saved = read_saved(written.saved)
    except SavedPlanError as error:
        raise StoreError(f"the execution of the plan {row.plan_hash[:12]} can't be read: {error}") from None
    departures = tuple(from_json(row.departures, list[str]))
    return Execution(saved, written.revisions, row.who, row.at, row.state, departures)

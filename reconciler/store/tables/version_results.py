"""Version results: what became of each version of a component, bounded in number per business."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import delete, select

from reconciler.plan.model.desired import Desired, VersionResult
from reconciler.store.db.database import Committed, Database, Work
from reconciler.store.db.schema import version_results

RESULTS_MAX = 200
"""Version results kept of each business."""


class VersionResults:
    """The results of versions; the planner is given them with the desired state."""

    def __init__(self, database: Database, desired: Committed[Desired]) -> None:
        self._database = database
        self._desired = desired

    def record(self, found: Mapping[tuple[str, str, str], VersionResult], at: float) -> None:
        """Record results by business id, component id and digest; those of unknown businesses are skipped."""
        with self._database.transaction() as work:
            desired = self._desired.get()
            known = {name: result for name, result in found.items() if name[0] in desired.businesses}
            if not known:
                return
            work.upsert(version_results, [_row(*name, result, at) for name, result in known.items()])
            businesses = dict(desired.businesses)
            for (business_id, component_id, digest), result in known.items():
                entry = businesses[business_id]
                newest = dict(list(entry.version_results.items())[1 - RESULTS_MAX :])
                businesses[business_id] = replace(entry, version_results=newest | {(component_id, digest): result})
            for business_id in {name[0] for name in known}:
                _drop_old(work, business_id)
            self._desired.set(replace(desired, businesses=businesses))


def read_results(work: Work) -> dict[str, dict[tuple[str, str], VersionResult]]:
    """Read the results of each business, by component id and digest, oldest first."""
    found: dict[str, dict[tuple[str, str], VersionResult]] = {}
    for row in work.execute(select(version_results).order_by(version_results.c.at)):
        found.setdefault(row.business_id, {})[row.component_id, row.digest] = VersionResult(row.outcome, row.reason)
    return found


def _row(business_id: str, component_id: str, digest: str, result: VersionResult, at: float) -> dict[str, object]:
    return {
        "business_id": business_id,
        "component_id": component_id,
        "digest": digest,
        "outcome": result.outcome,
        "reason": result.reason,
        "at": at,
    }


def _drop_old(work: Work, business_id: str) -> None:
    """Keep the newest results of a business."""
    ours = version_results.c.business_id == business_id
    oldest = select(version_results.c.at).where(ours).order_by(version_results.c.at.desc()).offset(RESULTS_MAX).limit(1)
    at = work.execute(oldest).scalar()
    if at is not None:
        work.execute(delete(version_results).where(ours, version_results.c.at <= at))

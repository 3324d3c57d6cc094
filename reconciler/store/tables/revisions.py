"""The kept versions of businesses' specs: written with each change, the oldest dropped."""

from sqlalchemy import delete, select

from reconciler.plan.model.desired import DesiredBusiness
from reconciler.store.db.database import Database, Work
from reconciler.store.db.rows import commit_columns, revision_of, spec_digest, to_json
from reconciler.store.db.schema import revisions
from reconciler.store.model import Revision

REVISIONS_MAX = 50
"""Revisions kept of each business, unless said otherwise."""

REVISIONS_MIN = 2
"""Fewer than these would leave nothing to go back to."""


class Revisions:
    """The history of every business, removed ones too. `keep` revisions are kept of each, and at least 2."""

    def __init__(self, database: Database, keep: int = REVISIONS_MAX) -> None:
        self._database = database
        self._keep = max(keep, REVISIONS_MIN)

    def newest(self, business_id: str, limit: int | None = None) -> list[Revision]:
        """List the kept revisions of a business, newest first; with `limit`, so many of them."""
        with self._database.transaction() as work:
            return newest_revisions(work, business_id, self._keep if limit is None else limit)

    def write(self, desired: DesiredBusiness, who: str, at: float, operation: str = "") -> None:
        """Write the revision that a business is at, and drop those beyond the number kept."""
        key = desired.business.business_id
        spec = to_json(desired.business)
        row = {
            "business_id": key,
            "number": desired.revision,
            "spec": spec,
            "digest": spec_digest(spec),
            "source": desired.source,
            "who": who,
            "at": at,
            "operation": operation,
            **commit_columns(desired.commit),
        }
        oldest = desired.revision - self._keep
        with self._database.transaction() as work:
            work.execute(revisions.insert(), row)
            work.execute(delete(revisions).where(revisions.c.business_id == key, revisions.c.number <= oldest))


def newest_revisions(work: Work, business_id: str, limit: int) -> list[Revision]:
    """Read the newest revisions of a business, newest first."""
    statement = select(revisions).where(revisions.c.business_id == business_id)
    rows = work.execute(statement.order_by(revisions.c.number.desc()).limit(limit))
    return [revision_of(row) for row in rows]

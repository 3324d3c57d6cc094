"""The kept versions of businesses' specs: written with each change, the oldest dropped."""

from sqlalchemy import Connection, delete, select

from reconciler.plan.model.desired import DesiredBusiness
from reconciler.store.db.rows import commit_columns, revision_of, spec_digest, to_json
from reconciler.store.db.schema import revisions
from reconciler.store.model import Revision

KEPT_REVISIONS = 50
"""Revisions kept of each business, unless said otherwise."""

FEWEST_REVISIONS = 2
"""Fewer than these would leave nothing to go back to."""


def newest_revisions(connection: Connection, business_id: str, limit: int) -> list[Revision]:
    """The newest revisions of a business, newest first."""
    statement = select(revisions).where(revisions.c.business_id == business_id)
    rows = connection.execute(statement.order_by(revisions.c.number.desc()).limit(limit))
    return [revision_of(row) for row in rows]


def write_revision(connection: Connection, desired: DesiredBusiness, who: str, at: float, keep: int) -> None:
    """Write the revision that `desired` is at, and drop those beyond the number kept."""
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
        **commit_columns(desired.commit),
    }
    connection.execute(revisions.insert(), row)
    oldest = desired.revision - keep
    connection.execute(delete(revisions).where(revisions.c.business_id == key, revisions.c.number <= oldest))

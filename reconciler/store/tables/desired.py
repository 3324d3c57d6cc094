"""Desired state: accepted businesses, in the database and, once committed, in memory."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select

from reconciler.manifest.model import Business
from reconciler.plan.model.desired import Commit, Desired, DesiredBusiness, VersionResult
from reconciler.store.db.database import Committed, Database, Work
from reconciler.store.db.rows import business_row, component_row, from_json
from reconciler.store.db.schema import business_components, businesses, instances
from reconciler.store.model import Accepted, SyncOutcome
from reconciler.store.tables.approvals import read_approvals
from reconciler.store.tables.business_records import BusinessRecords, record_after
from reconciler.store.tables.revisions import Revisions, newest_revisions
from reconciler.store.tables.version_results import read_results

EARLIER_MAX = 5
"""Revisions before the current one whose specs the planner is given."""


class DesiredState:
    """Accepting, removing and rolling back businesses; KeyError is raised for an unknown id."""

    def __init__(
        self, database: Database, desired: Committed[Desired], records: Committed[BusinessRecords], revisions: Revisions
    ) -> None:
        self._database = database
        self._desired = desired
        self._records = records
        self._revisions = revisions

    def snapshot(self) -> Desired:
        """Give the desired state as last committed: the same value until something changes."""
        return self._desired.get()

    def accept(self, business: Business, *, source: str, who: str, at: float) -> Accepted:
        """Make this the business's spec: a new revision, unless spec and source are those that hold already.

        Whether the business is stopped, and how often it was restarted, stays.
        """
        return self.accept_many([(business, source)], (), who, at).accepted[business.business_id]

    def accept_many(
        self,
        wanted: Sequence[tuple[Business, str]],
        remove: Collection[str],
        who: str,
        at: float,
        commit: Commit | None = None,
    ) -> SyncOutcome:
        """Accept specs with their sources, and the commit that brought them, and remove businesses, all or nothing.

        Unknown ids to remove are skipped. An id in both is accepted; of one given twice the last spec counts.
        """
        with self._database.transaction() as work:
            known = self._desired.get().businesses
            latest = {business.business_id: (business, source) for business, source in wanted}
            gone = tuple(key for key in dict.fromkeys(remove) if key in known and key not in latest)
            for key in gone:
                work.execute(delete(businesses).where(businesses.c.business_id == key))
            written = {
                key: self._write(work, business, source, who, at, commit=commit)
                for key, (business, source) in latest.items()
                if not _holds(known.get(key), business, source)
            }
            self._remember(written, gone)
            holding = known | written
            return SyncOutcome({key: Accepted(holding[key].revision, changed=key in written) for key in latest}, gone)

    def remove(self, business_id: str, at: float) -> None:
        """Forget a business; its revisions and events stay."""
        with self._database.transaction():
            if business_id not in self._desired.get().businesses:
                raise KeyError(business_id)
            self.accept_many((), (business_id,), "", at)

    def roll_back(
        self, business: Business, *, pinned: int, quarantined: frozenset[str], who: str, operation: str, at: float
    ) -> Accepted:
        """Make this earlier spec a new revision of the business, whose source stays, and quarantine what it left.

        `operation` is what `who` did, for people: `rollback to revision 1`.
        """
        with self._database.transaction() as work:
            key = business.business_id
            source = self._desired.get().businesses[key].source
            entry = self._write(work, business, source, who, at, operation, pinned=pinned, quarantined=quarantined)
            self._remember({key: entry}, ())
            return Accepted(entry.revision, changed=True)

    def forget_removed(self, left: Collection[str]) -> None:
        """Let go of the specs of removed businesses, but for those `left` that something of is still there."""
        with self._database.transaction():
            desired = self._desired.get()
            if desired.removed.keys() - left:
                removed = {key: business for key, business in desired.removed.items() if key in left}
                self._desired.set(replace(desired, removed=removed))

    def _write(
        self, work: Work, business: Business, source: str, who: str, at: float, operation: str = "", **more: Any
    ) -> DesiredBusiness:
        """Write the next revision of a business, and its rows. What operators asked stays, but for a pin."""
        key = business.business_id
        entry = _next_revision(work, self._desired.get().businesses.get(key), business, source, more)
        record = record_after(business, self._records.get().get(key), at)
        self._revisions.write(entry, who, at, operation)
        work.upsert(businesses, [business_row(entry, record.status, record.created_at, at)])
        rows = [component_row(key, component, at) for component in business.components]
        work.upsert(business_components, rows, keep=("status",))
        others = business_components.c.component_id.not_in(list(record.components))
        work.execute(delete(business_components).where(business_components.c.business_id == key, others))
        self._records.set({**self._records.get(), key: record})
        return entry

    def _remember(self, written: Mapping[str, DesiredBusiness], gone: Collection[str]) -> None:
        """Let the desired state in memory follow what this unit of work writes."""
        if not written and not gone:
            return
        before, records = self._desired.get(), self._records.get()
        after = {key: entry for key, entry in before.businesses.items() if key not in gone}
        after.update(written)
        removed = before.removed | {key: before.businesses[key].business for key in gone}
        left = {key: business for key, business in removed.items() if key not in after}
        assert before.businesses.keys() - after.keys() == set(gone), "rule 6: only what was asked to go is removed"
        self._desired.set(replace(before, businesses=after, removed=left))
        self._records.set({key: record for key, record in records.items() if key in after})


def _holds(entry: DesiredBusiness | None, business: Business, source: str) -> bool:
    """Whether a business has this very spec from this source already."""
    return entry is not None and entry.source == source and entry.business == business


def _next_revision(
    work: Work, before: DesiredBusiness | None, business: Business, source: str, more: dict[str, Any]
) -> DesiredBusiness:
    """The business at its next revision; a removed one goes on from its last number."""
    earlier = newest_revisions(work, business.business_id, EARLIER_MAX)
    number = earlier[0].number + 1 if earlier else 1
    assert before is None or number > before.revision, "rule 15: a revision's number is given once"
    changes: dict[str, Any] = {
        "business": business,
        "source": source,
        "revision": number,
        "earlier": tuple(revision.business for revision in earlier),
        "commit": None,
        "pinned": None,
    }
    return replace(before or DesiredBusiness(business), **(changes | more))


def read_desired(work: Work) -> Desired:
    """Read the desired state: every business with its last revisions, and what operators said of it."""
    results = read_results(work)
    entries: Iterable[Any] = work.execute(select(businesses).order_by(businesses.c.business_id)).all()
    return Desired(
        {row.business_id: _entry(work, row, results.get(row.business_id, {})) for row in entries},
        _removed(work),
        frozenset(read_approvals(work)),
    )


def _entry(work: Work, row: Any, results: dict[tuple[str, str], VersionResult]) -> DesiredBusiness:
    """The business in a row of `businesses`."""
    current, *earlier = newest_revisions(work, row.business_id, EARLIER_MAX + 1)
    return DesiredBusiness(
        business=current.business,
        stopped=row.stopped,
        restarts=row.restarts,
        source=row.source,
        revision=row.revision,
        earlier=tuple(revision.business for revision in earlier),
        version_results=results,
        commit=current.commit,
        paused=row.paused,
        pinned=row.pinned,
        quarantined=frozenset(from_json(row.quarantined, list[str])),
    )


def _removed(work: Work) -> dict[str, Business]:
    """The last specs of the businesses of which nothing but instances is left."""
    known = select(businesses.c.business_id)
    left = select(instances.c.business_id).where(instances.c.business_id.not_in(known)).distinct()
    last = {key: newest_revisions(work, key, 1) for key in work.execute(left).scalars().all()}
    return {key: found[0].business for key, found in last.items() if found}

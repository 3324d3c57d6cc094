"""Kept decisions: what each was made of, in parts that decisions share, and bounded.

A part knows the last decision that it is of, or that the newest one has it. Decisions are dropped oldest first, so a
part goes when that last one has gone, and keeping a decision writes only what differs from the one before.
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import CursorResult, bindparam, delete, func, select, update

from reconciler.plan.keep.record import Manifest, Record, allocations_of, manifest_of, restored
from reconciler.plan.model.observed import Allocation
from reconciler.store.db.database import Committed, Database, Work
from reconciler.store.db.schema import decision_parts, decisions
from reconciler.store.model import StoreError

DECISIONS_MAX = 2_000
DECISIONS_SECONDS_MAX = 90 * 86_400.0
DECISIONS_BYTES_MAX = 256 * 1024 * 1024
"""Housekeeping drops the oldest decisions beyond any of these; the newest one always stays."""

DROPPED_SHARE = 0.1
"""The share of decisions that go at once when they take too many bytes."""

ASKED_AT_ONCE = 500

RETIRE = update(decision_parts).where(decision_parts.c.digest == bindparam("gone")).values(last=bindparam("before"))


@dataclass(frozen=True, slots=True)
class Decision:
    """A kept decision: the hash of its plan, the version that made it, and how many actions it has.

    `at` is the time of the plan, in seconds since the epoch.
    """

    id: int
    at: float
    plan_hash: str
    version: str
    actions: int


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest decision: its id (0: there is none), and the digests of the parts that it is made of."""

    id: int = 0
    parts: frozenset[str] = frozenset()


FIELDS = (decisions.c.id, decisions.c.at, decisions.c.plan_hash, decisions.c.version, decisions.c.actions)


class Decisions:
    """Keeping decisions and reading them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as work:
            self._newest = Committed(database, self._read_newest(work))

    def keep(self, plan_hash: str, version: str, actions: int, record: Record, at: float) -> None:
        """Keep a decision with its parts, all or nothing."""
        with self._database.transaction() as work:
            newest, parts = self._newest.get(), frozenset(record.parts)
            found = {"at": at, "plan_hash": plan_hash, "version": version, "actions": actions}
            inserted = work.execute(decisions.insert().values(found | {"manifest": record.manifest}))
            work.upsert(decision_parts, [_row(one, record.parts[one]) for one in sorted(parts - newest.parts)])
            gone = [{"gone": digest, "before": newest.id} for digest in sorted(newest.parts - parts)]
            if gone:
                work.execute(RETIRE, gone)
            self._newest.set(Newest(_id(inserted), parts))

    def find(self, plan_hash: str = "", limit: int = DECISIONS_MAX) -> list[Decision]:
        """Find kept decisions whose plan's hash begins so, newest first."""
        found = select(*FIELDS).where(decisions.c.plan_hash.startswith(plan_hash, autoescape=True))
        with self._database.transaction() as work:
            rows = work.execute(found.order_by(decisions.c.id.desc()).limit(limit))
            return [Decision(*row) for row in rows]

    def oldest(self) -> Decision | None:
        """Give the oldest decision that is kept."""
        with self._database.transaction() as work:
            row = work.execute(select(*FIELDS).order_by(decisions.c.id).limit(1)).one_or_none()
        return Decision(*row) if row is not None else None

    def state(self, decision_id: int) -> bytes | None:
        """Give what a decision was made of, with what was decided (`made`), as JSON; None when it is not kept."""
        found = select(decisions.c.manifest).where(decisions.c.id == decision_id)
        with self._database.transaction() as work:
            digest = work.execute(found).scalar_one_or_none()
            if digest is None:
                return None
            manifest = self._manifest(work, digest)
            packed = _packed(work, [*manifest.digests()])
        return restored(manifest, lambda digest: self._part(packed, digest))

    def allocations_with(self, text: str, most: int) -> list[Allocation]:
        """Find the allocations whose JSON has this text in it, of the newest decision where there are some.

        The newest `most` decisions are searched.
        """
        needle, seen = text.encode("utf-8", "surrogatepass"), set[str]()
        newest = select(decisions.c.manifest).order_by(decisions.c.id.desc()).limit(most)
        with self._database.transaction() as work:
            for digest in work.execute(newest).scalars().all():
                manifest = self._manifest(work, digest)
                new = [one for one in manifest.allocations if one not in seen]
                seen.update(new)
                packed = _packed(work, new)
                holding = (data for one in new if needle in (data := self._part(packed, one)))
                found = [
                    allocation
                    for data in holding
                    for allocation in allocations_of(manifest, data)
                    if needle in msgspec.json.encode(allocation)
                ]
                if found:
                    return found
        return []

    def drop_old(self, at: float) -> None:
        """Keep the newest `DECISIONS_MAX` of the last `DECISIONS_SECONDS_MAX`, as far as `DECISIONS_BYTES_MAX` go."""
        with self._database.transaction() as work:
            _drop_old(work, at)

    def _read_newest(self, work: Work) -> "Newest":
        """The newest decision; without parts when it is damaged, for history must not stop a manager."""
        newest = select(decisions.c.id, decisions.c.manifest).order_by(decisions.c.id.desc()).limit(1)
        row = work.execute(newest).one_or_none()
        if row is None:
            return Newest()
        try:
            return Newest(row.id, frozenset((row.manifest, *self._manifest(work, row.manifest).digests())))
        except StoreError:
            work.execute(update(decision_parts).where(decision_parts.c.last.is_(None)).values(last=row.id))
            return Newest(row.id)

    def _manifest(self, work: Work, digest: str) -> Manifest:
        try:
            return manifest_of(self._part(_packed(work, [digest]), digest))
        except msgspec.MsgspecError:
            raise self._damaged() from None

    def _part(self, packed: Mapping[str, bytes], digest: str) -> bytes:
        """A part as it was kept. Raises StoreError when it is another one, or gone."""
        try:
            data = zlib.decompress(packed.get(digest, b""))
        except zlib.error:
            raise self._damaged() from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise self._damaged()
        return data

    def _damaged(self) -> StoreError:
        return StoreError(
            f"a kept decision in the database {self._database.path} is damaged: part of what it was made of is not "
            "as it was written. Restore the database from a backup, or ask for another decision"
        )


def _drop_old(work: Work, at: float) -> None:
    newest, count, oldest = work.execute(select(func.max(decisions.c.id), func.count(), func.min(decisions.c.at))).one()
    if newest is None:
        return
    if count > DECISIONS_MAX or oldest < at - DECISIONS_SECONDS_MAX:
        by_count = select(decisions.c.id).order_by(decisions.c.id.desc()).offset(DECISIONS_MAX - 1).limit(1)
        by_age = select(func.max(decisions.c.id) + 1).where(decisions.c.at < at - DECISIONS_SECONDS_MAX)
        limits = [work.execute(limit).scalar() or 0 for limit in (by_count, by_age)]
        _drop_before(work, min(max(limits), newest))
    while (work.execute(select(func.sum(decision_parts.c.size))).scalar() or 0) > DECISIONS_BYTES_MAX:
        kept: Sequence[int] = work.execute(select(decisions.c.id).order_by(decisions.c.id)).scalars().all()
        if len(kept) == 1:
            return
        _drop_before(work, kept[max(int(len(kept) * DROPPED_SHARE), 1)])


def _drop_before(work: Work, first: int) -> None:
    work.execute(delete(decisions).where(decisions.c.id < first))
    work.execute(delete(decision_parts).where(decision_parts.c.last < first))


def _packed(work: Work, digests: Sequence[str]) -> dict[str, bytes]:
    """Parts as they are stored."""
    found: dict[str, bytes] = {}
    for start in range(0, len(digests), ASKED_AT_ONCE):
        some = digests[start : start + ASKED_AT_ONCE]
        stored = select(decision_parts.c.digest, decision_parts.c.data).where(decision_parts.c.digest.in_(some))
        found |= {row.digest: row.data for row in work.execute(stored)}
    return found


def _id(inserted: CursorResult[Any]) -> int:
    """The id that an inserted row was given."""
    key = inserted.inserted_primary_key
    assert key is not None, "one row was inserted"
    return int(key[0])


def _row(digest: str, data: bytes) -> dict[str, object]:
    packed = zlib.compress(data, 1)
    return {"digest": digest, "data": packed, "size": len(packed), "last": None}

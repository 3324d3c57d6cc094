"""Kept decisions: what each was made of, in parts that decisions share, and bounded.

A part knows the last decision that it is of, or that the newest one has it. Decisions are dropped oldest first, so a
part goes when that last one has gone, and keeping a decision writes only what differs from the one before.
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update

from reconciler.plan.keep.record import Manifest, Record, allocations_of, manifest_of, restored
from reconciler.plan.model.observed import Allocation
from reconciler.store.db.database import Database
from reconciler.store.db.schema import decision_parts, decisions
from reconciler.store.db.upsert import upsert
from reconciler.store.model import StoreError

KEPT_DECISIONS = 2_000
KEPT_SECONDS = 90 * 86_400.0
KEPT_BYTES = 256 * 1024 * 1024
"""Housekeeping drops the oldest decisions beyond any of these; the newest one always stays."""

DROPPED_AT_ONCE = 0.1
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


FIELDS = (decisions.c.id, decisions.c.at, decisions.c.plan_hash, decisions.c.version, decisions.c.actions)


class DecisionStore:
    """Keeping decisions and reading them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._newest = 0
        self._newest_parts: frozenset[str] = frozenset()
        with database.transaction() as connection:
            newest = select(decisions.c.id, decisions.c.manifest).order_by(decisions.c.id.desc()).limit(1)
            row = connection.execute(newest).one_or_none()
            if row is not None:
                self._newest = row.id
                self._newest_parts = self._parts_of_newest(connection, row.manifest)

    def keep_decision(self, plan_hash: str, version: str, actions: int, record: Record, at: float) -> None:
        """Keep a decision with its parts, all or nothing."""
        parts = frozenset(record.parts)
        with self._database.lock:
            new = [_row(digest, record.parts[digest]) for digest in sorted(parts - self._newest_parts)]
            gone = [{"gone": digest, "before": self._newest} for digest in sorted(self._newest_parts - parts)]
            found = {"at": at, "plan_hash": plan_hash, "version": version, "actions": actions}
            with self._database.transaction() as connection:
                inserted = connection.execute(decisions.insert().values(found | {"manifest": record.manifest}))
                upsert(connection, decision_parts, new)
                if gone:
                    connection.execute(RETIRE, gone)
            self._newest, self._newest_parts = inserted.lastrowid, parts

    def decisions(self, plan_hash: str = "", limit: int = KEPT_DECISIONS) -> list[Decision]:
        """Kept decisions whose plan's hash begins so, newest first."""
        found = select(*FIELDS).where(decisions.c.plan_hash.startswith(plan_hash, autoescape=True))
        with self._database.transaction() as connection:
            rows = connection.execute(found.order_by(decisions.c.id.desc()).limit(limit))
            return [Decision(*row) for row in rows]

    def oldest_decision(self) -> Decision | None:
        """The oldest one that is kept."""
        with self._database.transaction() as connection:
            row = connection.execute(select(*FIELDS).order_by(decisions.c.id).limit(1)).one_or_none()
        return Decision(*row) if row is not None else None

    def decided(self, decision_id: int) -> bytes | None:
        """The state that a decision was made of, with what was decided (`made`), as JSON; None when it is not kept."""
        found = select(decisions.c.manifest).where(decisions.c.id == decision_id)
        with self._database.transaction() as connection:
            digest = connection.execute(found).scalar_one_or_none()
            if digest is None:
                return None
            manifest = self._manifest(connection, digest)
            packed = _packed(connection, [*manifest.digests()])
        return restored(manifest, lambda digest: self._part(packed, digest))

    def decided_copies(self, text: str, most: int) -> list[Allocation]:
        """The copies whose JSON has this text in it, of the newest decision where there are some.

        The newest `most` decisions are searched.
        """
        needle, seen = text.encode("utf-8", "surrogatepass"), set[str]()
        newest = select(decisions.c.manifest).order_by(decisions.c.id.desc()).limit(most)
        with self._database.transaction() as connection:
            for digest in connection.execute(newest).scalars().all():
                manifest = self._manifest(connection, digest)
                new = [one for one in manifest.allocations if one not in seen]
                seen.update(new)
                packed = _packed(connection, new)
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

    def _parts_of_newest(self, connection: Connection, digest: str) -> frozenset[str]:
        """The parts that the newest decision has; none when it is damaged, for history must not stop a manager."""
        try:
            return frozenset((digest, *self._manifest(connection, digest).digests()))
        except StoreError:
            connection.execute(update(decision_parts).where(decision_parts.c.last.is_(None)).values(last=self._newest))
            return frozenset()

    def _manifest(self, connection: Connection, digest: str) -> Manifest:
        try:
            return manifest_of(self._part(_packed(connection, [digest]), digest))
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


def drop_old_decisions(connection: Connection, at: float) -> None:
    """Keep the newest `KEPT_DECISIONS` of the last `KEPT_SECONDS`, as far as they fit into `KEPT_BYTES`."""
    newest, count, oldest = connection.execute(
        select(func.max(decisions.c.id), func.count(), func.min(decisions.c.at))
    ).one()
    if newest is None:
        return
    if count > KEPT_DECISIONS or oldest < at - KEPT_SECONDS:
        by_count = select(decisions.c.id).order_by(decisions.c.id.desc()).offset(KEPT_DECISIONS - 1).limit(1)
        by_age = select(func.max(decisions.c.id) + 1).where(decisions.c.at < at - KEPT_SECONDS)
        limits = [connection.execute(limit).scalar() or 0 for limit in (by_count, by_age)]
        _drop_before(connection, min(max(limits), newest))
    while (connection.execute(select(func.sum(decision_parts.c.size))).scalar() or 0) > KEPT_BYTES:
        kept: Sequence[int] = connection.execute(select(decisions.c.id).order_by(decisions.c.id)).scalars().all()
        if len(kept) == 1:
            return
        _drop_before(connection, kept[max(int(len(kept) * DROPPED_AT_ONCE), 1)])


def _drop_before(connection: Connection, first: int) -> None:
    connection.execute(delete(decisions).where(decisions.c.id < first))
    connection.execute(delete(decision_parts).where(decision_parts.c.last < first))


def _packed(connection: Connection, digests: Sequence[str]) -> dict[str, bytes]:
    """Parts as they are stored."""
    found: dict[str, bytes] = {}
    for start in range(0, len(digests), ASKED_AT_ONCE):
        some = digests[start : start + ASKED_AT_ONCE]
        held = select(decision_parts.c.digest, decision_parts.c.data).where(decision_parts.c.digest.in_(some))
        found |= {row.digest: row.data for row in connection.execute(held)}
    return found


def _row(digest: str, data: bytes) -> dict[str, object]:
    packed = zlib.compress(data, 1)
    return {"digest": digest, "data": packed, "size": len(packed), "last": None}

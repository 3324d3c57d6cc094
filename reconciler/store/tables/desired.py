"""Desired state: accepted businesses and their revisions, in the database and, once committed, in memory."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, delete, select, update

from reconciler.manifest.model import Business
from reconciler.plan.model.desired import Commit, Desired, DesiredBusiness, Stop, VersionResult
from reconciler.store.db.database import Database
from reconciler.store.db.rows import component_row, from_json, to_json
from reconciler.store.db.schema import business_components, businesses, instances, verdicts
from reconciler.store.db.upsert import upsert
from reconciler.store.model import Accepted, ComponentRow, Revision, SyncOutcome
from reconciler.store.tables.revisions import FEWEST_REVISIONS, KEPT_REVISIONS, newest_revisions, write_revision
from reconciler.wire.messages import Status

KEPT_VERDICTS = 200
"""Verdicts kept of each business."""

EARLIER = 5
"""Revisions before the current one whose specs the planner is given."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A business as the database has it: its desired state, its saved status, and when it last changed.

    `components` has the saved status of each component and when that last changed.
    """

    desired: DesiredBusiness
    status: str
    created_at: float
    updated_at: float
    components: dict[str, tuple[ComponentRow, float]] = field(default_factory=dict)


class DesiredStore:
    """Accepting, removing, stopping and restarting businesses, and their history."""

    def __init__(self, database: Database, keep_revisions: int = KEPT_REVISIONS) -> None:
        self._database = database
        self._keep = max(keep_revisions, FEWEST_REVISIONS)
        self._kept: dict[str, Kept] = {}
        self._removed: dict[str, Business] = {}
        self._approved: dict[Stop, float] = {}
        self._desired: Desired | None = None
        with database.transaction() as connection:
            self._load_desired(connection)

    def desired(self) -> Desired:
        """The desired state as last committed: the same value until something changes."""
        with self._database.lock:
            if self._desired is None:
                businesses = {key: kept.desired for key, kept in self._kept.items()}
                self._desired = Desired(businesses, dict(self._removed), frozenset(self._approved))
            return self._desired

    def times(self) -> dict[str, tuple[float, float]]:
        """When each business was created, and when it or its status last changed."""
        with self._database.lock:
            return {key: (kept.created_at, kept.updated_at) for key, kept in self._kept.items()}

    def component_times(self, business_id: str) -> dict[str, float]:
        """When each component, or its status, last changed. Raises KeyError for an unknown id."""
        with self._database.lock:
            return {key: at for key, (_, at) in self._kept[business_id].components.items()}

    def revisions(self, business_id: str, limit: int | None = None) -> list[Revision]:
        """The kept revisions of a business, removed or not, newest first; with `limit`, so many of them."""
        with self._database.transaction() as connection:
            return newest_revisions(connection, business_id, self._keep if limit is None else limit)

    def origin(self, business_id: str) -> str:
        """Where the newest revision of a business comes from, for people; "" when there is none."""
        found = self.revisions(business_id, 1)
        return found[0].origin if found else ""

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
        also: Callable[[Connection], None] | None = None,
    ) -> SyncOutcome:
        """Accept specs with their sources, and the commit that brought them, and remove businesses, all or nothing.

        `also` is written with them, whether or not anything of them is new.
        Unknown ids to remove are skipped. An id in both is accepted; of one given twice the last spec counts.
        """
        with self._database.lock:
            latest = {business.business_id: (business, source) for business, source in wanted}
            gone = tuple(key for key in dict.fromkeys(remove) if key in self._kept and key not in latest)
            accepted: dict[str, Accepted] = {}
            written: dict[str, Kept] = {}
            for key, (business, source) in latest.items():
                if (same := self._holding(business, source)) is not None:
                    accepted[key] = Accepted(same.desired.revision, changed=False)
            if len(accepted) < len(latest) or gone or also:
                with self._database.transaction() as connection:
                    if also is not None:
                        also(connection)
                    self._delete(connection, gone)
                    for key, (business, source) in latest.items():
                        if key not in accepted:
                            written[key] = self._write_business(connection, business, source, who, at, commit)
                            accepted[key] = Accepted(written[key].desired.revision, changed=True)
                self._remember(written, gone)
            return SyncOutcome(accepted, gone)

    def remove(self, business_id: str, at: float) -> None:
        """Forget a business; its revisions and events stay. Raises KeyError for an unknown id."""
        with self._database.lock:
            if business_id not in self._kept:
                raise KeyError(business_id)
            self.accept_many((), (business_id,), "", at)

    def roll_back(
        self, business: Business, *, pinned: int, quarantined: frozenset[str], who: str, at: float
    ) -> Accepted:
        """Make this earlier spec a new revision of the business, whose source stays, and say what is not to come back.

        Raises KeyError for an unknown business.
        """
        with self._database.lock:
            key = business.business_id
            source = self._kept[key].desired.source
            with self._database.transaction() as connection:
                kept = self._write_business(connection, business, source, who, at, None, pinned, quarantined)
            self._remember({key: kept}, ())
            return Accepted(kept.desired.revision, changed=True)

    def set_pin(self, business_id: str, pinned: int | None, quarantined: frozenset[str], at: float) -> None:
        """Change what a business is pinned to and what is not accepted for it. Raises KeyError for an unknown id."""
        with self._database.lock:
            kept = self._kept[business_id]
            desired = replace(kept.desired, pinned=pinned, quarantined=quarantined)
            self._change(replace(kept, desired=desired, updated_at=at))

    def set_paused(self, business_id: str, paused: bool, at: float) -> None:
        """Say whether nothing is to be done of a business. Raises KeyError for an unknown id."""
        with self._database.lock:
            kept = self._kept[business_id]
            self._change(replace(kept, desired=replace(kept.desired, paused=paused), updated_at=at))

    def set_stopped(self, business_id: str, stopped: bool, at: float) -> None:
        """Say whether a business should run. Raises KeyError for an unknown id."""
        with self._database.lock:
            kept = self._kept[business_id]
            if kept.desired.stopped != stopped:
                self._change(replace(kept, desired=replace(kept.desired, stopped=stopped), updated_at=at))

    def add_restart(self, business_id: str, at: float) -> None:
        """Ask for new containers of a business, and for it to run. Raises KeyError for an unknown id."""
        with self._database.lock:
            kept = self._kept[business_id]
            desired = replace(kept.desired, stopped=False, restarts=kept.desired.restarts + 1)
            self._change(replace(kept, desired=desired, updated_at=at))

    def judge(self, found: Mapping[tuple[str, str, str], VersionResult], at: float) -> None:
        """Keep verdicts by business id, component id and digest; those on unknown businesses are skipped."""
        with self._database.lock:
            known = {name: verdict for name, verdict in found.items() if name[0] in self._kept}
            written: dict[str, Kept] = {}
            rows = []
            for (key, component_id, digest), verdict in known.items():
                kept = written.get(key, self._kept[key])
                newest = dict(list(kept.desired.verdicts.items())[1 - KEPT_VERDICTS :])
                judged = newest | {(component_id, digest): verdict}
                written[key] = replace(kept, desired=replace(kept.desired, verdicts=judged))
                rows.append(verdict_row(key, component_id, digest, verdict, at))
            if not rows:
                return
            with self._database.transaction() as connection:
                upsert(connection, verdicts, rows)
                for key in written:
                    drop_old_verdicts(connection, key)
            self._remember(written, ())

    def _holding(self, business: Business, source: str) -> Kept | None:
        """The kept business when it has this very spec from this source."""
        kept = self._kept.get(business.business_id)
        same = kept is not None and kept.desired.source == source and kept.desired.business == business
        return kept if same else None

    def _change(self, kept: Kept) -> None:
        """Write what operators change of a business beside its spec, then remember it."""
        desired = kept.desired
        key = desired.business.business_id
        with self._database.transaction() as connection:
            connection.execute(
                update(businesses)
                .where(businesses.c.business_id == key)
                .values(updated_at=kept.updated_at, **asked_row(desired))
            )
        self._remember({key: kept}, ())

    def _forget_removed(self, left: Collection[str]) -> None:
        """Let go of removed businesses of which nothing is left."""
        if self._removed.keys() - left:
            self._removed = {key: business for key, business in self._removed.items() if key in left}
            self._desired = None

    def _remember(self, written: dict[str, Kept], gone: Iterable[str]) -> None:
        """Bring memory to what was just committed."""
        for key in gone:
            self._removed[key] = self._kept.pop(key).desired.business
        self._kept.update(written)
        self._removed = {key: one for key, one in self._removed.items() if key not in self._kept}
        self._desired = None

    def _delete(self, connection: Connection, gone: Sequence[str]) -> None:
        for key in gone:
            connection.execute(delete(businesses).where(businesses.c.business_id == key))

    def _write_business(
        self,
        connection: Connection,
        business: Business,
        source: str,
        who: str,
        at: float,
        commit: Commit | None,
        pinned: int | None = None,
        quarantined: frozenset[str] | None = None,
    ) -> Kept:
        """Write the next revision of a business, and its rows. What is quarantined stays so unless given."""
        key = business.business_id
        earlier = newest_revisions(connection, key, EARLIER)
        number = earlier[0].number + 1 if earlier else 1
        old = self._kept.get(key)
        desired = DesiredBusiness(
            business=business,
            stopped=old.desired.stopped if old else False,
            restarts=old.desired.restarts if old else 0,
            source=source,
            revision=number,
            earlier=tuple(revision.business for revision in earlier),
            verdicts=old.desired.verdicts if old else {},
            commit=commit,
            paused=old.desired.paused if old else False,
            pinned=pinned,
            quarantined=(old.desired.quarantined if old else frozenset()) if quarantined is None else quarantined,
        )
        kept = Kept(
            desired=desired,
            status=old.status if old else Status.PENDING.value,
            created_at=old.created_at if old else at,
            updated_at=at,
            components=components_after(business, old, at),
        )
        write_revision(connection, desired, who, at, self._keep)
        upsert(connection, businesses, [business_row(kept)])
        rows = [component_row(key, component, at) for component in business.components]
        upsert(connection, business_components, rows, keep=("status",))
        connection.execute(
            delete(business_components).where(
                business_components.c.business_id == key,
                business_components.c.component_id.not_in(list(kept.components)),
            )
        )
        return kept

    def _load_desired(self, connection: Connection) -> None:
        saved: dict[str, dict[str, tuple[ComponentRow, float]]] = {}
        for row in connection.execute(select(business_components)):
            status = ComponentRow(
                row.business_id, row.component_id, row.status, row.node_id, row.container_id, row.started_at
            )
            saved.setdefault(row.business_id, {})[row.component_id] = (status, row.updated_at)
        self._removed = removed_businesses(connection)
        judged: dict[str, dict[tuple[str, str], VersionResult]] = {}
        for row in connection.execute(select(verdicts).order_by(verdicts.c.at)):
            judged.setdefault(row.business_id, {})[row.component_id, row.digest] = VersionResult(
                row.verdict, row.reason
            )
        for row in connection.execute(select(businesses).order_by(businesses.c.business_id)).all():
            current, *earlier = newest_revisions(connection, row.business_id, EARLIER + 1)
            desired = DesiredBusiness(
                business=current.business,
                stopped=row.stopped,
                restarts=row.restarts,
                source=row.source,
                revision=row.revision,
                earlier=tuple(revision.business for revision in earlier),
                verdicts=judged.get(row.business_id, {}),
                commit=current.commit,
                paused=row.paused,
                pinned=row.pinned,
                quarantined=frozenset(from_json(row.quarantined, list[str])),
            )
            self._kept[row.business_id] = Kept(
                desired, row.status, row.created_at, row.updated_at, saved.get(row.business_id, {})
            )


def removed_businesses(connection: Connection) -> dict[str, Business]:
    """The last specs of the businesses of which nothing but instances is left."""
    known = select(businesses.c.business_id)
    left = select(instances.c.business_id).where(instances.c.business_id.not_in(known)).distinct()
    last = {key: newest_revisions(connection, key, 1) for key in connection.execute(left).scalars().all()}
    return {key: found[0].business for key, found in last.items() if found}


def components_after(business: Business, old: Kept | None, at: float) -> dict[str, tuple[ComponentRow, float]]:
    """The saved statuses once this spec holds: components that stay keep theirs, new ones are pending."""
    known = old.components if old else {}
    key = business.business_id
    after = {}
    for component in business.components:
        name = component.component_id
        row = known[name][0] if name in known else ComponentRow(key, name, Status.PENDING.value)
        after[name] = (row, at)
    return after


def verdict_row(
    business_id: str, component_id: str, digest: str, verdict: VersionResult, at: float
) -> dict[str, object]:
    """A verdict as `verdicts` has it."""
    return {
        "business_id": business_id,
        "component_id": component_id,
        "digest": digest,
        "verdict": verdict.word,
        "reason": verdict.reason,
        "at": at,
    }


def drop_old_verdicts(connection: Connection, business_id: str) -> None:
    """Keep the newest verdicts of a business."""
    ours = verdicts.c.business_id == business_id
    oldest = select(verdicts.c.at).where(ours).order_by(verdicts.c.at.desc()).offset(KEPT_VERDICTS).limit(1)
    at = connection.execute(oldest).scalar()
    if at is not None:
        connection.execute(delete(verdicts).where(ours, verdicts.c.at <= at))


def business_row(kept: Kept) -> dict[str, object]:
    """A business as `businesses` has it."""
    desired = kept.desired
    return {
        "business_id": desired.business.business_id,
        "business_name": desired.business.business_name,
        "status": kept.status,
        "created_at": kept.created_at,
        "updated_at": kept.updated_at,
        "source": desired.source,
        "revision": desired.revision,
    } | asked_row(desired)


def asked_row(desired: DesiredBusiness) -> dict[str, object]:
    """What operators asked for, as `businesses` has it."""
    return {
        "stopped": desired.stopped,
        "restarts": desired.restarts,
        "paused": desired.paused,
        "pinned": desired.pinned,
        "quarantined": to_json(sorted(desired.quarantined)),
    }

"""What an operator does to a business that is there, whoever declares it: stop, restart, roll back, pause and so on.

Each operation is one change of the desired state: stored, put on record with its cause, and followed by a turn.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.control.desired.changes import Change, DesiredChanges, component_of, refuse_circles
from reconciler.control.desired.ownership import Ownership
from reconciler.control.desired.rollback import Rollback, rollback_target
from reconciler.control.desired.source_sync import SourceSync
from reconciler.control.errors import Conflict
from reconciler.plan.model.desired import Desired, DesiredBusiness, VersionResult
from reconciler.plan.wants.versions import version
from reconciler.store.model import Accepted


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of `who` on the business that was as `entry` says, and the change that it is."""

    change: Change
    entry: DesiredBusiness
    who: str

    @property
    def at(self) -> float:
        """When it began, in seconds since the epoch."""
        return self.change.at

    def done(self, kind: str, what: str, verb: str) -> None:
        """Put the operation on record: `stop asked for` by whom, caused by the `verb` they used."""
        cause = f"{self.who}: {verb}"
        self.change.record(kind, self.entry.business.business_id, f"{what} by {self.who}", cause)


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion did: the components whose new version goes on, and the revision that they are of."""

    revision: int
    components: tuple[str, ...]


class DesiredStateService:
    """Carries out operations on businesses, one caller at a time."""

    def __init__(self, changes: DesiredChanges, ownership: Ownership, sources: SourceSync) -> None:
        self._changes = changes
        self._store = changes.store
        self._ownership = ownership
        self._sources = sources

    def remove(self, business_id: str, who: str) -> Accepted:
        """Remove a business of the API. Raises UnknownBusiness, Conflict."""
        with self._operate(business_id, who) as operation:
            self._ownership.refuse_foreign(operation.entry)
            self._store.desired.remove(business_id, operation.at)
            operation.done("removed", "removed", "delete")
            return Accepted(operation.entry.revision, changed=True)

    def stop(self, business_id: str, who: str) -> Accepted:
        """Want the business not to run. Raises UnknownBusiness."""
        with self._operate(business_id, who) as operation:
            if not operation.entry.stopped:
                self._store.settings.set_stopped(business_id, True, operation.at)
                operation.done("stop", "stop asked for", "stop")
            return Accepted(operation.entry.revision, changed=not operation.entry.stopped)

    def restart(self, business_id: str, who: str) -> Accepted:
        """Want every instance made anew, also of a stopped business. Raises UnknownBusiness."""
        with self._operate(business_id, who) as operation:
            self._store.settings.add_restart(business_id, operation.at)
            operation.done("restart", "restart asked for", "restart")
            return Accepted(operation.entry.revision, changed=True)

    def promote(self, business_id: str, component_id: str | None, who: str) -> Promotion:
        """Let new versions whose `update.canary` holds them go on to all instances.

        Raises UnknownBusiness, UnknownInstance, and Conflict when there is none.
        """
        with self._operate(business_id, who) as operation:
            if component_id is not None:
                component_of(operation.entry, component_id)
            results = promotions(operation.entry, component_id, who)
            if not results:
                name = business_id if component_id is None else f"{business_id}/{component_id}"
                raise Conflict(f"nothing of {name} waits to be promoted: that is for components with update.canary")
            self._store.version_results.record(results, operation.at)
            promoted = tuple(name for _, name, _ in results)
            operation.done("promoted", f"{', '.join(promoted)} promoted", "promote")
            return Promotion(operation.entry.revision, promoted)

    def roll_back(self, business_id: str, number: int | None, who: str) -> Rollback:
        """Go back to an earlier revision, and let nothing newer come back by itself.

        Without a number: to the newest revision that differs. Raises UnknownBusiness, UnknownRevision, Conflict,
        SpecError.
        """
        with self._operate(business_id, who) as operation:
            target = rollback_target(operation.entry, self._store.revisions.newest(business_id), number)
            refuse_circles(self._store.desired.snapshot(), [target.revision.business])
            verb = f"rollback to revision {target.revision.number}"
            accepted = self._store.desired.roll_back(
                target.revision.business,
                pinned=target.revision.number,
                quarantined=target.quarantined,
                who=who,
                operation=verb,
                at=operation.at,
            )
            what = f"rolled back to revision {target.revision.number}, as revision {accepted.revision},"
            operation.done("rollback", what, verb)
            return Rollback(target.revision.number, accepted.revision)

    def unpin(self, business_id: str, who: str) -> Accepted:
        """Accept again what was rolled back, and read the sources. Raises UnknownBusiness, Conflict."""
        with self._operate(business_id, who) as operation:
            if operation.entry.pinned is None and not operation.entry.quarantined:
                raise Conflict(f"{business_id} is not pinned: nothing of it was rolled back")
            self._store.settings.set_pin(business_id, None, frozenset(), operation.at)
            operation.done("unpinned", "unpinned", "unpin")
        self._sources.sync(patient=True)
        return Accepted(_revision(self.snapshot(), business_id), changed=True)

    def thaw(self, business_id: str, component_id: str, who: str) -> Accepted:
        """Set back again what is frozen of a component; nothing changes when nothing of it was set back lately.

        Raises UnknownBusiness, UnknownInstance.
        """
        with self._operate(business_id, who) as operation:
            component_of(operation.entry, component_id)
            counted = self._store.heals.thaw(business_id, component_id)
            if counted:
                operation.done("thawed", f"{component_id} thawed", "thaw")
            return Accepted(operation.entry.revision, changed=bool(counted))

    def pause(self, business_id: str, who: str) -> Accepted:
        """Do nothing more of a business, and accept nothing new of it from its source. Raises UnknownBusiness."""
        with self._operate(business_id, who) as operation:
            if not operation.entry.paused:
                self._store.settings.set_paused(business_id, True, operation.at)
                operation.done("paused", "paused", "pause")
            return Accepted(operation.entry.revision, changed=not operation.entry.paused)

    def resume(self, business_id: str, who: str) -> Accepted:
        """Go on with a business that was paused, and read the sources. Raises UnknownBusiness."""
        with self._operate(business_id, who) as operation:
            if operation.entry.paused:
                self._store.settings.set_paused(business_id, False, operation.at)
                operation.done("resumed", "resumed", "resume")
        if operation.entry.paused:
            self._sources.sync(patient=True)
        return Accepted(_revision(self.snapshot(), business_id), changed=operation.entry.paused)

    def snapshot(self) -> Desired:
        """Show the desired state as it is now."""
        return self._store.desired.snapshot()

    @contextmanager
    def _operate(self, business_id: str, who: str) -> Iterator[Operation]:
        """Make what is done to the business inside one change. Raises UnknownBusiness."""
        with self._changes.make() as change:
            yield Operation(change, self._changes.business(business_id), who)


def promotions(entry: DesiredBusiness, component_id: str | None, who: str) -> dict[tuple[str, str, str], VersionResult]:
    """The versions of a business (or of one component) that wait behind canaries, each as promoted by `who`."""
    found = {}
    for component in entry.business.components:
        if component_id not in (None, component.component_id):
            continue
        running, digest = version(entry, component)
        if running.update.canary and entry.outcome(component.component_id, digest) != "promoted":
            key = (entry.business.business_id, component.component_id, digest)
            found[key] = VersionResult("promoted", f"by {who}")
    return found


def _revision(desired: Desired, business_id: str) -> int:
    """The revision that holds after the sources were read; 0 for a business that they removed."""
    entry = desired.businesses.get(business_id)
    return entry.revision if entry is not None else 0

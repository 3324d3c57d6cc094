"""The one way in: every change of desired state, whether it comes from a file or over REST.

A business belongs to its source. While the manager watches that one, what a file declares is changed in the file;
REST may only stop and restart it.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from reconciler.control.desired.rollback import going_back, refuse_quarantined
from reconciler.control.desired.source_sync import Patience, happenings, together
from reconciler.control.errors import Conflict, UnknownBusiness, UnknownInstance
from reconciler.control.loop.view import Rollback, SyncResult
from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.model import Business, Component
from reconciler.plan.gates.businesses import circles
from reconciler.plan.keep.saved import SavedPlan
from reconciler.plan.keep.state import overlay
from reconciler.plan.model.desired import Desired, DesiredBusiness, VersionResult
from reconciler.plan.model.observed import Allocation
from reconciler.plan.wants.versions import version
from reconciler.source.decide import API, Decision, decide, merged
from reconciler.source.deferral import Asked
from reconciler.source.files import SourceReading
from reconciler.source.source import Source
from reconciler.store.model import Accepted, Event
from reconciler.store.store import Store

BODY = "body"
"""The name that problems in a request's body carry instead of a file's."""


class Intake:
    """Accepts, changes and removes businesses, one caller at a time. `wake` has the loop turn after each change."""

    def __init__(
        self, store: Store, sources: Sequence[Source], clock: Callable[[], float], wake: Callable[[], None]
    ) -> None:
        self._wake = wake
        self._store = store
        self._sources = tuple(sources)
        self._patience = Patience()
        self._clock = clock
        self._lock = threading.RLock()
        self._last = SyncResult()

    def create(self, business: Business, who: str) -> Accepted:
        """Accept a new business from the API. Raises SpecError, and Conflict when the id is taken."""
        with self._lock:
            known = self._store.desired().businesses.get(business.business_id)
            if known is not None:
                self._own(known)
                raise Conflict(f"business '{business.business_id}' exists already: PUT changes it")
            return self._accept(business, who)

    def replace(self, business: Business, who: str) -> Accepted:
        """Accept a new version of a business of the API. Raises UnknownBusiness, Conflict, SpecError."""
        with self._lock:
            self._own(self._get(business.business_id))
            return self._accept(business, who)

    def accept_planned(
        self,
        businesses: Sequence[Business],
        places: Callable[[Desired, Desired], Sequence[Allocation]],
        saved: SavedPlan,
        who: str,
    ) -> tuple[str, ...]:
        """Accept the specs of a saved plan together with where it puts them; the ids that changed.

        `places` is given the desired state before and after, and raises when the plan does not hold. Raises Conflict,
        SpecError.
        """
        with self._lock:
            desired = self._store.desired()
            self._refuse_circles(businesses)
            for business in businesses:
                known = desired.businesses.get(business.business_id)
                if known is not None:
                    self._own(known)
                    refuse_quarantined(known, business)
            pairs = [(business, API) for business in businesses]
            allocations = places(desired, overlay(desired, pairs))
            accepted = self._store.accept_planned(pairs, allocations, saved, who, self._clock()).accepted
            changed = tuple(key for key, one in accepted.items() if one.changed)
            for key in changed:
                message = f"revision {accepted[key].revision} accepted from {who}, as planned"
                self._note("accepted", key, message, f"{who}: saved plan {saved.hash[:12]}")
            self._wake()
            return changed

    def scale(self, business_id: str, replicas: Mapping[str, int], who: str) -> Accepted:
        """Change how many replicas components of a business have. Raises UnknownBusiness, Conflict, SpecError."""
        with self._lock:
            entry = self._get(business_id)
            self._own(entry)
            known = {component.component_id for component in entry.business.components}
            unknown = [
                Problem(BODY, None, name, f"is no component of {business_id}: it has {', '.join(sorted(known))}")
                for name in replicas
                if name not in known
            ]
            if unknown:
                raise SpecError(unknown)
            components = tuple(
                msgspec.structs.replace(component, replicas=replicas.get(component.component_id, component.replicas))
                for component in entry.business.components
            )
            return self._accept(msgspec.structs.replace(entry.business, components=components), who)

    def remove(self, business_id: str, who: str) -> None:
        """Remove a business of the API. Raises UnknownBusiness, Conflict."""
        with self._lock:
            self._own(self._get(business_id))
            self._store.remove(business_id, self._clock())
            self._note("removed", business_id, f"removed by {who}", f"{who}: delete")
            self._wake()

    def stop(self, business_id: str, who: str) -> None:
        """Want the business not to run, whoever declares it. Raises UnknownBusiness."""
        with self._lock:
            if not self._get(business_id).stopped:
                self._store.set_stopped(business_id, True, self._clock())
                self._note("stop", business_id, f"stop asked for by {who}", f"{who}: stop")
                self._wake()

    def restart(self, business_id: str, who: str) -> None:
        """Want every instance made anew, also of a stopped business. Raises UnknownBusiness."""
        with self._lock:
            self._get(business_id)
            self._store.add_restart(business_id, self._clock())
            self._note("restart", business_id, f"restart asked for by {who}", f"{who}: restart")
            self._wake()

    def promote(self, business_id: str, component_id: str | None, who: str) -> tuple[str, ...]:
        """Let new versions whose `update.canary` holds them go on to all instances; the component ids.

        Raises UnknownBusiness, UnknownInstance, and Conflict when there is none.
        """
        with self._lock:
            entry = self._get(business_id)
            if component_id is not None:
                self.component(business_id, component_id)
            found: dict[tuple[str, str, str], VersionResult] = {}
            for component in entry.business.components:
                running, mark = version(entry, component)
                named = component_id in (None, component.component_id)
                if named and running.update.canary and entry.verdict(component.component_id, mark) != "promoted":
                    found[business_id, component.component_id, mark] = VersionResult("promoted", f"by {who}")
            if not found:
                name = business_id if component_id is None else f"{business_id}/{component_id}"
                raise Conflict(f"nothing of {name} waits to be promoted: that is for components with update.canary")
            self._store.judge(found, self._clock())
            promoted = tuple(name for _, name, _ in found)
            self._note("promoted", business_id, f"{', '.join(promoted)} promoted by {who}", f"{who}: promote")
            self._wake()
            return promoted

    def roll_back(self, business_id: str, number: int | None, who: str) -> Rollback:
        """Go back to an earlier revision, whoever declares the business, and let nothing newer come back by itself.

        Without a number: to the newest revision that differs. Raises UnknownBusiness, UnknownRevision, Conflict,
        SpecError.
        """
        with self._lock:
            entry = self._get(business_id)
            found = going_back(entry, self._store.revisions(business_id), number)
            self._refuse_circles([found.target.business])
            target = found.target.number
            cause = f"{who}: rollback to revision {target}"
            accepted = self._store.roll_back(
                found.target.business, pinned=target, quarantined=found.quarantined, who=cause, at=self._clock()
            )
            message = f"rolled back to revision {target}, as revision {accepted.revision}, by {who}"
            self._note("rollback", business_id, message, cause)
            self._wake()
            return Rollback(target, accepted.revision)

    def unpin(self, business_id: str, who: str) -> None:
        """Accept again what was rolled back, and read the files. Raises UnknownBusiness, Conflict."""
        with self._lock:
            entry = self._get(business_id)
            if entry.pinned is None and not entry.quarantined:
                raise Conflict(f"{business_id} is not pinned: nothing of it was rolled back")
            self._store.set_pin(business_id, None, frozenset(), self._clock())
            self._note("unpinned", business_id, f"unpinned by {who}", f"{who}: unpin")
            self._wake()
            self.sync(patient=True)

    def thaw(self, business_id: str, component_id: str, who: str) -> int:
        """Set back again what is frozen of a component; how many fields were counted as set back.

        Raises UnknownBusiness, UnknownInstance.
        """
        with self._lock:
            self.component(business_id, component_id)
            counted = self._store.thaw(business_id, component_id)
            if counted:
                self._note("thawed", business_id, f"{component_id} thawed by {who}", f"{who}: thaw")
                self._wake()
            return counted

    def pause(self, business_id: str, who: str) -> None:
        """Do nothing more of a business, and accept nothing new of it from its source. Raises UnknownBusiness."""
        with self._lock:
            if not self._get(business_id).paused:
                self._store.set_paused(business_id, True, self._clock())
                self._note("paused", business_id, f"paused by {who}", f"{who}: pause")
                self._wake()

    def resume(self, business_id: str, who: str) -> None:
        """Go on with a business that was paused, and read the files. Raises UnknownBusiness."""
        with self._lock:
            if self._get(business_id).paused:
                self._store.set_paused(business_id, False, self._clock())
                self._note("resumed", business_id, f"resumed by {who}", f"{who}: resume")
                self.sync(patient=True)
                self._wake()

    def sync(self, prune: bool = False, named: Collection[str] = (), patient: bool = False) -> SyncResult:
        """Read the sources and accept what they say; `prune` is the yes to large removals.

        The businesses `named` are accepted in manual mode too. A `patient` reading removes only what was missing for as
        long as its source asks to wait. Raises UnknownBusiness for a name that is neither known nor declared.
        """
        if not self._sources:
            return SyncResult()
        with self._lock:
            read, businesses = self._read(), self._store.desired().businesses
            for name in named:
                if name not in businesses and not any(name in snapshot.declared for snapshot in read):
                    # What was fetched for this call is told of by nobody else.
                    self.sync(patient=True)
                    raise UnknownBusiness(name, tuple(sorted(businesses)))
            decisions = decide(read, businesses, Asked(self._clock(), prune, frozenset(named)))
            results = {}
            for source in self._sources:
                decision = decisions[source.name]
                results[source.name] = self._carry_out(source, decision, patient and not prune)
            self._last = together(results)
            self._wake()
            return self._last

    def refresh(self) -> None:
        """Have every source bring what is far away up to date, all at the same time."""
        fetching = [threading.Thread(target=source.refresh, daemon=True) for source in self._sources]
        for thread in fetching:
            thread.start()
        for thread in fetching:
            thread.join()

    @property
    def has_source(self) -> bool:
        """Whether a directory is watched, or a repository."""
        return bool(self._sources)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What is watched."""
        return self._sources

    @property
    def last_sync(self) -> SyncResult:
        """What the last reading of the sources did, and which of their problems still stand."""
        return self._last

    @property
    def due(self) -> float | None:
        """When to read the sources again though nothing changes (epoch seconds): a window opens. None for never."""
        times = [deferred.until for deferred in self._last.deferred if deferred.until is not None]
        return min(times, default=None)

    def with_files(self, desired: Desired) -> tuple[Desired, Decision]:
        """Desired state as it would be after a sync now."""
        decision = merged(decide(self._read(), desired.businesses, Asked(self._clock())).values())
        accepted = ((declared.business, declared.file) for declared in decision.accept)
        return overlay(desired, accepted, decision.remove), decision

    def component(self, business_id: str, component_id: str) -> Component:
        """A component of the desired state. Raises UnknownBusiness, UnknownInstance."""
        parts = {component.component_id: component for component in self._get(business_id).business.components}
        if component_id not in parts:
            names = ", ".join(sorted(parts))
            raise UnknownInstance(f"{business_id} has no component '{component_id}': it has {names}")
        return parts[component_id]

    def _get(self, business_id: str) -> DesiredBusiness:
        businesses = self._store.desired().businesses
        if business_id not in businesses:
            raise UnknownBusiness(business_id, tuple(sorted(businesses)))
        return businesses[business_id]

    def _own(self, known: DesiredBusiness) -> None:
        """Raise Conflict unless the API may change the business."""
        if any(known.source.startswith(f"{source.name}/") for source in self._sources):
            raise Conflict(
                f"business '{known.business.business_id}' is declared in {known.source}: change it there; "
                "over the API it can only be stopped and restarted"
            )

    def _refuse_circles(self, businesses: Iterable[Business]) -> None:
        """Raise SpecError when these would wait for each other, or for others, in a circle."""
        found = circles(self._store.desired(), businesses)
        if found:
            raise SpecError([Problem(BODY, None, "depends_on_businesses", way) for way in found.values()])

    def _accept(self, business: Business, who: str) -> Accepted:
        self._refuse_circles([business])
        known = self._store.desired().businesses.get(business.business_id)
        if known is not None:
            refuse_quarantined(known, business)
        accepted = self._store.accept(business, source=API, who=who, at=self._clock())
        if accepted.changed:
            message = f"revision {accepted.revision} accepted from {who}"
            self._note("accepted", business.business_id, message, f"{who}: revision {accepted.revision}")
            self._wake()
        return accepted

    def _note(self, kind: str, business_id: str, message: str, cause: str) -> None:
        event = Event(at=self._clock(), kind=kind, message=message, business_id=business_id, cause=cause)
        self._store.add_events([event])

    def _read(self) -> list[SourceReading]:
        return [source.read() for source in self._sources]

    def _carry_out(self, source: Source, decision: Decision, patient: bool) -> SyncResult:
        """Store what was decided about one source, and put on record what is new."""
        at = self._clock()
        ripe = self._patience.ripe(source.name, decision.remove, at, source.rest if patient else 0.0)
        waiting = tuple(key for key in decision.remove if key not in ripe)
        if waiting:
            source.look_again()
        if decision.accept or ripe:
            pairs = [(declared.business, declared.file) for declared in decision.accept]
            self._store.accept_many(pairs, remove=ripe, who=source.name, at=at, commit=decision.commit)
        for key in decision.released:
            self._store.set_pin(key, None, self._store.desired().businesses[key].quarantined, at)
        result = SyncResult(
            accepted=tuple(sorted(declared.business.business_id for declared in decision.accept)),
            removed=ripe,
            unchanged=decision.unchanged,
            problems=decision.problems,
            held=decision.held,
            waiting=waiting,
            deferred=decision.deferred,
            commit=decision.commit,
        )
        self._store.add_events(happenings(decision, result, self._last.sources.get(source.name, SyncResult()), at))
        return result

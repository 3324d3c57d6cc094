"""Reading the sources: what they say is accepted, what none declares any more is removed, and people are told."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.control.desired.changes import Change, DesiredChanges
from reconciler.control.errors import UnknownBusiness
from reconciler.manifest.errors import Problem
from reconciler.plan.ask.preview import overlay
from reconciler.plan.model.desired import Commit, Desired
from reconciler.source.decide import Decision, decide, merged
from reconciler.source.deferral import Asked, Deferred
from reconciler.source.files import SourceReading
from reconciler.source.source import Source
from reconciler.store.model import Event


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What reading sources anew did. `prune_blocked` says why removals wait ("" when none do).

    `waiting` are businesses that are missing since just now: they are removed when they still are in a moment.
    `deferred` is what files say and is not accepted now. `sources` has the part of each source by its name, and
    `commit` what that one read.
    """

    accepted: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()
    prune_blocked: str = ""
    waiting: tuple[str, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    commit: Commit | None = None
    sources: Mapping[str, "SyncResult"] = field(default_factory=dict)


class SourceSync:
    """Takes over what the sources declare, and remembers what became of the last reading."""

    def __init__(self, changes: DesiredChanges, sources: Sequence[Source]) -> None:
        self._changes = changes
        self._sources = tuple(sources)
        self._patience = Patience()
        self._last = SyncResult()

    def start(self, changed: Callable[[], None]) -> None:
        """Watch the sources; `changed` is called, from threads of theirs, when it is worth to read them."""
        for source in self._sources:
            source.start(changed)

    def close(self) -> None:
        """Stop watching."""
        for source in self._sources:
            source.close()

    @property
    def watched(self) -> tuple[Source, ...]:
        """The sources that are watched."""
        return self._sources

    @property
    def last(self) -> SyncResult:
        """What the last reading of the sources did, and which of their problems still stand."""
        return self._last

    @property
    def due(self) -> float | None:
        """When to read the sources again though nothing changes (epoch seconds): a window opens. None for never."""
        times = [deferred.until for deferred in self._last.deferred if deferred.until is not None]
        return min(times, default=None)

    def sync(self, prune: bool = False, named: Collection[str] = (), patient: bool = False) -> SyncResult:
        """Read the sources and accept what they say; `prune` is the yes to large removals.

        The businesses `named` are accepted in manual mode too. A `patient` reading removes only what was missing for as
        long as its source asks to wait. Raises UnknownBusiness for a name that is neither known nor declared.
        """
        if not self._sources:
            return SyncResult()
        with self._changes.lock:
            readings, businesses = self._read(), self._changes.store.desired.snapshot().businesses
            for name in named:
                if name not in businesses and not any(name in reading.declared for reading in readings.values()):
                    # What was fetched for this call is told of by nobody else.
                    self.sync(patient=True)
                    raise UnknownBusiness(name, tuple(sorted(businesses)))
            decisions = decide(readings.values(), businesses, Asked(self._changes.clock(), prune, frozenset(named)))
            for name, decision in decisions.items():
                assert not (decision.remove and readings[name].unreadable), "rule 6: pruning needs a readable source"
            with self._changes.make() as change:
                results = {
                    source.name: self._carry_out(source, decisions[source.name], patient and not prune, change)
                    for source in self._sources
                }
            self._last = together(results)
            self._changes.wake()
            return self._last

    def refresh(self) -> None:
        """Have every source bring what is far away up to date, all at the same time."""
        fetching = [threading.Thread(target=source.refresh, daemon=True) for source in self._sources]
        for thread in fetching:
            thread.start()
        for thread in fetching:
            thread.join()

    def preview(self, desired: Desired) -> tuple[Desired, Decision]:
        """Work out the desired state after a sync now, and what the sources' decision is; stores nothing."""
        readings = self._read().values()
        decision = merged(decide(readings, desired.businesses, Asked(self._changes.clock())).values())
        accepted = ((declared.business, declared.file) for declared in decision.accept)
        return overlay(desired, accepted, decision.remove), decision

    def _read(self) -> dict[str, SourceReading]:
        return {source.name: source.read() for source in self._sources}

    def _carry_out(self, source: Source, decision: Decision, patient: bool, change: Change) -> SyncResult:
        """Store what was decided about one source, and put on record what is new."""
        store, at = self._changes.store, change.at
        ripe = self._patience.ripe(source.name, decision.remove, at, source.removal_seconds if patient else 0.0)
        waiting = tuple(key for key in decision.remove if key not in ripe)
        if waiting:
            source.look_again()
        if decision.accept or ripe:
            pairs = [(declared.business, declared.file) for declared in decision.accept]
            store.desired.accept_many(pairs, remove=ripe, who=source.name, at=at, commit=decision.commit)
        for key in decision.released:
            store.settings.set_pin(key, None, store.desired.snapshot().businesses[key].quarantined, at)
        result = SyncResult(
            accepted=tuple(sorted(declared.business.business_id for declared in decision.accept)),
            removed=ripe,
            unchanged=decision.unchanged,
            problems=decision.problems,
            prune_blocked=decision.prune_blocked,
            waiting=waiting,
            deferred=decision.deferred,
            commit=decision.commit,
        )
        store.events.add(sync_events(decision, result, self._last.sources.get(source.name, SyncResult()), at))
        return result


class Patience:
    """Removals are believed once they were seen for a while: programs that replace a file may delete it first."""

    def __init__(self) -> None:
        self._missing: dict[str, dict[str, float]] = {}

    def ripe(self, source: str, missing: Sequence[str], at: float, rest: float) -> tuple[str, ...]:
        """Choose the businesses that have been missing from this source for `rest` seconds."""
        before = self._missing.get(source, {})
        since = self._missing[source] = {key: min(before.get(key, at), at) for key in missing}
        return tuple(key for key in missing if at - since[key] >= rest)


def together(results: Mapping[str, SyncResult]) -> SyncResult:
    """Sum up the results of several sources."""
    parts = list(results.values())
    return SyncResult(
        accepted=tuple(sorted(key for part in parts for key in part.accepted)),
        removed=tuple(sorted(key for part in parts for key in part.removed)),
        unchanged=sum(part.unchanged for part in parts),
        problems=tuple(problem for part in parts for problem in part.problems),
        prune_blocked="; ".join(part.prune_blocked for part in parts if part.prune_blocked),
        waiting=tuple(key for part in parts for key in part.waiting),
        deferred=tuple(deferred for part in parts for deferred in part.deferred),
        sources=dict(results),
    )


def sync_events(decision: Decision, result: SyncResult, last: SyncResult, at: float) -> list[Event]:
    """Tell what a sync changed, and what of its complaints is new since the last one."""
    commit = decision.commit
    by = f" ({commit.sha[:12]} {commit.subject} by {commit.author})" if commit else ""
    cause = commit.origin if commit else ""
    events = [
        Event(
            at,
            "accepted",
            f"accepted from {declared.file}{by}",
            declared.business.business_id,
            cause=cause or f"{declared.file}: changed",
        )
        for declared in decision.accept
    ]
    events += [
        Event(at, "removed", f"no file declares it any more{by}", gone, cause=cause or "files: none declares it")
        for gone in result.removed
    ]
    told = {(deferred.business_id, deferred.reason) for deferred in last.deferred}
    events += [
        Event(at, "blocked", deferred.reason, deferred.business_id, cause=cause)
        for deferred in result.deferred
        if (deferred.business_id, deferred.reason) not in told
    ]
    events += [Event(at, "problem", str(problem)) for problem in result.problems if problem not in last.problems]
    if result.prune_blocked and result.prune_blocked != last.prune_blocked:
        events.append(Event(at, "blocked", result.prune_blocked))
    return events

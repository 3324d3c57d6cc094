"""What becomes of a reading of the sources: removals that have to wait a moment, and what people are told."""

from collections.abc import Mapping, Sequence

from reconciler.control.loop.view import SyncResult
from reconciler.source.decide import Decision
from reconciler.store.model import Event


class Patience:
    """Removals are believed once they were seen for a while: programs that replace a file may delete it first."""

    def __init__(self) -> None:
        self._missing: dict[str, dict[str, float]] = {}

    def ripe(self, source: str, missing: Sequence[str], at: float, rest: float) -> tuple[str, ...]:
        """Those of the missing businesses that have been missing from this source for `rest` seconds."""
        before = self._missing.get(source, {})
        since = self._missing[source] = {key: min(before.get(key, at), at) for key in missing}
        return tuple(key for key in missing if at - since[key] >= rest)


def together(results: Mapping[str, SyncResult]) -> SyncResult:
    """What the results of several sources come to."""
    parts = list(results.values())
    return SyncResult(
        accepted=tuple(sorted(key for part in parts for key in part.accepted)),
        removed=tuple(sorted(key for part in parts for key in part.removed)),
        unchanged=sum(part.unchanged for part in parts),
        problems=tuple(problem for part in parts for problem in part.problems),
        held="; ".join(part.held for part in parts if part.held),
        waiting=tuple(key for part in parts for key in part.waiting),
        deferred=tuple(deferred for part in parts for deferred in part.deferred),
        sources=dict(results),
    )


def happenings(decision: Decision, result: SyncResult, last: SyncResult, at: float) -> list[Event]:
    """What a sync changed, and what of its complaints is new since the last one."""
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
        Event(at, "held", deferred.reason, deferred.business_id, cause=cause)
        for deferred in result.deferred
        if (deferred.business_id, deferred.reason) not in told
    ]
    events += [Event(at, "problem", str(problem)) for problem in result.problems if problem not in last.problems]
    if result.held and result.held != last.held:
        events.append(Event(at, "held", result.held))
    return events

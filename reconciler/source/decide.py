"""What the readings of the sources mean for desired state: what to accept, what to remove, and what not to believe.

A source says only what becomes of its own businesses. Pruning needs a readable source, and a business is removed only
when no file can be said to still mean it. Removing more than half at once waits for an explicit yes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.manifest.errors import Problem
from reconciler.plan.model.desired import API, Commit, DesiredBusiness
from reconciler.source.circles import in_circles
from reconciler.source.deferral import Asked, Deferred, deferral, policy_alone, removal_deferral
from reconciler.source.files import Declared, SourceReading, drop_contested


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a reading; `prune_blocked` says why removals wait ("" when none do), and for what they wait.

    `deferred` is declared and not accepted now, or gone and kept. `released` are pinned businesses whose file says
    again what they are pinned to.
    """

    accept: tuple[Declared, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    released: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()
    prune_blocked: str = ""
    commit: Commit | None = None


def decide(
    readings: Iterable[SourceReading], businesses: Mapping[str, DesiredBusiness], asked: Asked
) -> dict[str, Decision]:
    """Compare what the sources declare with what was accepted before; a decision by each source's name."""
    read = drop_contested(readings)
    declared = {business_id for reading in read for business_id in reading.declared}
    made = {reading.name: _decide(reading, read, declared, businesses, asked) for reading in read}
    wrong = in_circles((one for decision in made.values() for one in decision.accept), businesses)
    return {name: _without(decision, wrong) for name, decision in made.items()} if wrong else made


def merged(decisions: Iterable[Decision]) -> Decision:
    """Put the decisions about several sources together."""
    made = list(decisions)
    return Decision(
        accept=tuple(declared for decision in made for declared in decision.accept),
        deferred=tuple(deferred for decision in made for deferred in decision.deferred),
        remove=tuple(business_id for decision in made for business_id in decision.remove),
        unchanged=sum(decision.unchanged for decision in made),
        problems=tuple(problem for decision in made for problem in decision.problems),
        prune_blocked="; ".join(decision.prune_blocked for decision in made if decision.prune_blocked),
    )


def _decide(
    reading: SourceReading,
    read: list[SourceReading],
    declared: set[str],
    businesses: Mapping[str, DesiredBusiness],
    asked: Asked,
) -> Decision:
    if reading.unreadable:
        return Decision(prune_blocked=f"nothing is removed: {reading.unreadable}")
    found = _accepted(reading, read, businesses, asked)
    deferred = list(found.deferred)
    problems = [*reading.problems, *found.problems]
    owned = {key: entry.source for key, entry in businesses.items() if reading.owns(entry.source)}
    gone = []
    for business_id, file in sorted(owned.items()):
        if business_id in declared or reading.may_mean(business_id, file):
            continue
        if file in reading.silent and not asked.prune:
            message = f"holds no business any more; '{business_id}' stays: delete the file to remove it"
            problems.append(Problem(file, None, "", message))
        elif stays := removal_deferral(businesses[business_id], asked):
            deferred.append(stays)
        else:
            gone.append(business_id)
    blocked = "" if asked.prune else _doubt(reading, gone, len(owned))
    return replace(
        found,
        deferred=tuple(deferred),
        remove=() if blocked else tuple(gone),
        problems=tuple(problems),
        prune_blocked=blocked,
        commit=reading.commit,
    )


def _without(decision: Decision, wrong: Mapping[str, Problem]) -> Decision:
    """The decision, with these businesses not accepted."""
    bad = [one.business.business_id for one in decision.accept if one.business.business_id in wrong]
    return replace(
        decision,
        accept=tuple(one for one in decision.accept if one.business.business_id not in wrong),
        problems=(*decision.problems, *(wrong[name] for name in bad)),
    )


def _accepted(
    reading: SourceReading, read: list[SourceReading], businesses: Mapping[str, DesiredBusiness], asked: Asked
) -> Decision:
    """What is new or different, what of it is not accepted, and how many businesses are as they were."""
    accept = []
    deferred = []
    released = []
    problems = []
    unchanged = 0
    for business_id, declared in sorted(reading.declared.items()):
        known = businesses.get(business_id)
        if known is not None and known.source == API:
            message = f"'{business_id}' was deployed over the API: delete it there first, or give this one another id"
            problems.append(Problem(declared.file, None, "business_id", message))
        elif known is not None and known.source != declared.file and _still_meant(business_id, known.source, read):
            message = f"'{business_id}' is of {known.source}, which can't be read now: it stays as it is until it can"
            problems.append(Problem(declared.file, None, "business_id", message))
        elif known is not None and known.business == declared.business and known.source == declared.file:
            unchanged += 1
            released += [] if known.pinned is None else [business_id]
        elif waits := deferral(known, declared, asked):
            deferred.append(waits)
            accept += [] if known is None else policy_alone(known, declared)
        else:
            accept.append(declared)
    return Decision(tuple(accept), tuple(deferred), tuple(released), (), unchanged, tuple(problems))


def _still_meant(business_id: str, source: str, read: list[SourceReading]) -> bool:
    """Whether the place that a business came from can't be read, and so may still mean it."""
    return any(reading.owns(source) and reading.may_mean(business_id, source) for reading in read)


def _doubt(reading: SourceReading, gone: list[str], owned: int) -> str:
    """Why these removals need an explicit yes; "" when they do not."""
    if gone and not reading.declared:
        why = f"no file of {reading.name} declares a business any more ({_names(gone)} would go)"
    elif len(gone) * 2 > owned:
        why = f"{len(gone)} of {owned} businesses of {reading.name} would go at once ({_names(gone)})"
    else:
        return ""
    return f"nothing is removed: {why}; say yes with 'reconciler sync --prune'"


def _names(business_ids: list[str]) -> str:
    """The first few of them."""
    shown = ", ".join(business_ids[:5])
    return shown if len(business_ids) <= 5 else f"{shown} and {len(business_ids) - 5} more"

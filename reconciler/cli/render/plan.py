"""A plan for people: per business and instance what happens, where, why, and which fields change."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from reconciler.cli.render.tables import COLOURS, console, plain
from reconciler.cli.render.transfers import fetches_of, transfer_lines
from reconciler.manifest.errors import Problem
from reconciler.plan.model.plan import Kind
from reconciler.plan.show.fields import (
    ActionFields,
    ChangeFields,
    PlanDocument,
    PreviewDocument,
    ProblemFields,
    instance_key,
)

HASH_LETTERS = 12
"""So many letters of a plan's hash are shown; -o json has all 64."""

SIGNS = {Kind.CREATE: "+", Kind.UPDATE: "~", Kind.STOP: "-"}
STAYING_SHOWN_MAX = 10
"""So many businesses of what stays are named."""


def show_plan(plan: PreviewDocument) -> None:
    """Print a plan, with what stands beside it."""
    out = console()
    for line in plan_lines(plan):
        out.print(line)


def plan_lines(plan: PreviewDocument) -> Iterator[str]:
    """Write a plan as lines with markup; all that comes from elsewhere is harmless for a terminal."""
    yield from _action_lines(plan)
    for entry in plan.pending:
        yield f"[yellow]?[/] {plain(entry.key)} has to wait: {plain(entry.reason)}"
    for left in plan.drifted:
        yield f"[yellow]≠[/] {plain(left.key)} on {plain(left.node_id)} has drifted: {plain(left.why_left)}"
        yield from _change_lines(left.changes)
    for problem in plan.problems:
        yield f"[red]![/] {plain(problem_text(problem))}"
    if plan.prune_blocked:
        yield f"[yellow]![/] {plain(plan.prune_blocked)}"
    yield from transfer_lines(plan)
    for deferred in plan.deferred:
        yield f"[yellow]![/] {plain(deferred.business_id)}: {plain(deferred.reason)}"
        yield from _change_lines(deferred.changes)
    if plan.actions:
        yield f"[dim]{plain(order(plan))}[/]"
        if plan.stays:
            yield f"[dim]Stays as it is: {plain(staying(plan))}.[/]"
    yield summary(plan)


def by_business(plan: PlanDocument) -> Iterator[tuple[str, str | None, list[ActionFields]]]:
    """Group the actions by business, sorted, with where each is declared."""
    actions = sorted(plan.actions, key=lambda action: action.business_id)
    for business_id, group in groupby(actions, key=lambda action: action.business_id):
        own = list(group)
        yield business_id, next((action.source for action in own if action.source), None), own


def summary(plan: PreviewDocument) -> str:
    """Write the last line: what is to be done in numbers, or that nothing is."""
    if plan.in_sync:
        return f"In sync: nothing to do, {plan.unchanged} unchanged."
    if plan.drifted and not plan.actions and not plan.pending:
        return f"Drifted: {len(plan.drifted)} left so, nothing to do, {plan.unchanged} unchanged."
    counts = plan.summary
    parts = [f"{counts.create} to create", f"{counts.update} to update", f"{counts.stop} to stop"]
    if plan.deferred:
        parts.append(f"{len(plan.deferred)} not accepted")
    if counts.pending:
        parts.append(f"{counts.pending} waiting")
    return f"Plan {plan.hash[:HASH_LETTERS]}: {', '.join(parts)}, {plan.unchanged} unchanged."


def order(plan: PlanDocument) -> str:
    """Say how many actions begin at once, and how many wait for others."""
    waiting = sum(1 for action in plan.actions if action.blocked_by or action.waits_for)
    at_once = len(plan.actions) - waiting
    later = f", {waiting} after what is said beside {'it' if waiting == 1 else 'them'}" if waiting else ""
    return f"Order: {at_once} at once{later}."


def staying(plan: PlanDocument) -> str:
    """Say of which businesses how many instances stay: `shop 3, blog 2`."""
    counts = Counter(instance_key(name).business_id for name in plan.stays)
    named = [f"{business_id} {count}" for business_id, count in sorted(counts.items())[:STAYING_SHOWN_MAX]]
    left = len(counts) - STAYING_SHOWN_MAX
    return ", ".join(named) + (f" and of {left} more" if left > 0 else "")


def takes(action: ActionFields) -> list[str]:
    """Name the devices and ports that an action reserves."""
    return [f"GPU {device}" for device in action.gpu_devices] + [f"port {port}" for port in action.host_ports]


def shown(value: str | None) -> str:
    """Write a field's value, or that there is none."""
    return "(none)" if value is None else value


def problem_text(problem: ProblemFields) -> str:
    """Write what is wrong with a file: `FILE:LINE: PATH: MESSAGE`."""
    return str(Problem(problem.file, problem.line, problem.path, problem.message))


def _action_lines(plan: PreviewDocument) -> Iterator[str]:
    fetches = fetches_of(plan)
    for business_id, source, actions in by_business(plan):
        yield f"[bold]{plain(business_id)}[/]" + (f"  [dim]({plain(source)})[/]" if source else "")
        for action in actions:
            yield _action_line(action)
            yield from _change_lines(action.changes)
            yield from _fetch_line(action, fetches)


def _action_line(action: ActionFields) -> str:
    word = f"{action.kind} live" if action.live else action.kind
    taken = takes(action)
    where = f"{action.node_id} ({', '.join(taken)})" if taken else action.node_id
    why = [action.reason, *([action.blocked_by] if action.blocked_by else [])]
    why += [f"after {', '.join(action.waits_for)}"] if action.waits_for else []
    users = f" for {', '.join(action.affects)}" if action.affects else ""
    gap = f"  [red]interrupts it{plain(users)}[/]" if action.interrupts else ""
    return (
        f"  [{COLOURS[action.kind]}]{SIGNS[action.kind]} {word}[/] {plain(f'{action.component_id}/{action.instance}')} "
        f"on {plain(where)}  [dim]{plain(', '.join(why))}[/]{gap}"
    )


def _change_lines(changes: Sequence[ChangeFields]) -> Iterator[str]:
    for change in changes:
        yield f"      {plain(change.field)}: {plain(shown(change.old))} → {plain(shown(change.new))}"


def _fetch_line(action: ActionFields, fetches: Mapping[tuple[str, str], str]) -> Iterator[str]:
    fetch = fetches.get((str(action.key), action.node_id))
    if fetch:
        yield f"      {fetch}"

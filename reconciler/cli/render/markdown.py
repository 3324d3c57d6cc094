"""A plan as Markdown: a comment on a pull request."""

from collections.abc import Iterator, Mapping, Sequence

from reconciler.cli.render.plan import SIGNS, by_business, problem_text, shown, staying, summary, takes
from reconciler.cli.render.transfers import downloads, fetched, unknowns
from reconciler.plan.show.fields import ActionFields, ChangeFields, DeferredFields, DriftedFields, PreviewDocument

ROWS_MAX = 100
"""So many actions are listed for each business: a comment has a size that hosts of git allow."""

TAKEN = {ord(character): f"&#{ord(character)};" for character in "\\`*_[]<>|~#@!&"}
"""Characters that mean something to Markdown, or to who is named after them."""


def plan_markdown(plan: PreviewDocument) -> str:
    """Write a plan: a table for each business, then what else matters of it in lists, and the hash."""
    parts = [f"### {_text(summary(plan))}"]
    fetches = {where: words for where, (words, _) in fetched(plan).items()}
    for business_id, source, actions in by_business(plan):
        parts.append("\n".join(_business(business_id, source, actions, fetches)))
    for title, rows in _lists(plan).items():
        if rows:
            parts.append("\n".join([f"**{title}**", "", *(f"- {row}" for row in rows[:ROWS_MAX]), *_more(rows)]))
    if plan.prune_blocked:
        parts.append(f"**Removals wait**: {_text(plan.prune_blocked)}")
    if plan.stays:
        parts.append(f"Stays as it is: {_text(staying(plan))}.")
    parts.append(f"Plan hash: `{plan.hash}`")
    return "\n\n".join(parts) + "\n"


def _lists(plan: PreviewDocument) -> dict[str, list[str]]:
    """Write what else matters of a plan: rows by their title."""
    actions = [action for _, _, own in by_business(plan) for action in own]
    return {
        "Interrupts service": [_gap(action) for action in actions if action.interrupts],
        "Has no place": [f"{_code(entry.key)}: {_text(entry.reason)}" for entry in plan.pending],
        "Has drifted": [_left(left) for left in plan.drifted],
        "Not accepted": [_deferred(one) for one in plan.deferred],
        "Not known": [f"{_text(what)} ({_text(whom)})" for what, whom in unknowns(plan)],
        "Downloads": [_text(line) for line in downloads(plan)],
        "Not considered": [_text(problem_text(one)) for one in plan.problems],
    }


def _business(
    business_id: str, source: str | None, actions: Sequence[ActionFields], fetches: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    yield f"**{_text(business_id)}**" + (f" ({_code(source)})" if source else "")
    yield ""
    yield "| | instance | node | why | what changes, what is fetched |"
    yield "|---|---|---|---|---|"
    for action in actions[:ROWS_MAX]:
        yield _row(action, fetches.get((str(action.key), action.node_id)))
    yield from _more(actions)


def _row(action: ActionFields, fetch: str | None) -> str:
    kind = f"{SIGNS[action.kind]} {action.kind}" + (" live" if action.live else "")
    node = ", ".join((_code(action.node_id), *map(_text, takes(action))))
    why = "; ".join(_text(text) for text in (action.reason, action.blocked_by) if text)
    if action.waits_for:
        why += f"; after {_text(', '.join(action.waits_for))}"
    what = "<br>".join([*_changes(action.changes), *([_text(fetch)] if fetch else [])])
    return f"| {kind} | {_code(f'{action.component_id}/{action.instance}')} | {node} | {why} | {what} |"


def _changes(changes: Sequence[ChangeFields]) -> list[str]:
    return [f"{_code(one.field)}: {_code(shown(one.old))} → {_code(shown(one.new))}" for one in changes]


def _left(left: DriftedFields) -> str:
    """Write what differs on a node and is left so."""
    changes = ", ".join(_changes(left.changes))
    return f"{_code(left.key)} on {_code(left.node_id)}: {_text(left.why_left)}: {changes}"


def _deferred(deferred: DeferredFields) -> str:
    """Write of a business whose file says something that is not accepted now, and why."""
    changes = ", ".join(_changes(deferred.changes))
    return f"{_code(deferred.business_id)}: {_text(deferred.reason)}" + (f": {changes}" if changes else "")


def _gap(action: ActionFields) -> str:
    """Write what does not serve for a while, and for whom."""
    who = f", used by {', '.join(map(_code, action.affects))}" if action.affects else ""
    return f"{_code(action.key)} on {_code(action.node_id)} stops before its successor runs{who}"


def _more(rows: Sequence[object]) -> list[str]:
    return ["", f"and {len(rows) - ROWS_MAX} more"] if len(rows) > ROWS_MAX else []


def _text(text: object) -> str:
    """Text that Markdown and HTML take nothing in it for their own."""
    plain = "".join(character if character.isprintable() else " " for character in str(text))
    return plain.translate(TAKEN)


def _code(text: object) -> str:
    """Text in the font of code, inside a table too."""
    return f"<code>{_text(text)}</code>"

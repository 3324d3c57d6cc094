"""A plan as Markdown: a comment on a pull request."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from reconciler.cli.render.plan import SIGNS, instance, shown, staying, summary, takes
from reconciler.cli.render.transfers import downloads, fetched, unknowns

MOST_ROWS = 100
"""So many actions are listed for each business: a comment has a size that hosts of git allow."""

TAKEN = {ord(character): f"&#{ord(character)};" for character in "\\`*_[]<>|~#@!&"}
"""Characters that mean something to Markdown, or to who is named after them."""

Form = dict[str, Any]


def plan_markdown(plan: Form) -> str:
    """The plan: a table for each business, then what else matters of it in lists, and the hash."""
    parts = [f"### {_text(summary(plan))}"]
    fetches = {where: words for where, (words, _) in fetched(plan).items()}
    actions = sorted(plan["actions"], key=lambda action: action["business_id"])
    for business_id, group in groupby(actions, key=lambda action: action["business_id"]):
        parts.append("\n".join(_business(business_id, list(group), fetches)))
    lists = {
        "Interrupts service": [_gap(action) for action in actions if action["interrupts"]],
        "Has no place": [f"{_code(instance(entry))}: {_text(entry['reason'])}" for entry in plan["pending"]],
        "Has drifted": [_left(left) for left in plan["drifted"]],
        "Not accepted": [_deferred(one) for one in plan.get("deferred") or ()],
        "Not known": [f"{_text(what)} ({_text(whom)})" for what, whom in unknowns(plan)],
        "Downloads": [_text(line) for line in downloads(plan)],
        "Not considered": [f"{_code(one['file'])}: {_text(one['message'])}" for one in plan.get("problems") or ()],
    }
    for title, rows in lists.items():
        if rows:
            parts.append("\n".join([f"**{title}**", "", *(f"- {row}" for row in rows[:MOST_ROWS]), *_more(rows)]))
    if plan.get("held"):
        parts.append(f"**Removals wait**: {_text(plan['held'])}")
    if plan["stays"]:
        parts.append(f"Stays as it is: {_text(staying(plan))}.")
    parts.append(f"Plan hash: `{plan['hash']}`")
    return "\n\n".join(parts) + "\n"


def _business(business_id: str, actions: list[Form], fetches: dict[tuple[str, str], str]) -> Iterator[str]:
    source = next((action["source"] for action in actions if action["source"]), None)
    yield f"**{_text(business_id)}**" + (f" ({_code(source)})" if source else "")
    yield ""
    yield "| | instance | node | why | what changes, what is fetched |"
    yield "|---|---|---|---|---|"
    for action in actions[:MOST_ROWS]:
        kind = f"{SIGNS[action['kind']]} {action['kind']}" + (" live" if action["live"] else "")
        node = ", ".join((_code(action["node_id"]), *map(_text, takes(action))))
        why = "; ".join(_text(text) for text in (action["reason"], action["blocked_by"]) if text)
        if action["waits_for"]:
            why += f"; after {_text(', '.join(action['waits_for']))}"
        fetch = fetches.get((instance(action), action["node_id"]))
        what = "<br>".join([*_changes(action["changes"]), *([_text(fetch)] if fetch else [])])
        yield f"| {kind} | {_code(instance(action).partition('/')[2])} | {node} | {why} | {what} |"
    yield from _more(actions)


def _changes(changes: list[Form]) -> list[str]:
    return [f"{_code(one['field'])}: {_code(shown(one['old']))} → {_code(shown(one['new']))}" for one in changes]


def _left(left: Form) -> str:
    """What differs on a node and is left so."""
    changes = ", ".join(_changes(left["changes"]))
    return f"{_code(instance(left))} on {_code(left['node_id'])}: {_text(left['why_left'])}: {changes}"


def _deferred(deferred: Form) -> str:
    """A business whose file says something that is not accepted now, and why."""
    changes = ", ".join(_changes(deferred["changes"]))
    return f"{_code(deferred['business_id'])}: {_text(deferred['reason'])}" + (f": {changes}" if changes else "")


def _gap(action: Form) -> str:
    """What does not serve for a while, and for whom."""
    who = f", used by {', '.join(_code(name) for name in action['affects'])}" if action["affects"] else ""
    return f"{_code(instance(action))} on {_code(action['node_id'])} stops before its successor runs{who}"


def _more(rows: list[Any]) -> list[str]:
    return ["", f"and {len(rows) - MOST_ROWS} more"] if len(rows) > MOST_ROWS else []


def _text(text: object) -> str:
    """Text that Markdown and HTML take nothing in it for their own."""
    plain = "".join(character if character.isprintable() else " " for character in str(text))
    return plain.translate(TAKEN)


def _code(text: object) -> str:
    """Text in the font of code, inside a table too."""
    return f"<code>{_text(text)}</code>"

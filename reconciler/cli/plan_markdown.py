"""A plan as Markdown: a comment on a pull request."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from reconciler.cli.render_plan import SIGNS, instance, shown, staying, summary, takes

MOST_ROWS = 100
"""So many actions are listed for each business: a comment has a size that hosts of git allow."""

TAKEN = {ord(character): f"&#{ord(character)};" for character in "\\`*_[]<>|~#@!&"}
"""Characters that mean something to Markdown, or to who is named after them."""

Form = dict[str, Any]


def plan_markdown(plan: Form) -> str:
    """The plan: a table for each business, what interrupts service, what has no place, and the hash."""
    parts = [f"### {_text(summary(plan))}"]
    actions = sorted(plan["actions"], key=lambda action: action["business_id"])
    for business_id, group in groupby(actions, key=lambda action: action["business_id"]):
        parts.append("\n".join(_business(business_id, list(group))))
    gaps = [f"- {_gap(action)}" for action in actions if action["interrupts"]]
    if gaps:
        parts.append("\n".join(["**Interrupts service**", "", *gaps[:MOST_ROWS], *_more(gaps)]))
    waiting = [f"- {_code(instance(entry))}: {_text(entry['reason'])}" for entry in plan["pending"]]
    if waiting:
        parts.append("\n".join(["**Has no place**", "", *waiting[:MOST_ROWS], *_more(waiting)]))
    problems = [f"- {_code(problem['file'])}: {_text(problem['message'])}" for problem in plan.get("problems") or ()]
    if problems:
        parts.append("\n".join(["**Not considered**", "", *problems]))
    if plan.get("held"):
        parts.append(f"**Removals wait**: {_text(plan['held'])}")
    if plan["stays"]:
        parts.append(f"Stays as it is: {_text(staying(plan))}.")
    parts.append(f"Plan hash: `{plan['hash']}`")
    return "\n\n".join(parts) + "\n"


def _business(business_id: str, actions: list[Form]) -> Iterator[str]:
    source = next((action["source"] for action in actions if action["source"]), None)
    yield f"**{_text(business_id)}**" + (f" ({_code(source)})" if source else "")
    yield ""
    yield "| | instance | node | why | changes |"
    yield "|---|---|---|---|---|"
    for action in actions[:MOST_ROWS]:
        kind = f"{SIGNS[action['kind']]} {action['kind']}" + (" live" if action["live"] else "")
        node = ", ".join((_code(action["node_id"]), *map(_text, takes(action))))
        why = "; ".join(_text(text) for text in (action["reason"], action["held"]) if text)
        if action["waits_for"]:
            why += f"; after {_text(', '.join(action['waits_for']))}"
        changes = "<br>".join(
            f"{_code(change['field'])}: {_code(shown(change['old']))} → {_code(shown(change['new']))}"
            for change in action["changes"]
        )
        yield f"| {kind} | {_code(instance(action).partition('/')[2])} | {node} | {why} | {changes} |"
    yield from _more(actions)


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

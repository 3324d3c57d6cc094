"""A plan for people: per business and instance what happens, where, why, and which fields change."""

from itertools import groupby
from typing import Any

from reconciler.cli.output import COLOURS, console, plain

HASH_LETTERS = 12
"""So many letters of a plan's hash are shown; -o json has all 64."""

SIGNS = {"create": "+", "update": "~", "stop": "-"}


def show_plan(plan: dict[str, Any]) -> None:
    """Print the plan as the manager's API gives it."""
    out = console()
    actions = sorted(plan["actions"], key=lambda action: action["business_id"])
    for business_id, group in groupby(actions, key=lambda action: action["business_id"]):
        mine = list(group)
        source = next((action["source"] for action in mine if action["source"]), None)
        where = f"  [dim]({plain(source)})[/]" if source else ""
        out.print(f"[bold]{plain(business_id)}[/]{where}")
        for action in mine:
            _show_action(out, action)
    for entry in plan["pending"]:
        name = f"{entry['business_id']}/{entry['component_id']}/{entry['instance']}"
        out.print(f"[yellow]?[/] {plain(name)} has to wait: {plain(entry['reason'])}")
    for problem in plan.get("problems") or ():
        place = f"{problem['file']}:{problem['line']}" if problem["line"] else problem["file"]
        out.print(f"[red]![/] {plain(place)}: {plain(problem['path'])}: {plain(problem['message'])}")
    if plan.get("held"):
        out.print(f"[yellow]![/] {plain(plan['held'])}")
    out.print(summary(plan))


def summary(plan: dict[str, Any]) -> str:
    """The last line."""
    counts = plan["summary"]
    if not plan["actions"] and not plan["pending"]:
        return f"In sync: nothing to do, {plan['unchanged']} unchanged."
    parts = [f"{counts[kind]} to {kind}" for kind in ("create", "update", "stop")]
    if counts["pending"]:
        parts.append(f"{counts['pending']} waiting")
    return f"Plan {plan['hash'][:HASH_LETTERS]}: {', '.join(parts)}, {plan['unchanged']} unchanged."


def in_sync(plan: dict[str, Any]) -> bool:
    """Whether nothing differs."""
    return not plan["actions"] and not plan["pending"]


def _show_action(out: Any, action: dict[str, Any]) -> None:
    kind = action["kind"]
    colour = COLOURS[kind]
    name = f"{action['component_id']}/{action['instance']}"
    word = f"{kind} live" if action["live"] else kind
    waits = f", {action['held']}" if action["held"] else ""
    waits += f", after {', '.join(action['waits_for'])}" if action["waits_for"] else ""
    takes = [f"GPU {device}" for device in action["gpu_devices"]] + [f"port {port}" for port in action["host_ports"]]
    where = f"{action['node_id']} ({', '.join(takes)})" if takes else action["node_id"]
    gap = "  [red]interrupts it[/]" if action["interrupts"] else ""
    out.print(
        f"  [{colour}]{SIGNS[kind]} {word}[/] {plain(name)} on {plain(where)}"
        f"  [dim]{plain(action['reason'] + waits)}[/]{gap}"
    )
    for change in action["changes"]:
        old = "(none)" if change["old"] is None else change["old"]
        new = "(none)" if change["new"] is None else change["new"]
        out.print(f"      {plain(change['field'])}: {plain(old)} → {plain(new)}")

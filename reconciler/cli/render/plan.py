"""A plan for people: per business and instance what happens, where, why, and which fields change."""

from collections import Counter
from itertools import groupby
from typing import Any

from reconciler.cli.render.tables import COLOURS, console, plain
from reconciler.cli.render.transfers import fact_lines, fetches_of
from reconciler.cli.support.errors import problem_of

HASH_LETTERS = 12
"""So many letters of a plan's hash are shown; -o json has all 64."""

SIGNS = {"create": "+", "update": "~", "stop": "-"}
MOST_STAYING = 10
"""So many businesses of what stays are named."""


def show_plan(plan: dict[str, Any]) -> None:
    """Print the plan as the manager's API gives it."""
    out = console()
    fetches = fetches_of(plan)
    actions = sorted(plan["actions"], key=lambda action: action["business_id"])
    for business_id, group in groupby(actions, key=lambda action: action["business_id"]):
        mine = list(group)
        source = next((action["source"] for action in mine if action["source"]), None)
        where = f"  [dim]({plain(source)})[/]" if source else ""
        out.print(f"[bold]{plain(business_id)}[/]{where}")
        for action in mine:
            _show_action(out, action, fetches.get((instance(action), action["node_id"]), ""))
    for entry in plan["pending"]:
        out.print(f"[yellow]?[/] {plain(instance(entry))} has to wait: {plain(entry['reason'])}")
    for left in plan.get("drifted") or ():
        name, where = plain(instance(left)), plain(left["node_id"])
        out.print(f"[yellow]≠[/] {name} on {where} has drifted: {plain(left['why_left'])}")
        _show_changes(out, left["changes"])
    for problem in plan.get("problems") or ():
        out.print(f"[red]![/] {plain(str(problem_of(problem)))}")
    if plan.get("held"):
        out.print(f"[yellow]![/] {plain(plan['held'])}")
    for line in fact_lines(plan):
        out.print(line)
    for deferred in plan.get("deferred") or ():
        out.print(f"[yellow]![/] {plain(deferred['business_id'])}: {plain(deferred['reason'])}")
        _show_changes(out, deferred["changes"])
    if plan["actions"]:
        out.print(f"[dim]{plain(order(plan))}[/]")
        if plan["stays"]:
            out.print(f"[dim]Stays as it is: {plain(staying(plan))}.[/]")
    out.print(summary(plan))


def summary(plan: dict[str, Any]) -> str:
    """The last line."""
    counts = plan["summary"]
    if plan.get("drifted") and not plan["actions"] and not plan["pending"]:
        return f"Drifted: {len(plan['drifted'])} left so, nothing to do, {plan['unchanged']} unchanged."
    if in_sync(plan):
        return f"In sync: nothing to do, {plan['unchanged']} unchanged."
    parts = [f"{counts[kind]} to {kind}" for kind in ("create", "update", "stop")]
    if plan.get("deferred"):
        parts.append(f"{len(plan['deferred'])} not accepted")
    if counts["pending"]:
        parts.append(f"{counts['pending']} waiting")
    return f"Plan {plan['hash'][:HASH_LETTERS]}: {', '.join(parts)}, {plan['unchanged']} unchanged."


def in_sync(plan: dict[str, Any]) -> bool:
    """Whether nothing differs."""
    return not any(plan.get(name) for name in ("actions", "pending", "deferred", "drifted"))


def order(plan: dict[str, Any]) -> str:
    """How many actions begin at once, and how many wait for others."""
    waiting = sum(1 for action in plan["actions"] if action["blocked_by"] or action["waits_for"])
    at_once = len(plan["actions"]) - waiting
    later = f", {waiting} after what is said beside {'it' if waiting == 1 else 'them'}" if waiting else ""
    return f"Order: {at_once} at once{later}."


def staying(plan: dict[str, Any]) -> str:
    """Of which businesses how many instances stay: `shop 3, blog 2`."""
    counts = Counter(name.partition("/")[0] for name in plan["stays"])
    named = [f"{business_id} {count}" for business_id, count in sorted(counts.items())[:MOST_STAYING]]
    return ", ".join(named) + (f" and of {len(counts) - MOST_STAYING} more" if len(counts) > MOST_STAYING else "")


def instance(entry: dict[str, Any]) -> str:
    """`shop/web/0`."""
    return f"{entry['business_id']}/{entry['component_id']}/{entry['instance']}"


def takes(action: dict[str, Any]) -> list[str]:
    """The devices and ports that an action promises."""
    return [f"GPU {device}" for device in action["gpu_devices"]] + [f"port {port}" for port in action["host_ports"]]


def shown(value: str | None) -> str:
    """A field's value, or that there is none."""
    return "(none)" if value is None else value


def _show_action(out: Any, action: dict[str, Any], fetch: str) -> None:
    kind = action["kind"]
    colour = COLOURS[kind]
    name = f"{action['component_id']}/{action['instance']}"
    word = f"{kind} live" if action["live"] else kind
    waits = f", {action['blocked_by']}" if action["blocked_by"] else ""
    waits += f", after {', '.join(action['waits_for'])}" if action["waits_for"] else ""
    taken = takes(action)
    where = f"{action['node_id']} ({', '.join(taken)})" if taken else action["node_id"]
    users = f" for {', '.join(action['affects'])}" if action["affects"] else ""
    gap = f"  [red]interrupts it{plain(users)}[/]" if action["interrupts"] else ""
    out.print(
        f"  [{colour}]{SIGNS[kind]} {word}[/] {plain(name)} on {plain(where)}"
        f"  [dim]{plain(action['reason'] + waits)}[/]{gap}"
    )
    _show_changes(out, action["changes"])
    if fetch:
        out.print(f"      {fetch}")


def _show_changes(out: Any, changes: list[dict[str, Any]]) -> None:
    for change in changes:
        out.print(f"      {plain(change['field'])}: {plain(shown(change['old']))} → {plain(shown(change['new']))}")

"""`why`: the way from a commit or call to what was done, and what came of it."""

from typing import Any

import click

from reconciler.cli.render.plan import HASH_LETTERS, shown
from reconciler.cli.render.tables import console, machine, plain
from reconciler.cli.render.text import some_of
from reconciler.cli.support.client import Client
from reconciler.cli.support.options import with_client, with_output

LINES_MAX = 8
"""So many fields, and groups of nodes, are listed; -o json has all."""
NODES_NAMED_MAX = 3
CONTAINER_LETTERS = 12
SCORE = ("reserved", "measured", "instances", "gpu", "image")

Form = dict[str, Any]


@click.command()
@click.argument("target", metavar="ACTION|CONTAINER")
@with_client
@with_output
def why(client: Client, target: str, output: str) -> None:
    """Show why something was done: commit or call, field, filter, score, action, result.

    ACTION is BUSINESS/COMPONENT[/N], for the newest decision about it, or the id of an event (`events -o json`).
    CONTAINER is a container's id or its beginning, of one that is gone too. Filters and scores are those of the moment
    of the decision.
    """
    found = client.get("/api/why", of=target)
    if machine(found, output):
        return
    console().print(f"[bold]{plain(found['instance'])}[/]")
    for head, lines in (
        ("cause", _cause(found)),
        ("field", _fields(found)),
        ("filter", _filters(found)),
        ("score", _scores(found)),
        ("action", _action(found)),
        ("result", _result(found)),
    ):
        for number, line in enumerate(lines):
            console().print(f"  [dim]{'' if number else head:<8}[/]{plain(line)}")


def _cause(found: Form) -> list[str]:
    """What led to it, and which version of the spec was desired then."""
    lines = [found["cause"] or "none is on record"]
    desired = found["desired"]
    if desired is not None:
        commit = desired["commit"]
        of = f", commit {commit['sha'][:12]} by {commit['author']}: {commit['subject']}" if commit else ""
        lines.append(f"revision {desired['revision']} of {desired['source']}{of}")
    return lines


def _fields(found: Form) -> list[str]:
    changes = found["action"]["changes"] if found["action"] else []
    lines = [f"{change['field']}: {shown(change['old'])} → {shown(change['new'])}" for change in changes[:LINES_MAX]]
    if len(changes) > LINES_MAX:
        lines.append(f"and {len(changes) - LINES_MAX} more")
    return lines or ["none changed"]


def _filters(found: Form) -> list[str]:
    """How many nodes it could be on, and why not on the others."""
    explanation = found["explanation"]
    if explanation is None:
        return [_not_asked(found)]
    situations = explanation["situations"]
    total = sum(len(one["nodes"]) for one in situations)
    fit = sum(len(one["nodes"]) for one in situations if one["fits"])
    refused = [one for one in situations if not one["fits"]]
    lines = [f"{fit} of {total} {'node' if total == 1 else 'nodes'} {'fits' if fit == 1 else 'fit'}"]
    lines += [f"{some_of(one['nodes'], NODES_NAMED_MAX)}: {'; '.join(one['obstacles'])}" for one in refused[:LINES_MAX]]
    return lines + ([f"and {len(refused) - LINES_MAX} more groups"] if len(refused) > LINES_MAX else [])


def _scores(found: Form) -> list[str]:
    """The scores of the nodes it could be on; the lowest wins."""
    explanation = found["explanation"]
    if explanation is None:
        return [_not_asked(found)]
    scored = [one for one in explanation["situations"] if one["score"]]
    lines = []
    for one in scored[:LINES_MAX]:
        parts = ", ".join(f"{part} {one['score'][part]:.3f}" for part in SCORE)
        here = "  ← here" if explanation["node_id"] in one["nodes"] else ""
        lines.append(f"{some_of(one['nodes'], NODES_NAMED_MAX)}: {one['score']['total']:.3f} ({parts}){here}")
    return lines or ["no node fits"]


def _action(found: Form) -> list[str]:
    """What was decided, by which plan."""
    event, action, pending, decision = found["event"], found["action"], found["pending"], found["decision"]
    if action is not None:
        held = f", {action['blocked_by']}" if action["blocked_by"] else ""
        what = f"{action['kind']} on {action['node_id']}: {action['reason']}{held}"
    elif pending is not None:
        what = f"waits: {pending['reason']}"
    else:
        what = f"{event['kind']}{' on ' + event['node_id'] if event['node_id'] else ''}: {event['message']}"
    plan = f"plan {event['plan_hash'][:HASH_LETTERS]} of {event['at']}" if event["plan_hash"] else f"at {event['at']}"
    by = f" by version {decision['version']}: reconciler replay {event['plan_hash'][:HASH_LETTERS]}" if decision else ""
    return [what, f"{plan}{by or ', kept no more'}"]


def _result(found: Form) -> list[str]:
    """What came of it, and what it does now."""
    lines = [f"{event['at']}  {event['kind']}  {event['message']}" for event in found["after"]]
    now = found["now"]
    if now is not None:
        container = f", container {now['container_id'][:CONTAINER_LETTERS]}" if now["container_id"] else ""
        where = f" on {now['node_id']}" if now["node_id"] else ""
        told = f": {now['message']}" if now["message"] else ""
        lines.append(f"now {now['status']}{where}{container}{told}")
    return lines or ["nothing yet"]


def _not_asked(found: Form) -> str:
    return "no node was looked for" if found["decision"] else "not known: the decision is kept no more"

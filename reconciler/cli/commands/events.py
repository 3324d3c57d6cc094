"""`events`: what happened, what led to it, and by which plan."""

import math
import time
from collections.abc import Callable
from typing import Any

import click

from reconciler.cli.render.plan import HASH_LETTERS
from reconciler.cli.render.tables import json_text, machine
from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client, Unreachable
from reconciler.cli.support.errors import WrongUse
from reconciler.cli.support.names import BUSINESS, NODE
from reconciler.cli.support.options import with_client, with_output
from reconciler.cli.support.params import Since

FOLLOW_SECONDS = 1.0
EVENTS_MAX = 1000
"""So many events one question gets."""


@click.command()
@click.argument("business_id", type=BUSINESS, required=False)
@click.option("--business", "named", type=BUSINESS, metavar="ID", help="Only events of this business.")
@click.option("--node", "node_id", type=NODE, metavar="ID", help="Only events of this node.")
@click.option("--since", type=Since(), metavar="AGO|TIME", help="Only from then on: 10m, 2h, 2026-11-25T22:00.")
@click.option("--limit", type=click.IntRange(1, EVENTS_MAX), help="How many at most. [default: 50; with --since: 1000]")
@click.option("-f", "--follow", is_flag=True, help="Go on printing new ones, also over restarts of the manager.")
@with_client
@with_output
def events(
    client: Client,
    business_id: str | None,
    named: str | None,
    node_id: str | None,
    since: float | None,
    limit: int | None,
    follow: bool,
    output: str,
) -> None:
    """Show what happened, newest last, with what led to it and the hash of the plan it is of.

    With -f, -o json prints an object a line.
    """
    if business_id and named and business_id != named:
        raise WrongUse(f"both {business_id} and --business {named} are given: name one")
    show = _shower(output, follow)
    start = None if since is None else math.floor(since)
    most = limit or (50 if since is None else EVENTS_MAX)
    about = {"business": business_id or named, "node": node_id}
    found = client.get("/api/events", limit=most, since=start, **about)
    show(found)
    if not found and not follow:
        say("no such event is on record: 'reconciler events' shows those that are", err=True)
    if follow:
        _follow(client, about, found[-1]["id"] if found else 0, show)


def _follow(client: Client, about: dict[str, str | None], last: int, show: Callable[[Any], None]) -> None:
    """Print what is new until the program is ended."""
    away = False
    while True:
        time.sleep(FOLLOW_SECONDS)
        try:
            new = client.get("/api/events", after=last, limit=EVENTS_MAX, **about)
        except Unreachable as error:
            if not away:
                say(f"{error.message}; trying again", err=True)
            away = True
            continue
        if away:
            say("the manager answers again", err=True)
        away = False
        if new:
            show(new)
            last = new[-1]["id"]


def _shower(output: str, follow: bool) -> Callable[[Any], None]:
    """What prints events: as lines, as documents, or as an object a line."""

    def show(found: list[dict[str, Any]]) -> None:
        if follow and output == "json":
            for event in found:
                click.echo(json_text(event))
        elif not machine(found, output):
            for event in found:
                say(_line(event))

    return show


def _line(event: dict[str, Any]) -> str:
    about = [event["business_id"], event["component_id"], event["instance"]]
    name = "/".join(str(part) for part in about if part is not None)
    where = f" on {event['node_id']}" if event["node_id"] and name else ""
    plan = f"plan {event['plan_hash'][:HASH_LETTERS]}" if event["plan_hash"] else ""
    why = ", ".join(part for part in (event["cause"], plan) if part)
    text = (
        f"{event['kind']:<9} {name or event['node_id'] or '-'}{where}  {event['message']}{f'  ({why})' if why else ''}"
    )
    return f"{event['at']}  {text}"

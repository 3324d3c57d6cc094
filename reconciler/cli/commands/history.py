"""`history`, `rollback`, `unpin`, and how two revisions differ."""

import re
import sys
from typing import Any

import click

from reconciler.cli.commands.apply import TIMEOUT, WAIT
from reconciler.cli.render.plan import shown
from reconciler.cli.render.tables import console, machine, plain
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client, with_output
from reconciler.cli.support.waiting import wait_for

MOST_CHANGES = 8
"""So many changes of a revision are listed; -o json has all."""

REVISION = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)@([0-9]{1,9})")


@click.command()
@click.argument("business_id", type=BUSINESS)
@with_client
@with_output
def history(client: Client, business_id: str, output: str) -> None:
    """Show the kept revisions of a business, newest first: where each comes from, and what it changed."""
    found = client.get(f"/api/businesses/{business_id}/revisions")
    if not machine(found, output):
        for revision in found:
            _show(revision)


@click.command()
@click.argument("business_id", type=BUSINESS)
@click.argument("revision", type=click.IntRange(min=1), required=False)
@WAIT
@TIMEOUT
@with_client
def rollback(client: Client, business_id: str, revision: int | None, wait: bool, timeout: float) -> None:
    """Go back to a revision of a business; without a number, to the newest one that says something else.

    What was newer does not come back by itself, also where files are synced: the next different content is taken as
    usual. See 'reconciler history', and 'reconciler unpin' to take back what was rolled back.
    """
    body = None if revision is None else {"revision": revision}
    message = client.post(f"/api/businesses/{business_id}/rollback", body)["message"]
    click.echo(f"{business_id} {message}")
    if wait:
        wait_for(client, [business_id], "running", timeout)


@click.command()
@click.argument("business_id", type=BUSINESS)
@with_client
def unpin(client: Client, business_id: str) -> None:
    """Accept again what was rolled back, and read the files."""
    message = client.post(f"/api/businesses/{business_id}/unpin")["message"]
    click.echo(f"{business_id} {message}")


def revision_of(word: str) -> tuple[str, int] | None:
    """`shop@3` as a business and the number of a revision; None for other words."""
    match = REVISION.fullmatch(word)
    return (match[1], int(match[2])) if match else None


def compare(client: Client, words: tuple[str, ...], output: str) -> None:
    """Show how two revisions of a business differ, or one and the newest; ends the program as diff(1) does."""
    named = [revision_of(word) for word in words]
    if len(words) > 2 or None in named or len({name for name, _ in filter(None, named)}) != 1:
        raise CliError("two revisions of one business can be compared: reconciler diff shop@3 shop@7")
    (business_id, first), *others = filter(None, named)
    to = others[0][1] if others else None
    found = client.get(f"/api/businesses/{business_id}/compare", **{"from": first, "to": to})
    if output == "markdown" or not machine(found, output):
        if not found["changes"]:
            click.echo(f"Revisions {found['from']} and {found['to']} of {business_id} say the same.")
        else:
            console().print(f"[bold]{plain(business_id)}[/] revision {found['from']} → {found['to']}")
        _changes(found["changes"], len(found["changes"]))
    sys.exit(1 if found["changes"] else 0)


def _show(revision: dict[str, Any]) -> None:
    marks = [
        word
        for word, holds in (
            ("current", revision["current"]),
            ("pinned", revision["pinned"]),
            ("rolled back", revision["rolled_back"]),
        )
        if holds
    ]
    mark = f"  [yellow]{', '.join(marks)}[/]" if marks else ""
    console().print(
        f"[bold]{revision['revision']}[/]  {revision['at']}  {plain(revision['origin'])}"
        f"  [dim]{plain(revision['source'])}[/]{mark}"
    )
    changes = revision["changes"]
    if changes is None:
        first = "first revision" if revision["revision"] == 1 else "the one before is kept no more"
        console().print(f"      [dim]{first}[/]")
    else:
        _changes(changes, MOST_CHANGES)


def _changes(changes: list[dict[str, Any]], most: int) -> None:
    for change in changes[:most]:
        console().print(
            f"      {plain(change['field'])}: {plain(shown(change['old']))} → {plain(shown(change['new']))}"
        )
    if len(changes) > most:
        console().print(f"      [dim]and {len(changes) - most} more: -o json has all[/]")

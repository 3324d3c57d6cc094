"""`history`: show the kept revisions of a business."""

from typing import Any

import click

from reconciler.cli.render.tables import console, machine, plain
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client, with_output
from reconciler.cli.support.revisions import show_changes

CHANGES_MAX = 8
"""So many changes of a revision are listed; -o json has all."""


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
        show_changes(changes, CHANGES_MAX)

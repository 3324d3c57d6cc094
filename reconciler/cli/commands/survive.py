"""`survive`: show what would have no place if nodes were lost."""

import sys
from pathlib import Path

import click

from reconciler.cli.render.tables import machine, plain, table
from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError, errors_exit_with
from reconciler.cli.support.offline import STATE, survive_offline
from reconciler.cli.support.options import with_client, with_output


@click.command()
@STATE
@click.option("--by", metavar="LABEL", help="Lose all nodes with one value of this label at once, such as rack.")
@errors_exit_with(2)
@with_client
@with_output
def survive(client: Client, state: Path | None, by: str | None, output: str) -> None:
    """Show, for each node (or rack, zone …), what would have no place if it were lost.

    Exit status: 0 everything would have a place whatever is lost, 1 something would not, 2 error.
    """
    found = client.get("/api/survive", by=by) if state is None else survive_offline(state, by)
    if by and not found:
        raise CliError(f"no node that answers has the label '{by}': 'reconciler node list' shows their labels")
    if not machine(found, output):
        if not found:
            say("No node answers.")
        rows = [
            (plain(group["lost"]), plain(name), plain(why))
            for group in found
            for name, why in (group["homeless"] or {"-": "everything has a place elsewhere"}).items()
        ]
        table(("LOST", "WITHOUT A PLACE", ""), rows)
    sys.exit(1 if any(group["homeless"] for group in found) else 0)

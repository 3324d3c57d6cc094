"""`approve`: let pass what a plan holds because it is beyond a limit; and the `--yes` of other commands."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import click

from reconciler.cli.render.tables import machine, plain, table
from reconciler.cli.support.client import Client
from reconciler.cli.support.options import with_client, with_output

HASH_LETTERS = 12

YES = click.option(
    "-y", "--yes", is_flag=True, help="Approve what this ends beyond the limits; not what holds volumes."
)


@click.command()
@click.argument("plan_hash", required=False, metavar="[PLAN-HASH]")
@with_client
@with_output
def approve(client: Client, plan_hash: str | None, output: str) -> None:
    """Let the stops pass that the manager holds because they are beyond a limit.

    Without PLAN-HASH: list them, with the hash to give. It has to be that of the present plan, so that nothing passes
    which nobody has seen. Exit status: 0 done, or nothing is held; 1 something is held, or refused.
    """
    if plan_hash is not None:
        done = client.post(f"/api/plans/{plan_hash}/approve")
        if not machine(done, output):
            click.echo(done["message"])
        return
    found = client.get("/api/approvals")
    if not machine(found, output):
        _show(found)
    raise SystemExit(1 if found["held"] else 0)


def settle_limits(client: Client, business_ids: Sequence[str], yes: bool) -> None:
    """After a change: approve what it ends beyond the limits if told `yes`, and say what still waits."""
    ids = list(business_ids)
    left = client.post("/api/approvals", {"businesses": ids}) if yes else client.get("/api/approvals")
    own = [item for item in left["held"] if item["business_id"] in business_ids]
    for (business_id, held), group in groupby(own, key=lambda item: (item["business_id"], item["held"])):
        count = len(list(group))
        stops = "1 stop" if count == 1 else f"{count} stops"
        click.echo(f"{business_id}: {stops} held, {held}: reconciler approve {left['hash'][:HASH_LETTERS]}", err=True)


def tell_held(client: Client) -> None:
    """One line on what waits for an approval, if anything does."""
    count = len(client.get("/api/approvals")["held"])
    if count:
        click.echo(f"\n{'1 stop waits' if count == 1 else f'{count} stops wait'} for an approval: reconciler approve")


def _show(found: dict[str, Any]) -> None:
    if not found["held"]:
        click.echo("Nothing waits for an approval.")
        return
    table(
        ("STOP", "NODE", "WHY", "HELD"),
        [
            (
                plain(f"{item['business_id']}/{item['component_id']}/{item['instance']}"),
                plain(item["node_id"]),
                plain(item["reason"]),
                plain(item["held"].partition(": ")[2]),
            )
            for item in found["held"]
        ],
    )
    click.echo(f"To let all of it pass: reconciler approve {found['hash'][:HASH_LETTERS]}")

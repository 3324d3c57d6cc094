"""`delete`: remove a business."""

import sys

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.approvals import settle_limits
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client
from reconciler.cli.support.waiting import Wait, with_wait


@click.command()
@click.argument("business_id", type=BUSINESS)
@click.option(
    "-y", "--yes", is_flag=True, help="Do not ask, and approve what is beyond the limits; not what holds volumes."
)
@with_wait
@with_client
def delete(client: Client, business_id: str, yes: bool, wait: Wait) -> None:
    """Remove a business and all that runs of it; named volumes stay."""
    if not yes and sys.stdin.isatty():
        click.confirm(f"Remove {business_id} and stop all of its instances?", abort=True)
    client.delete(f"/api/businesses/{business_id}")
    say(f"{business_id} is being removed")
    settle_limits(client, [business_id], yes)
    wait.until(client, [business_id], "gone")

"""`delete`: remove a business."""

import sys

import click

from reconciler.cli.support.approvals import settle_limits
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client
from reconciler.cli.support.wait_options import TIMEOUT, WAIT
from reconciler.cli.support.waiting import wait_for


@click.command()
@click.argument("business_id", type=BUSINESS)
@click.option(
    "-y", "--yes", is_flag=True, help="Do not ask, and approve what is beyond the limits; not what holds volumes."
)
@WAIT
@TIMEOUT
@with_client
def delete(client: Client, business_id: str, yes: bool, wait: bool, timeout: float) -> None:
    """Remove a business and all that runs of it; named volumes stay."""
    if not yes and sys.stdin.isatty():
        click.confirm(f"Remove {business_id} and stop all of its instances?", abort=True)
    client.delete(f"/api/businesses/{business_id}")
    click.echo(f"{business_id} is being removed")
    settle_limits(client, [business_id], yes)
    if wait:
        wait_for(client, [business_id], "gone", timeout)

"""`restart`: make every instance of a business anew."""

import click

from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client
from reconciler.cli.support.wait_options import TIMEOUT, WAIT
from reconciler.cli.support.waiting import wait_for


@click.command()
@click.argument("business_id", type=BUSINESS)
@WAIT
@TIMEOUT
@with_client
def restart(client: Client, business_id: str, wait: bool, timeout: float) -> None:
    """Make every instance of a business anew, also of a stopped one."""
    client.post(f"/api/businesses/{business_id}/restart")
    click.echo(f"{business_id} is being restarted")
    if wait:
        wait_for(client, [business_id], "running", timeout)

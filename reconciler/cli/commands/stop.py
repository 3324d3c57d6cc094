"""`stop`: stop a business and keep its spec."""

import click

from reconciler.cli.support.approvals import YES, settle_limits
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client
from reconciler.cli.support.wait_options import TIMEOUT, WAIT
from reconciler.cli.support.waiting import wait_for


@click.command()
@click.argument("business_id", type=BUSINESS)
@YES
@WAIT
@TIMEOUT
@with_client
def stop(client: Client, business_id: str, yes: bool, wait: bool, timeout: float) -> None:
    """Stop a business and keep its spec; restart brings it back."""
    client.post(f"/api/businesses/{business_id}/stop")
    click.echo(f"{business_id} is being stopped")
    settle_limits(client, [business_id], yes)
    if wait:
        wait_for(client, [business_id], "stopped", timeout)

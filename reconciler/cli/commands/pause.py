"""`pause` and `resume`: leave a business as it is for a while."""

import click

from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client
from reconciler.cli.support.wait_options import TIMEOUT, WAIT
from reconciler.cli.support.waiting import wait_for


@click.command()
@click.argument("business_id", type=BUSINESS)
@with_client
def pause(client: Client, business_id: str) -> None:
    """Leave a business as it is, until resume: nothing new of its source is accepted, nothing is healed or moved.

    stop and delete still end it.
    """
    client.post(f"/api/businesses/{business_id}/pause")
    click.echo(f"{business_id} is paused")


@click.command()
@click.argument("business_id", type=BUSINESS)
@WAIT
@TIMEOUT
@with_client
def resume(client: Client, business_id: str, wait: bool, timeout: float) -> None:
    """Go on with a business that was paused."""
    client.post(f"/api/businesses/{business_id}/resume")
    click.echo(f"{business_id} goes on")
    if wait:
        wait_for(client, [business_id], "running", timeout)

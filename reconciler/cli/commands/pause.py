"""`pause` and `resume`: leave a business as it is for a while."""

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client
from reconciler.cli.support.waiting import Wait, with_wait


@click.command()
@click.argument("business_id", type=BUSINESS)
@with_client
def pause(client: Client, business_id: str) -> None:
    """Leave a business as it is, until resume: nothing new of its source is accepted, nothing is healed or moved.

    stop and delete still end it.
    """
    client.post(f"/api/businesses/{business_id}/pause")
    say(f"{business_id} is paused")


@click.command()
@click.argument("business_id", type=BUSINESS)
@with_wait
@with_client
def resume(client: Client, business_id: str, wait: Wait) -> None:
    """Go on with a business that was paused."""
    client.post(f"/api/businesses/{business_id}/resume")
    say(f"{business_id} goes on")
    wait.until(client, [business_id], "running")

"""`restart`: make every instance of a business anew."""

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client
from reconciler.cli.support.waiting import Wait, with_wait


@click.command()
@click.argument("business_id", type=BUSINESS)
@with_wait
@with_client
def restart(client: Client, business_id: str, wait: Wait) -> None:
    """Make every instance of a business anew, also of a stopped one."""
    client.post(f"/api/businesses/{business_id}/restart")
    say(f"{business_id} is being restarted")
    wait.until(client, [business_id], "running")

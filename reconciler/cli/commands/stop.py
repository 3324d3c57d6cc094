"""`stop`: stop a business and keep its spec."""

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.approvals import YES, settle_limits
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client
from reconciler.cli.support.waiting import Wait, with_wait


@click.command()
@click.argument("business_id", type=BUSINESS)
@YES
@with_wait
@with_client
def stop(client: Client, business_id: str, yes: bool, wait: Wait) -> None:
    """Stop a business and keep its spec; restart brings it back."""
    client.post(f"/api/businesses/{business_id}/stop")
    say(f"{business_id} is being stopped")
    settle_limits(client, [business_id], yes)
    wait.until(client, [business_id], "stopped")

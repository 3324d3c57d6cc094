"""`unpin`: accept again what was rolled back."""

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client


@click.command()
@click.argument("business_id", type=BUSINESS)
@with_client
def unpin(client: Client, business_id: str) -> None:
    """Accept again what was rolled back, and read the files."""
    message = client.post(f"/api/businesses/{business_id}/unpin")["message"]
    say(f"{business_id} {message}")

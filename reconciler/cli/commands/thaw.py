"""`thaw`: set back again what is left as it is."""

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import component_of
from reconciler.cli.support.options import with_client


@click.command()
@click.argument("target", metavar="BUSINESS/COMPONENT")
@with_client
def thaw(client: Client, target: str) -> None:
    """Set back again what was changed on a node so often that it is left as it is (frozen)."""
    business_id, component_id = component_of(target)
    done = client.post(f"/api/businesses/{business_id}/components/{component_id}/thaw")
    say(f"{target}: {done['message']}")

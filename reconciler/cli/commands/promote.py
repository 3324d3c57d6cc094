"""`promote`: let a new version go on from its canaries."""

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS, component_of
from reconciler.cli.support.options import with_client
from reconciler.cli.support.waiting import Wait, with_wait


@click.command()
@click.argument("target", metavar="BUSINESS[/COMPONENT]")
@with_wait
@with_client
def promote(client: Client, target: str, wait: Wait) -> None:
    """Let a new version go on from its canaries (update.canary) to all instances."""
    business_id, component_id = component_of(target) if "/" in target else (BUSINESS.convert(target, None, None), "")
    path = f"/api/businesses/{business_id}/promote"
    say(client.post(f"{path}?component={component_id}" if component_id else path)["message"])
    wait.until(client, [business_id], "running")

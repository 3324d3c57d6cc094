"""`scale`: change how many replicas components have."""

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.approvals import YES, settle_limits
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import component_of
from reconciler.cli.support.options import with_client
from reconciler.cli.support.suppose import replicas
from reconciler.cli.support.waiting import Wait, with_wait


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="BUSINESS/COMPONENT=N...")
@YES
@with_wait
@with_client
def scale(client: Client, targets: tuple[str, ...], yes: bool, wait: Wait) -> None:
    """Change how many replicas components have. The least healthy instances go first, then the newest.

    What a file declares is scaled in the file.
    """
    wanted: dict[str, dict[str, int]] = {}
    for target in targets:
        name, number = replicas(target)
        business_id, component_id = component_of(name)
        wanted.setdefault(business_id, {})[component_id] = number
    for business_id, numbers in wanted.items():
        message = client.post(f"/api/businesses/{business_id}/scale", numbers)["message"]
        say(f"{business_id} {message}")
    settle_limits(client, list(wanted), yes)
    wait.until(client, list(wanted), "running")

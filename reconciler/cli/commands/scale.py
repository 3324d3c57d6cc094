"""`scale`: change how many replicas components have."""

import click

from reconciler.cli.support.approvals import YES, settle_limits
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import component_of
from reconciler.cli.support.options import with_client
from reconciler.cli.support.suppose import replicas
from reconciler.cli.support.wait_options import TIMEOUT, WAIT
from reconciler.cli.support.waiting import wait_for


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="BUSINESS/COMPONENT=N...")
@YES
@WAIT
@TIMEOUT
@with_client
def scale(client: Client, targets: tuple[str, ...], yes: bool, wait: bool, timeout: float) -> None:
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
        click.echo(f"{business_id} {message}")
    settle_limits(client, list(wanted), yes)
    if wait:
        wait_for(client, list(wanted), "running", timeout)

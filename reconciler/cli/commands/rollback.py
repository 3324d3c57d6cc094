"""`rollback`: go back to a revision of a business."""

import click

from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client
from reconciler.cli.support.wait_options import TIMEOUT, WAIT
from reconciler.cli.support.waiting import wait_for


@click.command()
@click.argument("business_id", type=BUSINESS)
@click.argument("revision", type=click.IntRange(min=1), required=False)
@WAIT
@TIMEOUT
@with_client
def rollback(client: Client, business_id: str, revision: int | None, wait: bool, timeout: float) -> None:
    """Go back to a revision of a business; without a number, to the newest one that says something else.

    What was newer does not come back by itself, also where files are synced: the next different content is taken as
    usual. See 'reconciler history', and 'reconciler unpin' to take back what was rolled back.
    """
    body = None if revision is None else {"revision": revision}
    message = client.post(f"/api/businesses/{business_id}/rollback", body)["message"]
    click.echo(f"{business_id} {message}")
    if wait:
        wait_for(client, [business_id], "running", timeout)

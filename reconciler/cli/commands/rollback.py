"""`rollback`: go back to a revision of a business."""

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client
from reconciler.cli.support.waiting import Wait, with_wait


@click.command()
@click.argument("business_id", type=BUSINESS)
@click.argument("revision", type=click.IntRange(min=1), required=False)
@with_wait
@with_client
def rollback(client: Client, business_id: str, revision: int | None, wait: Wait) -> None:
    """Go back to a revision of a business; without a number, to the newest one that says something else.

    What was newer does not come back by itself, also where files are synced: the next different content is taken as
    usual. See 'reconciler history', and 'reconciler unpin' to take back what was rolled back.
    """
    body = None if revision is None else {"revision": revision}
    message = client.post(f"/api/businesses/{business_id}/rollback", body)["message"]
    say(f"{business_id} {message}")
    wait.until(client, [business_id], "running")

"""What waits for an approval after a change, and the `--yes` of commands that change something."""

from collections.abc import Sequence
from itertools import groupby

import click

from reconciler.cli.render.plan import HASH_LETTERS
from reconciler.cli.render.text import counted, say
from reconciler.cli.support.client import Client

YES = click.option(
    "-y", "--yes", is_flag=True, help="Approve what this ends beyond the limits; not what holds volumes."
)


def settle_limits(client: Client, business_ids: Sequence[str], yes: bool) -> None:
    """Approve what a change ends beyond the limits if told `yes`, and say what still waits."""
    left = client.post("/api/approvals", {"businesses": list(business_ids)}) if yes else client.get("/api/approvals")
    own = [item for item in left["pending"] if item["business_id"] in business_ids]
    for (business_id, limits), group in groupby(own, key=lambda item: (item["business_id"], item["limits"])):
        stops = counted(len(list(group)), "stop")
        say(f"{business_id}: {stops} held, {limits}: reconciler approve {left['hash'][:HASH_LETTERS]}", err=True)


def tell_pending(client: Client) -> None:
    """Print a line on what waits for an approval, if anything does."""
    count = len(client.get("/api/approvals")["pending"])
    if count:
        click.echo()
        say(f"{counted(count, 'stop')} {'waits' if count == 1 else 'wait'} for an approval: reconciler approve")

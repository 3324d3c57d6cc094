"""`apply`: send specs to the manager, and wait for them if asked to."""

import click
import msgspec

from reconciler.cli.render.text import say
from reconciler.cli.support.approvals import YES, settle_limits
from reconciler.cli.support.client import AlreadyExists, Client, NotFound
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.options import with_client
from reconciler.cli.support.saved_plans import apply_plan, read_plan
from reconciler.cli.support.specfiles import read_specs
from reconciler.cli.support.waiting import Wait, with_wait
from reconciler.manifest.model import Business


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@YES
@with_wait
@with_client
def apply(client: Client, paths: tuple[str, ...], yes: bool, wait: Wait) -> None:
    """Create or update businesses from specs: files, directories, or - for standard input.

    All of them are checked before the first is sent. A plan that `diff --out` saved is carried out exactly as it was
    shown, or refused with the fact that moved.
    """
    saved = read_plan(paths)
    if saved is not None:
        sent = apply_plan(client, saved)
        settle_limits(client, sent, yes)
        wait.until(client, sent, "running")
        return
    businesses = [business for file in read_specs(paths) for business in file.businesses]
    if not businesses:
        raise CliError("there is no business in what was given")
    refused = []
    for business in businesses:
        try:
            say(f"{business.business_id} {_send(client, business)}")
        except AlreadyExists as error:
            refused.append(business.business_id)
            say(f"error: {error.message}", err=True)
    sent = [business.business_id for business in businesses if business.business_id not in refused]
    settle_limits(client, sent, yes)
    wait.until(client, sent, "running")
    if refused:
        raise CliError(f"refused: {', '.join(refused)}")


def _send(client: Client, business: Business) -> str:
    """Put a business, or post it when it is new, and say what came of it."""
    document = msgspec.to_builtins(business)
    try:
        done = client.put(f"/api/businesses/{business.business_id}", document)
    except NotFound:
        client.post("/api/businesses", document)
        return "created"
    return f"{'updated' if done['changed'] else 'unchanged'} (revision {done['revision']})"

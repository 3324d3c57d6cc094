"""`scale`, `promote`, `stop`, `restart`, `pause`, `resume`, `delete`: asking the manager for a change."""

import sys

import click

from reconciler.cli.commands.apply import TIMEOUT, WAIT
from reconciler.cli.commands.approve import YES, settle_limits
from reconciler.cli.commands.survive import replicas
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS, component_of
from reconciler.cli.support.options import with_client
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


@click.command()
@click.argument("target", metavar="BUSINESS[/COMPONENT]")
@WAIT
@TIMEOUT
@with_client
def promote(client: Client, target: str, wait: bool, timeout: float) -> None:
    """Let a new version go on from its canaries (update.canary) to all instances."""
    business_id, component_id = component_of(target) if "/" in target else (BUSINESS.convert(target, None, None), "")
    path = f"/api/businesses/{business_id}/promote"
    click.echo(client.post(f"{path}?component={component_id}" if component_id else path)["message"])
    if wait:
        wait_for(client, [business_id], "running", timeout)


@click.command()
@click.argument("business_id", type=BUSINESS)
@YES
@WAIT
@TIMEOUT
@with_client
def stop(client: Client, business_id: str, yes: bool, wait: bool, timeout: float) -> None:
    """Stop a business and keep its spec; restart brings it back."""
    client.post(f"/api/businesses/{business_id}/stop")
    click.echo(f"{business_id} is being stopped")
    settle_limits(client, [business_id], yes)
    if wait:
        wait_for(client, [business_id], "stopped", timeout)


@click.command()
@click.argument("business_id", type=BUSINESS)
@WAIT
@TIMEOUT
@with_client
def restart(client: Client, business_id: str, wait: bool, timeout: float) -> None:
    """Make every instance of a business anew, also of a stopped one."""
    client.post(f"/api/businesses/{business_id}/restart")
    click.echo(f"{business_id} is being restarted")
    if wait:
        wait_for(client, [business_id], "running", timeout)


@click.command()
@click.argument("business_id", type=BUSINESS)
@with_client
def pause(client: Client, business_id: str) -> None:
    """Leave a business as it is, until resume: nothing new of its source is accepted, nothing is healed or moved.

    stop and delete still end it.
    """
    client.post(f"/api/businesses/{business_id}/pause")
    click.echo(f"{business_id} is paused")


@click.command()
@click.argument("business_id", type=BUSINESS)
@WAIT
@TIMEOUT
@with_client
def resume(client: Client, business_id: str, wait: bool, timeout: float) -> None:
    """Go on with a business that was paused."""
    client.post(f"/api/businesses/{business_id}/resume")
    click.echo(f"{business_id} goes on")
    if wait:
        wait_for(client, [business_id], "running", timeout)


@click.command()
@click.argument("business_id", type=BUSINESS)
@click.option(
    "-y", "--yes", is_flag=True, help="Do not ask, and approve what is beyond the limits; not what holds volumes."
)
@WAIT
@TIMEOUT
@with_client
def delete(client: Client, business_id: str, yes: bool, wait: bool, timeout: float) -> None:
    """Remove a business and all that runs of it; named volumes stay."""
    if not yes and sys.stdin.isatty():
        click.confirm(f"Remove {business_id} and stop all of its instances?", abort=True)
    client.delete(f"/api/businesses/{business_id}")
    click.echo(f"{business_id} is being removed")
    settle_limits(client, [business_id], yes)
    if wait:
        wait_for(client, [business_id], "gone", timeout)

"""`diff`: what would happen, before it does."""

import sys
from typing import Any

import click
import msgspec

from reconciler.cli.client import Client
from reconciler.cli.errors import CliError
from reconciler.cli.options import with_client, with_plan_output
from reconciler.cli.output import machine
from reconciler.cli.plan_markdown import plan_markdown
from reconciler.cli.render_plan import in_sync, show_plan
from reconciler.cli.specfiles import read_specs
from reconciler.cli.suppose import with_suppose


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@with_suppose
@with_client
@with_plan_output
def diff(client: Client, paths: tuple[str, ...], suppose: dict[str, Any], output: str) -> None:
    """Show what would happen if these specs were applied.

    Without PATH: what the manager is about to do, files of its directory included. The options ask what would happen
    with other nodes or numbers of replicas; nothing is changed. Exit status: 0 in sync, 1 something would change, 2
    error.
    """
    try:
        body: dict[str, Any] = {"suppose": suppose} if suppose else {}
        if paths:
            businesses = [business for file in read_specs(paths) for business in file.businesses]
            body["businesses"] = [msgspec.to_builtins(business) for business in businesses]
        plan = client.post("/api/plan", body or None)
        if output == "markdown":
            click.echo(plan_markdown(plan), nl=False)
        elif not machine(plan, output):
            show_plan(plan)
    except CliError as error:
        error.show()
        sys.exit(2)
    sys.exit(0 if in_sync(plan) else 1)

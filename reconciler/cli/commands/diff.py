"""`diff`: what would happen, before it does."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from reconciler.cli.render.markdown import plan_markdown
from reconciler.cli.render.plan import show_plan
from reconciler.cli.render.tables import machine
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError, errors_exit_with
from reconciler.cli.support.offline import STATE, plan_offline
from reconciler.cli.support.options import with_client, with_plan_output
from reconciler.cli.support.previews import preview_of
from reconciler.cli.support.revisions import compare, revision_of
from reconciler.cli.support.saved_plans import write_plan
from reconciler.cli.support.specfiles import read_specs
from reconciler.cli.support.suppose import with_suppose
from reconciler.manifest.model import Business
from reconciler.plan.show.fields import PreviewDocument


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan, for `apply FILE`.")
@errors_exit_with(2)
@STATE
@with_suppose
@with_client
@with_plan_output
def diff(
    client: Client,
    paths: tuple[str, ...],
    out: Path | None,
    state: Path | None,
    suppose: dict[str, Any],
    output: str,
) -> None:
    """Show what would happen if these specs were applied.

    Without PATH: what the manager is about to do, files of its directory included. The options ask what would happen
    with other nodes or numbers of replicas; nothing is changed. --out saves the plan with the facts it relies on and,
    in full, the specs it is for. With --state it is computed here, of a state that `snapshot` wrote, without a manager.
    BUSINESS@3 BUSINESS@7 compares two revisions. Exit status: 0 in sync, 1 something would change, 2 error.
    """
    if paths and all(map(revision_of, paths)) and not any(Path(path).exists() for path in paths):
        compare(client, paths, output)
    businesses = [business for file in read_specs(paths) for business in file.businesses] if paths else None
    plan = _made(client, businesses, suppose, state, out)
    if output == "markdown":
        click.echo(plan_markdown(plan), nl=False)
    elif not machine(msgspec.to_builtins(plan), output):
        show_plan(plan)
    sys.exit(0 if plan.in_sync else 1)


def _made(
    client: Client,
    businesses: Sequence[Business] | None,
    suppose: dict[str, Any],
    state: Path | None,
    out: Path | None,
) -> PreviewDocument:
    """Compute the plan here, or have the manager do so, and save it if asked for. Raises CliError."""
    if state is not None:
        if out is not None:
            raise CliError("--out saves what the manager can carry out: leave out --state")
        return plan_offline(state, businesses, suppose)
    body: dict[str, Any] = {"suppose": suppose} if suppose else {}
    if businesses is not None:
        body["businesses"] = [msgspec.to_builtins(business) for business in businesses]
    return preview_of(_saved(client, body, out) if out else client.post("/api/plan", body or None))


def _saved(client: Client, body: dict[str, Any], out: Path) -> dict[str, Any]:
    """Have the manager make the plan to save, and write it. Raises CliError."""
    if body.keys() != {"businesses"}:
        raise CliError("--out saves what `apply` can carry out: give PATH, and suppose nothing")
    saved = client.post("/api/plans", body)
    write_plan(out, saved, body["businesses"])
    document: dict[str, Any] = saved["document"]
    return document

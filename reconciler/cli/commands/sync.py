"""`sync`: have the manager read its sources now, repositories fetched."""

from typing import Any

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client, NotFound
from reconciler.cli.support.errors import CliError, ProblemsError
from reconciler.cli.support.options import with_client
from reconciler.cli.support.unread_files import unread_files_hint
from reconciler.cli.support.waiting import TIMEOUT, wait_for


@click.command()
@click.argument("businesses", nargs=-1, metavar="[BUSINESS...]")
@click.option(
    "--prune",
    is_flag=True,
    help="Say yes to removing more than half of a source's businesses, and those named that sync.prune keeps.",
)
@click.option("--wait", is_flag=True, help="Wait until what was accepted runs and what was removed is gone.")
@TIMEOUT
@with_client
def sync(client: Client, businesses: tuple[str, ...], prune: bool, wait: bool, timeout: float) -> None:
    """Have the manager read its directories and fetch its repositories now.

    What waits because its sync mode is manual is accepted, or removed, when it is named. No window opens for that.
    """
    asked = {"prune": prune, "businesses": businesses} if prune or businesses else None
    try:
        result = client.post("/api/sync", asked)
    except NotFound as error:
        raise NotFound(error.message + unread_files_hint(client)) from None
    several = len(result["sources"]) > 1
    for source in result["sources"]:
        _tell(source, f"{source['name']}: " if several else "")
    if wait:
        try:
            _wait(client, result, timeout)
        except CliError as error:
            raise ProblemsError(result["problems"], error.message) from None
    if result["problems"]:
        raise ProblemsError(result["problems"], result["prune_blocked"] or "")
    if result["prune_blocked"]:
        raise CliError(result["prune_blocked"])
    refused = [one["business_id"] for one in result["deferred"] if one["business_id"] in businesses]
    if refused:
        raise CliError(f"{', '.join(refused)} waits all the same: what is said above keeps it")


def _tell(source: dict[str, Any], name: str) -> None:
    """What one source brought."""
    commit = source["commit"]
    if commit:
        say(f"{name}commit {commit['sha'][:12]} by {commit['author']}: {commit['subject']}")
    for word, ids in (("accepted", source["accepted"]), ("removed", source["removed"])):
        for business_id in ids:
            say(f"{name}{word} {business_id}")
    for deferred in source["deferred"]:
        say(f"{name}{deferred['business_id']} waits: {deferred['reason']}")
    say(f"{name}{source['unchanged']} unchanged")


def _wait(client: Client, result: dict[str, Any], timeout: float) -> None:
    """Until what was accepted is as it is wanted to be."""
    wanted = {business["business_id"]: business["desired"] for business in client.get("/api/businesses")}
    for goal in ("running", "stopped"):
        names = [name for name in result["accepted"] if wanted.get(name) == goal]
        if names:
            wait_for(client, names, goal, timeout)
    if result["removed"]:
        wait_for(client, result["removed"], "gone", timeout)

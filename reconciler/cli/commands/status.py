"""`status`: show what every instance is doing."""

from typing import Any

import click

from reconciler.cli.render.tables import age, console, machine, plain, table
from reconciler.cli.render.tables import status as coloured
from reconciler.cli.render.text import say
from reconciler.cli.support.approvals import tell_pending
from reconciler.cli.support.client import Client, NotFound
from reconciler.cli.support.errors import problem_of
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client, with_output
from reconciler.cli.support.unread_files import unread_files_hint

PROBLEMS_MAX = 5
"""So many problems of a source's files are shown."""


@click.command()
@click.argument("business_id", type=BUSINESS, required=False)
@with_client
@with_output
def status(client: Client, business_id: str | None, output: str) -> None:
    """Show what every instance is doing, where, and why if it does not run."""
    path = f"/api/businesses/{business_id}" if business_id else "/api/businesses"
    try:
        found = client.get(path)
    except NotFound as error:
        raise NotFound(error.message + unread_files_hint(client)) from None
    if machine(found, output):
        return
    businesses = [found] if business_id else found
    if not businesses:
        say("Nothing is deployed.")
    for number, business in enumerate(businesses):
        if number:
            click.echo()
        _show(business)
    if business_id is None:
        tell_pending(client)
        _sources(client.get("/api/sources"))


def _show(business: dict[str, Any]) -> None:
    said = {f"{part['component_id']}/{part['instance']}: {part['message']}" for part in business["components"]}
    message = business["message"]
    why = f"  {plain(message)}" if message and message not in said else ""
    console().print(
        f"[bold]{plain(business['business_id'])}[/] {coloured(business['status'])}"
        f"  [dim]revision {business['revision']}, {plain(business['source'])}{_commit(business['commit'])}[/]{why}"
    )
    rows = []
    for part in business["components"]:
        usage = part["resource_usage"]
        runs = part["status"] == "running"
        rows.append(
            (
                f"  {plain(part['component_id'])}/{part['instance']}",
                coloured(part["status"]),
                plain(part["node_id"] or "-"),
                f"{usage['cpu_percent']:.1f}%" if runs else "-",
                f"{usage['memory_mb']:.0f} MB" if runs else "-",
                age(part["started_at"]) or "-",
                plain(part["message"]),
            )
        )
    table(("  INSTANCE", "STATUS", "NODE", "CPU", "MEMORY", "AGE", ""), rows)


def _commit(commit: dict[str, Any] | None) -> str:
    return f", {commit['sha'][:12]} {plain(commit['subject'])} by {plain(commit['author'])}" if commit else ""


def _sources(sources: list[dict[str, Any]]) -> None:
    """The repositories, and what is wrong with any source."""
    for source in sources:
        complaints = [problem["message"] for problem in source["problems"] if problem["file"] == source["name"]]
        others = [str(problem_of(form)) for form in source["problems"] if form["file"] != source["name"]]
        complaints += others[:PROBLEMS_MAX]
        left = len(others) - PROBLEMS_MAX
        complaints += [f"and {left} more in its files: 'reconciler diff' lists them"] if left > 0 else []
        complaints += [source["prune_blocked"]] if source["prune_blocked"] else []
        if source["kind"] == "git" or complaints or source["deferred"]:
            click.echo()
            console().print(f"[bold]{plain(source['name'])}[/] {_fetched(source)}")
        for complaint in complaints:
            console().print(f"  [red]{plain(complaint)}[/]")
        for waits in source["deferred"]:
            console().print(f"  [yellow]{plain(waits['business_id'])} waits:[/] {plain(waits['reason'])}")


def _fetched(source: dict[str, Any]) -> str:
    if source["kind"] != "git":
        return "[dim]directory[/]"
    when = f"fetched {age(source['fetched_at'])} ago" if source["fetched_at"] else "not fetched by this manager yet"
    return f"[dim]{plain(source['url'])}{_commit(source['commit'])}, {when}[/]"

"""`get` and `status`: what is."""

from typing import Any

import click

from reconciler.cli.commands.approve import tell_held
from reconciler.cli.render.tables import age, console, machine, plain, table
from reconciler.cli.render.tables import status as coloured
from reconciler.cli.support.client import Client, NotFound
from reconciler.cli.support.errors import problem_of
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client, with_output
from reconciler.cli.support.saved_plans import show_plan_execution

MOST_PROBLEMS = 5
"""So many problems of a source's files are shown."""


@click.command()
@click.argument("business_id", type=BUSINESS, required=False, metavar="[BUSINESS_ID | plan HASH]")
@click.argument("plan_hash", required=False, metavar="")
@with_client
@with_output
def get(client: Client, business_id: str | None, plan_hash: str | None, output: str) -> None:
    """List businesses, or show one with its spec; or what became of a saved plan (`get plan HASH`)."""
    if plan_hash is not None:
        if business_id != "plan":
            raise click.UsageError(f"give one business, or 'plan HASH': '{business_id}' and '{plan_hash}' are two")
        show_plan_execution(client, plan_hash, output)
        return
    if business_id is None:
        found = client.get("/api/businesses")
        if not machine(found, output):
            _list(found)
        return
    business = client.get(f"/api/businesses/{business_id}")
    machine(business, "yaml" if output == "table" else output)


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
        raise NotFound(error.message + left_out(client)) from None
    if machine(found, output):
        return
    businesses = [found] if business_id else found
    if not businesses:
        click.echo("Nothing is deployed.")
    for number, business in enumerate(businesses):
        if number:
            click.echo()
        _show(business)
    if business_id is None:
        tell_held(client)
        _sources(client.get("/api/sources"))


def left_out(client: Client) -> str:
    """Why a business may be unknown though it is in a file: what is wrong with files."""
    files = {problem["file"] for source in client.get("/api/sources") for problem in source["problems"]}
    named = ", ".join(sorted(files)[:MOST_PROBLEMS]) + (" …" if len(files) > MOST_PROBLEMS else "")
    return (
        f"; nothing new is taken from files that have problems ('reconciler diff' lists them): {named}" if files else ""
    )


def _list(businesses: list[dict[str, Any]]) -> None:
    if not businesses:
        click.echo("Nothing is deployed.")
        return
    rows = []
    for business in businesses:
        parts = business["components"]
        running = sum(part["status"] == "running" for part in parts)
        rows.append(
            (
                plain(business["business_id"]),
                coloured(business["status"]) + (" (paused)" if business["paused"] else ""),
                f"{running}/{len(parts)}",
                str(business["revision"]),
                plain(business["source"]),
                age(business["updated_at"]),
            )
        )
    table(("BUSINESS", "STATUS", "RUNNING", "REVISION", "SOURCE", "UPDATED"), rows)


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
        complaints += others[:MOST_PROBLEMS]
        left = len(others) - MOST_PROBLEMS
        complaints += [f"and {left} more in its files: 'reconciler diff' lists them"] if left > 0 else []
        complaints += [source["held"]] if source["held"] else []
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

"""`get`: list businesses, show one, or a saved plan that was applied."""

from typing import Any

import click

from reconciler.cli.render.tables import age, machine, plain, table
from reconciler.cli.render.tables import status as coloured
from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import BUSINESS
from reconciler.cli.support.options import with_client, with_output
from reconciler.cli.support.saved_plans import show_plan_execution


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


def _list(businesses: list[dict[str, Any]]) -> None:
    if not businesses:
        say("Nothing is deployed.")
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

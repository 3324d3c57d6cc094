"""`approve`: let pass what a plan holds because it is beyond a limit."""

from typing import Any

import click

from reconciler.cli.render.plan import HASH_LETTERS
from reconciler.cli.render.tables import machine, plain, table
from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.options import with_client, with_output


@click.command()
@click.argument("plan_hash", required=False, metavar="[PLAN-HASH]")
@with_client
@with_output
def approve(client: Client, plan_hash: str | None, output: str) -> None:
    """Let the stops pass that the manager holds because they are beyond a limit.

    Without PLAN-HASH: list them, with the hash to give. It has to be that of the present plan, so that nothing passes
    which nobody has seen. Exit status: 0 done, or nothing waits; 1 something waits, or refused.
    """
    if plan_hash is not None:
        done = client.post(f"/api/plans/{plan_hash}/approve")
        if not machine(done, output):
            say(done["message"])
        return
    found = client.get("/api/approvals")
    if not machine(found, output):
        _show(found)
    raise SystemExit(1 if found["pending"] else 0)


def _show(found: dict[str, Any]) -> None:
    if not found["pending"]:
        say("Nothing waits for an approval.")
        return
    table(
        ("STOP", "NODE", "WHY", "HELD"),
        [
            (
                plain(f"{item['business_id']}/{item['component_id']}/{item['instance']}"),
                plain(item["node_id"]),
                plain(item["reason"]),
                plain(item["limits"]),
            )
            for item in found["pending"]
        ],
    )
    say(f"To let all of it pass: reconciler approve {found['hash'][:HASH_LETTERS]}")

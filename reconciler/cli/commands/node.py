"""`node`: the machines."""

import sys
import time
from typing import Any

import click

from reconciler.cli.render.tables import age, machine, plain, status, table
from reconciler.cli.render.text import counted, say
from reconciler.cli.support.client import Client
from reconciler.cli.support.drain_check import check_drain, show_drain
from reconciler.cli.support.errors import CliError, errors_exit_with
from reconciler.cli.support.names import NODE
from reconciler.cli.support.options import with_client, with_output
from reconciler.cli.support.params import Duration
from reconciler.cli.support.waiting import POLL_SECONDS, REASONS_MAX

DRAIN_SECONDS = 300.0
PAST_DEADLINE_SECONDS = 60.0
"""Seconds in which what is stopped at the deadline should have ended."""


@click.group(invoke_without_command=True)
@click.pass_context
def node(ctx: click.Context) -> None:
    """List nodes, show one, keep one from getting new instances."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


def _closed(item: dict[str, Any]) -> str:
    if item["draining"]:
        return " draining"
    return " cordoned" if item["cordoned"] else ""


@node.command("list")
@with_client
@with_output
def list_(client: Client, output: str) -> None:
    """List the nodes."""
    found = client.get("/api/nodes")
    if machine(found, output):
        return
    if not found:
        say("No node has registered. Start an agent: reconciler agent --manager " + client.url)
        return
    table(
        ("NODE", "STATE", "CPU RESERVED", "MEMORY RESERVED", "GPUS", "INSTANCES", "LABELS", "SEEN"),
        [
            (
                plain(item["node_id"]),
                status(item["state"]) + _closed(item),
                f"{item['allocated']['cpu_cores']:g} of {item['capacity']['cpu_cores']:g}",
                f"{item['allocated']['memory_mb']} of {item['capacity']['memory_mb']} MB",
                f"{len(item['allocated']['gpus'])} of {len(item['gpus'])}",
                str(item["instances"]),
                plain(" ".join(f"{name}={value}" for name, value in item["labels"].items())),
                age(item["last_seen"]),
            )
            for item in found
        ],
    )


@node.command()
@click.argument("node_id", type=NODE)
@with_client
@with_output
def show(client: Client, node_id: str, output: str) -> None:
    """Show one node."""
    machine(client.get(f"/api/nodes/{node_id}"), "yaml" if output == "table" else output)


@node.command()
@click.argument("node_id", type=NODE)
@with_client
def cordon(client: Client, node_id: str) -> None:
    """Keep a node from getting new instances; what runs there runs on."""
    say(client.post(f"/api/nodes/{node_id}/cordon")["message"])


@node.command()
@click.argument("node_id", type=NODE)
@click.option("--wait", is_flag=True, help="Wait until nothing is left there; fail when something is.")
@click.option(
    "--deadline", type=Duration(), help="After this long, stop what is left there, whether it runs elsewhere or not."
)
@click.option("--timeout", type=Duration(), help="How long --wait waits. [default: 5m, or a minute past the deadline]")
@click.option("--check", is_flag=True, help="Only show what it would do; fail when something would stay.")
@with_client
def drain(client: Client, node_id: str, wait: bool, deadline: float | None, timeout: float | None, check: bool) -> None:
    """Move what runs on a node to others; uncordon ends it.

    Of each component, so many instances move at a time as an update takes (`update.parallelism`, 1 by default), each
    gone only once it runs elsewhere. What fits nowhere else stays until the deadline; instances with host volumes stay
    in any case; `status` says so.
    Exit status of --check: 0 everything has a place, 1 something would stay, 2 error.
    """
    if check:
        _check(client, node_id)
    say(client.post(f"/api/nodes/{node_id}/drain", {"deadline": deadline})["message"])
    if wait:
        default = DRAIN_SECONDS if deadline is None else deadline + PAST_DEADLINE_SECONDS
        _wait_until_empty(client, node_id, default if timeout is None else timeout)


def _wait_until_empty(client: Client, node_id: str, seconds: float) -> None:
    """Return when no instance is left on the node. Raises CliError, naming what stays, after these seconds."""
    deadline = time.monotonic() + seconds
    said = None
    while left := client.get(f"/api/nodes/{node_id}")["instances"]:
        if left != said:
            said = left
            say(f"{left} left")
        if time.monotonic() > deadline:
            stay = counted(left, "instance")
            raise CliError(f"{node_id} still has {stay} after {seconds:g} s; {_why_left(client, node_id)}")
        time.sleep(POLL_SECONDS)


def _check(client: Client, node_id: str) -> None:
    """Show what a drain would do, and exit."""
    with errors_exit_with(2):
        found = check_drain(client, node_id)
    show_drain(found, node_id)
    sys.exit(1 if found.stays else 0)


def _why_left(client: Client, node_id: str) -> str:
    """Why instances did not leave, as far as the manager says."""
    reasons = [
        f"{business['business_id']}/{part['component_id']}/{part['instance']}: {part['message']}"
        for business in client.get("/api/businesses")
        for part in business["components"]
        if part["node_id"] == node_id and part["message"]
    ]
    return "; ".join(reasons[:REASONS_MAX]) or "instances with host volumes stay until they are stopped"


@node.command()
@click.argument("node_id", type=NODE)
@with_client
def uncordon(client: Client, node_id: str) -> None:
    """Let a node get instances again."""
    say(client.post(f"/api/nodes/{node_id}/uncordon")["message"])

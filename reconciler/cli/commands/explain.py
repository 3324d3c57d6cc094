"""`explain`: why an instance is where it is, or nowhere."""

from pathlib import Path
from typing import Any

import click

from reconciler.cli.render.tables import console, machine, plain, table
from reconciler.cli.render.text import say, some_of
from reconciler.cli.support.client import Client
from reconciler.cli.support.names import instance_of
from reconciler.cli.support.offline import STATE, explain_offline
from reconciler.cli.support.options import with_client, with_output
from reconciler.wire.messages import InstanceKey

NODES_NAMED_MAX = 3
GROUPS_SHOWN_MAX = 20
"""How many nodes of a group are named, and how many groups are shown."""


@click.command()
@click.argument("target", metavar="BUSINESS/COMPONENT[/N]")
@STATE
@with_client
@with_output
def explain(client: Client, target: str, state: Path | None, output: str) -> None:
    """Show how an instance (0 unless N is given) stands with every node, and what would make it fit.

    Nodes are taken as they will be once the plan is carried out. The lowest score wins.
    """
    business_id, component_id, number = instance_of(target)
    key = InstanceKey(business_id, component_id, number or 0)
    path = f"/api/businesses/{business_id}/components/{component_id}/{key.instance}/explain"
    found = client.get(path) if state is None else explain_offline(state, key)
    if not machine(found, output):
        _show(found)


def _show(found: dict[str, Any]) -> None:
    name = f"{found['business_id']}/{found['component_id']}/{found['instance']}"
    where = f"is placed on {found['node_id']}" if found["node_id"] else "has no place"
    why = f"  [dim]{plain(found['reason'])}[/]" if found["reason"] else ""
    console().print(f"[bold]{plain(name)}[/] {plain(where)}{why}")
    rows = [_row(situation, found["node_id"]) for situation in found["situations"][:GROUPS_SHOWN_MAX]]
    table(("  NODES", "SCORE", "RESERVED", "MEASURED", "INSTANCES", "GPU", "IMAGE", ""), rows)
    left = sum(len(situation["nodes"]) for situation in found["situations"][GROUPS_SHOWN_MAX:])
    if left:
        say(f"  and {left} more nodes: -o json shows all")
    if found["remedy"]:
        say(f"To make it fit {found['remedy']}")


def _row(situation: dict[str, Any], node_id: str | None) -> tuple[str, ...]:
    nodes, score = situation["nodes"], situation["score"]
    names = some_of(nodes, NODES_NAMED_MAX)
    if score is None:
        return f"  {plain(names)}", "-", "-", "-", "-", "-", "-", plain("; ".join(situation["obstacles"]))
    parts = [f"{score[part]:.3f}" for part in ("total", "reserved", "measured", "instances", "gpu", "image")]
    return f"  {plain(names)}", *parts, "here" if node_id in nodes else "fits"

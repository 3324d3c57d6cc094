"""`node`: the machines."""

import click

from reconciler.cli.client import Client
from reconciler.cli.options import with_client, with_output
from reconciler.cli.output import age, machine, plain, status, table


@click.group(invoke_without_command=True)
@click.pass_context
def node(ctx: click.Context) -> None:
    """List nodes, show one, keep one from getting new instances."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@node.command("list")
@with_client
@with_output
def list_(client: Client, output: str) -> None:
    """List the nodes."""
    found = client.get("/api/nodes")
    if machine(found, output):
        return
    if not found:
        click.echo("No node has registered. Start an agent: reconciler agent --manager " + client.url)
        return
    table(
        ("NODE", "STATE", "CPU PROMISED", "MEMORY PROMISED", "GPUS", "INSTANCES", "LABELS", "SEEN"),
        [
            (
                plain(item["node_id"]),
                status(item["state"]) + (" cordoned" if item["cordoned"] else ""),
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
@click.argument("node_id")
@with_client
@with_output
def show(client: Client, node_id: str, output: str) -> None:
    """Show one node."""
    machine(client.get(f"/api/nodes/{node_id}"), "yaml" if output == "table" else output)


@node.command()
@click.argument("node_id")
@with_client
def cordon(client: Client, node_id: str) -> None:
    """Keep a node from getting new instances; what runs there runs on."""
    click.echo(client.post(f"/api/nodes/{node_id}/cordon")["message"])


@node.command()
@click.argument("node_id")
@with_client
def uncordon(client: Client, node_id: str) -> None:
    """Let a node get instances again."""
    click.echo(client.post(f"/api/nodes/{node_id}/uncordon")["message"])

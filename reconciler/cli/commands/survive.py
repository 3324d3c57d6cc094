"""What-if questions: options of `diff`, and `survive`."""

import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reconciler.cli.commands.snapshot import STATE, survive_offline
from reconciler.cli.render.tables import machine, plain, table
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.options import with_client, with_output
from reconciler.manifest.form.units import cores, size_mb

Form = dict[str, Any]
ADD_NODE = "cpu=16,memory=64G,gpu=2,label:zone=b,count=10"


def with_suppose(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hand the command what is supposed, as `suppose`: the body that the manager's API takes."""

    @click.option("--without", multiple=True, metavar="NODE", help="As if this node were lost.")
    @click.option("--cordon", multiple=True, metavar="NODE", help="As if this node were cordoned.")
    @click.option("--drain", multiple=True, metavar="NODE", help="As if this node were drained.")
    @click.option("--add-node", multiple=True, metavar="SPEC", help=f"As if there were more nodes, such as {ADD_NODE}.")
    @click.option("--scale", multiple=True, metavar="BUSINESS/COMPONENT=N", help="As if it had so many replicas.")
    @functools.wraps(command)
    def wrapped(
        *args: Any,
        without: tuple[str, ...],
        cordon: tuple[str, ...],
        drain: tuple[str, ...],
        add_node: tuple[str, ...],
        scale: tuple[str, ...],
        **more: Any,
    ) -> Any:
        try:
            added, scaled = [new_node(text) for text in add_node], dict(replicas(text) for text in scale)
        except CliError as error:
            error.show()
            sys.exit(2)
        suppose = {"without": without, "cordon": cordon, "drain": drain, "add_nodes": added, "scale": scaled}
        return command(*args, suppose={name: value for name, value in suppose.items() if value}, **more)

    return wrapped


def new_node(text: str) -> Form:
    """`cpu=16,memory=64G,gpu=2,label:zone=b,count=10` as the API has it. Raises CliError."""
    form: Form = {"labels": {}}
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            if name.startswith("label:") and value:
                form["labels"][name.removeprefix("label:")] = value
            elif name == "cpu":
                form["cpu_cores"] = cores(value)
            elif name == "memory":
                form["memory_mb"] = size_mb(value)
            elif name == "gpu_memory":
                form["gpu_memory_mb"] = size_mb(value)
            elif name in ("gpu", "count"):
                form[{"gpu": "gpus"}.get(name, name)] = int(value)
            else:
                raise ValueError(f"'{part}' is not known")
        except ValueError as error:
            raise CliError(f"--add-node: {error}: write it as {ADD_NODE}") from None
    if not {"cpu_cores", "memory_mb"} <= form.keys():
        raise CliError(f"--add-node '{text}' needs cpu and memory: write it as {ADD_NODE}")
    return form


def replicas(text: str) -> tuple[str, int]:
    """`shop/web=3` as name and number. Raises CliError."""
    matched = re.fullmatch(r"([^/=]+/[^/=]+)=([0-9]{1,9})", text)
    if matched is None:
        raise CliError(f"'{text}' says no number of replicas: write BUSINESS/COMPONENT=N, such as shop/web=3")
    return matched[1], int(matched[2])


@click.command()
@STATE
@click.option("--by", metavar="LABEL", help="Lose all nodes with one value of this label at once, such as rack.")
@with_client
@with_output
def survive(client: Client, state: Path | None, by: str | None, output: str) -> None:
    """Show, for each node (or rack, zone …), what would have no place if it were lost.

    Exit status: 0 everything would have a place whatever is lost, 1 something would not, 2 error.
    """
    try:
        found = client.get("/api/survive", by=by) if state is None else survive_offline(state, by)
        if by and not found:
            raise CliError(f"no node that answers has the label '{by}': 'reconciler node list' shows their labels")
    except CliError as error:
        error.show()
        sys.exit(2)
    if not machine(found, output):
        if not found:
            click.echo("No node answers.")
        rows = [
            (plain(group["lost"]), plain(name), plain(why))
            for group in found
            for name, why in (group["homeless"] or {"-": "everything has a place elsewhere"}).items()
        ]
        table(("LOST", "WITHOUT A PLACE", ""), rows)
    sys.exit(1 if any(group["homeless"] for group in found) else 0)

"""What-if questions, as options of commands."""

import functools
import re
from collections.abc import Callable
from typing import Any

import click

from reconciler.cli.support.errors import CliError
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
        added, scaled = [new_node(text) for text in add_node], dict(replicas(text) for text in scale)
        suppose = {"without": without, "cordon": cordon, "drain": drain, "add_nodes": added, "scale": scaled}
        return command(*args, suppose={name: value for name, value in suppose.items() if value}, **more)

    return wrapped


def new_node(text: str) -> Form:
    """Read `cpu=16,memory=64G,gpu=2,label:zone=b,count=10` as the API has it. Raises CliError."""
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
    """Read `shop/web=3` as name and number. Raises CliError."""
    matched = re.fullmatch(r"([^/=]+/[^/=]+)=([0-9]{1,9})", text)
    if matched is None:
        raise CliError(f"'{text}' says no number of replicas: write BUSINESS/COMPONENT=N, such as shop/web=3")
    return matched[1], int(matched[2])

"""Options that many commands share, written once."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reconciler.cli.support.client import Client
from reconciler.cli.support.config import manager_url, output_format, token

Command = Callable[..., Any]


def of_group(name: str) -> Any:
    """Look up a value given before the command's name, None when there is none."""
    root = click.get_current_context().find_root()
    return root.params.get(name)


def manager_options(command: Command) -> Command:
    """Add --manager and --token-file; they may stand before the command's name too."""
    command = click.option("--manager", metavar="URL", help="The manager's address. [env: RECONCILER_MANAGER]")(command)
    return token_option(command)


def token_option(command: Command) -> Command:
    """Add --token-file."""
    return click.option(
        "--token-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The file that holds the shared token. [env: RECONCILER_TOKEN]",
    )(command)


def output_option(command: Command) -> Command:
    """Add -o table|json|yaml."""
    return click.option(
        "-o", "--output", type=click.Choice(["table", "json", "yaml"]), help="How to print. [default: table]"
    )(command)


def with_client(command: Command) -> Command:
    """Hand the command a Client made of the shared options, as its first argument."""

    @manager_options
    @functools.wraps(command)
    def wrapped(*args: Any, manager: str | None, token_file: Path | None, **more: Any) -> Any:
        client = Client(manager_url(manager or of_group("manager")), token(token_file or of_group("token_file")))
        return command(client, *args, **more)

    return wrapped


def with_output(command: Command) -> Command:
    """Hand the command the output format as `output`."""

    @output_option
    @functools.wraps(command)
    def wrapped(*args: Any, output: str | None, **more: Any) -> Any:
        return command(*args, output=output_format(output or of_group("output")), **more)

    return wrapped


def with_plan_output(command: Command) -> Command:
    """Hand the command the output format as `output`; `markdown` is one of them."""

    @click.option(
        "-o",
        "--output",
        type=click.Choice(["table", "json", "yaml", "markdown"]),
        help="How to print; markdown is for a comment on a pull request. [default: table]",
    )
    @functools.wraps(command)
    def wrapped(*args: Any, output: str | None, **more: Any) -> Any:
        chosen = output if output == "markdown" else output_format(output or of_group("output"))
        return command(*args, output=chosen, **more)

    return wrapped

"""Printing: rich tables on a terminal, plain aligned text when piped, JSON and YAML for programs."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
import yaml
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reconciler.cli.render.text import visible

COLOURS = {
    "running": "green",
    "ready": "green",
    "failed": "red",
    "lost": "red",
    "stopped": "bright_black",
    "create": "green",
    "update": "yellow",
    "stop": "red",
}
BUSY = "yellow"


def console() -> Console:
    """Open standard output; it is as wide as its lines when it is no terminal."""
    if sys.stdout.isatty():
        return Console(highlight=False, soft_wrap=False)
    return Console(highlight=False, width=100_000, color_system=None, force_terminal=False)


def machine(data: Any, output: str) -> bool:
    """Print data for a program when `output` asks for it. True when it did."""
    if output == "json":
        click.echo(json_text(data, indent=2))
    elif output == "yaml":
        click.echo(yaml_text(data), nl=False)
    return output != "table"


def json_text(data: Any, indent: int | None = None) -> str:
    """Write JSON that people can read: letters as they are, what a terminal would take for a command escaped."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)


class _Dumper(yaml.SafeDumper):
    """Writes text that has control characters between double quotes, where they can be escaped."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    harmless = all(letter.isprintable() or letter == "\n" for letter in text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if harmless else '"')


_Dumper.add_representer(str, _represent)


def yaml_text(data: Any) -> str:
    """Write YAML that people can read: letters as they are, what a terminal would take for a command escaped."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return "".join(letter if letter.isprintable() or letter == "\n" else f"\\U{ord(letter):08x}" for letter in text)


def status(word: str) -> str:
    """Write a status word in its colour, as markup."""
    return f"[{COLOURS.get(word, BUSY)}]{plain(word)}[/]"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under heads; cells are markup, so text from elsewhere goes through `plain` first."""
    made = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False, show_edge=False, expand=False)
    for head in heads:
        made.add_column(head, overflow="fold", no_wrap=not sys.stdout.isatty())
    for row in rows:
        made.add_row(*row)
    console().print(made)


def plain(text: object) -> str:
    """Write text as markup that shows it as it is, whatever it holds; control characters are made visible."""
    return escape(visible(text))


def age(iso: str | None) -> str:
    """Say how long ago a time was, as `5s`, `3m`, `2h` or `4d`."""
    if iso is None:
        return ""
    past = datetime.strptime(iso, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    seconds = max(int((datetime.now(UTC) - past).total_seconds()), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"

"""`logs`: what the instances of a business write, merged over nodes."""

import sys
import time
from datetime import UTC, datetime
from typing import Any

import click

from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.names import BUSINESS, instance_of
from reconciler.cli.support.options import with_client
from reconciler.cli.support.params import Duration

FOLLOW_SECONDS = 0.5
COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "red")
Name = tuple[str, int]


@click.command()
@click.argument("target", metavar="BUSINESS[/COMPONENT[/N]]")
@click.option("-f", "--follow", is_flag=True, help="Go on printing what is written.")
@click.option(
    "--tail",
    type=click.IntRange(0, 10_000),
    default=100,
    show_default=True,
    help="How many of the last lines of each instance.",
)
@click.option("--since", type=Duration(), help="Only lines as old as this at most, such as 10m; of containers only.")
@click.option("--timestamps", is_flag=True, help="Show when each line was written; of containers only.")
@with_client
def logs(client: Client, target: str, follow: bool, tail: int, since: float | None, timestamps: bool) -> None:
    """Show what a business, a component or one instance writes, each line with its instance's name."""
    business_id, component_id, instance = _target(target)
    tails = _Tails(client, business_id, tail, since, timestamps)
    wanted = _instances(client, business_id, component_id, instance)
    told = tails.show(wanted)
    if not follow:
        for name, reason in told.items():
            click.echo(f"{name}: {reason}", err=True)
        if len(told) == len(wanted):
            sys.exit(1)
        return
    while True:
        time.sleep(FOLLOW_SECONDS)
        # An instance that has gone for the moment, or moved, is followed again when it is back.
        tails.show(_instances(client, business_id, component_id, instance))


def _target(text: str) -> tuple[str, str | None, int | None]:
    return instance_of(text) if "/" in text else (BUSINESS.convert(text, None, None), None, None)


def _instances(client: Client, business_id: str, component_id: str | None, instance: int | None) -> list[Name]:
    """The instances that are meant. Raises CliError when there is none."""
    parts = client.get(f"/api/businesses/{business_id}/components")
    names = [(part["component_id"], part["instance"]) for part in parts]
    found = [name for name in names if component_id in (None, name[0]) and instance in (None, name[1])]
    if not found:
        known = ", ".join(f"{component}/{number}" for component, number in names) or "none"
        wanted = component_id if instance is None else f"{component_id}/{instance}"
        raise CliError(f"business '{business_id}' has no instance of {wanted}; it has {known}")
    return found


class _Tails:
    """Where each instance's output was read up to."""

    def __init__(self, client: Client, business_id: str, tail: int, since: float | None, timestamps: bool) -> None:
        self._client = client
        self._business_id = business_id
        self._first = {"tail": tail, "since": int(time.time() - since) if since is not None else None}
        self._timestamps = timestamps
        self._cursors: dict[Name, str] = {}
        self._colours: dict[Name, str] = {}

    def show(self, names: list[Name]) -> dict[str, str]:
        """Print what is new of these instances by its times, and return why others can't be read, by name."""
        lines: list[tuple[str, Name, str]] = []
        failed = {}
        for name in names:
            try:
                lines += self._read(name)
            except CliError as error:
                failed[f"{name[0]}/{name[1]}"] = error.message
        width = max(len(f"{component}/{number}") for component, number in names)
        for at, name, text in sorted(lines, key=lambda line: line[0]):
            self._print(at, name, text, width)
        return failed

    def _read(self, name: Name) -> list[tuple[str, Name, str]]:
        cursor = self._cursors.get(name)
        query: dict[str, Any] = {"cursor": cursor} if cursor else self._first
        chunk = self._client.get(f"/api/businesses/{self._business_id}/components/{name[0]}/{name[1]}/logs", **query)
        self._cursors[name] = chunk.get("cursor", "")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if cursor else ""
        return [(line.get("at") or now, name, line["text"]) for line in chunk.get("lines", ())]

    def _print(self, at: str, name: Name, text: str, width: int) -> None:
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        prefix = f"{name[0]}/{name[1]}".ljust(width)
        when = f"{at} " if self._timestamps and at else ""
        # Output may hold anything; what would move the cursor of a terminal is left out.
        shown = "".join(character for character in text if character == "\t" or character.isprintable())
        click.echo(f"{click.style(prefix, fg=colour)} | {when}{shown}")

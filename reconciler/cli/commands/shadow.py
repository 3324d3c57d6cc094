"""`shadow`: plan stored history with this version."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

import reconciler
from reconciler.cli.support.client import Client
from reconciler.cli.support.decisions import (
    Past,
    compare_history,
    errors_end_with_two,
    kept_decisions,
    plans,
    replayed,
    show_result,
)
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.offline import read_file
from reconciler.cli.support.options import with_client, with_output


@click.command()
@click.argument("paths", nargs=-1, metavar="[STATE...]", type=click.Path(path_type=Path))
@with_client
@with_output
def shadow(client: Client, paths: tuple[Path, ...], output: str) -> None:
    """Plan stored history with this version, and list the decisions that differ from those that were made.

    STATE is a file that `replay PLAN --out FILE` wrote, or a folder of such; without any, what the manager keeps. Use
    it before an upgrade: run the new version's `shadow` against the old one's history. Exit status: 0 none differs,
    1 some do, 2 error.
    """
    with errors_end_with_two():
        equal = compare_history(_written(paths) if paths else kept_decisions(client), output, _show_differing)
    sys.exit(0 if equal else 1)


def _written(paths: Iterable[Path]) -> Iterator[Past]:
    """What is in files, and in the files of folders."""
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise CliError(f"{path} has no *.json: write one with 'reconciler replay PLAN --out {path}/NAME.json'")
        for file in files:
            yield replayed(read_file(file), str(file))


def _show_differing(count: int, differing: list[Past]) -> None:
    for past in differing:
        show_result(past)
    verb = "differs" if len(differing) == 1 else "differ"
    click.echo(
        f"{count} {plans(count)} made anew by version {reconciler.__version__}: {len(differing) or 'none'} {verb}."
    )

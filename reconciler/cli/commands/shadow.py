"""`shadow`: plan stored history with this version."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

import reconciler
from reconciler.cli.render.text import counted, say
from reconciler.cli.support.client import Client
from reconciler.cli.support.decisions import (
    ReplayedDecision,
    compare_history,
    kept_decisions,
    replayed,
    show_result,
)
from reconciler.cli.support.errors import CliError, errors_exit_with
from reconciler.cli.support.offline import read_file
from reconciler.cli.support.options import with_client, with_output


@click.command()
@click.argument("paths", nargs=-1, metavar="[STATE...]", type=click.Path(path_type=Path))
@errors_exit_with(2)
@with_client
@with_output
def shadow(client: Client, paths: tuple[Path, ...], output: str) -> None:
    """Plan stored history with this version, and list the decisions that differ from those that were made.

    STATE is a file that `replay PLAN --out FILE` wrote, or a folder of such; without any, what the manager keeps. Use
    it before an upgrade: run the new version's `shadow` against the old one's history. Exit status: 0 none differs,
    1 some do, 2 error.
    """
    equal = compare_history(_written(paths) if paths else kept_decisions(client), output, _show_differing)
    sys.exit(0 if equal else 1)


def _written(paths: Iterable[Path]) -> Iterator[ReplayedDecision]:
    """Replay the decisions in files, and in the files of folders. Raises CliError."""
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise CliError(f"{path} has no *.json: write one with 'reconciler replay PLAN --out {path}/NAME.json'")
        for file in files:
            yield replayed(read_file(file), str(file))


def _show_differing(count: int, differing: list[ReplayedDecision]) -> None:
    for past in differing:
        show_result(past)
    verb = "differs" if len(differing) == 1 else "differ"
    say(f"{counted(count, 'plan')} made anew by version {reconciler.__version__}: {len(differing) or 'none'} {verb}.")

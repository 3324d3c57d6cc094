"""`hook`: a git repository that tells the manager of every commit."""

import shlex
import subprocess
import sys
from pathlib import Path

import click

from reconciler.cli.errors import CliError
from reconciler.cli.options import manager_options, of_group

NAMES = ("post-commit", "post-merge", "post-receive")
MARK = "# written by reconciler hook install"


@click.group()
def hook() -> None:
    """Have a git repository trigger a sync with each commit, merge or push."""


@hook.command()
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="The repository. [default: this directory]"
)
@manager_options
def install(repo: Path, manager: str | None, token_file: Path | None) -> None:
    """Write the hooks. Yours are never overwritten."""
    directory = _hooks(repo)
    text = _script(manager or of_group("manager"), token_file or of_group("token_file"))
    foreign = [name for name in NAMES if (directory / name).exists() and not _ours(directory / name)]
    if foreign:
        line = text.splitlines()[-2].strip()
        names = ", ".join(str(directory / name) for name in foreign)
        raise CliError(f"{names} is yours and stays as it is: add this line to it instead:\n  {line}")
    directory.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        path = directory / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        click.echo(f"wrote {path}")


@hook.command()
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="The repository. [default: this directory]"
)
def uninstall(repo: Path) -> None:
    """Remove the hooks that install wrote."""
    directory = _hooks(repo)
    removed = [directory / name for name in NAMES if (directory / name).exists() and _ours(directory / name)]
    for path in removed:
        path.unlink()
        click.echo(f"removed {path}")
    if not removed:
        click.echo("there is none of ours")


def _hooks(repo: Path) -> Path:
    """The repository's hooks directory, core.hooksPath respected."""
    try:
        found = subprocess.run(
            ["git", "-C", str(repo), "rev-parse", "--git-path", "hooks"], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise CliError(f"git can't be run: {error.strerror}") from None
    if found.returncode:
        raise CliError(f"{repo.resolve()} is no git repository: name one with --repo DIR")
    return (repo / found.stdout.strip()).resolve()


def _ours(path: Path) -> bool:
    return MARK in path.read_text(encoding="utf-8", errors="replace")


def _script(manager: str | None, token_file: Path | None) -> str:
    """The hook: it reports what the sync did, and never makes git fail."""
    words = [sys.executable, "-m", "reconciler.cli.main"]
    if manager:
        words += ["--manager", manager]
    if token_file:
        words += ["--token-file", str(token_file.resolve())]
    return f"#!/bin/sh\n{MARK}\n{shlex.join([*words, 'sync'])} >&2 || echo 'reconciler: the sync failed' >&2\nexit 0\n"

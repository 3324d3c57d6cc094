"""`hook`: a git repository that checks specs before it takes them, and tells the manager of what it took."""

import shlex
import subprocess
import sys
from pathlib import Path

import click

from reconciler.cli.render.text import say
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError
from reconciler.cli.support.hook_checks import check_commit, check_push
from reconciler.cli.support.options import manager_options, of_group, with_client

TELLING = ("post-commit", "post-merge", "post-receive")
CHECKING = ("pre-commit", "pre-receive")
NAMES = (*CHECKING, *TELLING)
MARK = "# written by reconciler hook install"
PATH = click.option(
    "--path", "folder", default="desired", show_default=True, metavar="DIR", help="The folder of the specs in it."
)
BRANCH = click.option("--branch", default="", metavar="NAME", help="Check pushes to this branch only. [default: all]")
PLAN = click.option("--plan", is_flag=True, help="Also show who commits or pushes what it would change.")
REPO = click.argument("repo", type=click.Path(path_type=Path), default=Path(), metavar="[REPO]")


@click.group()
def hook() -> None:
    """Have a git repository check specs and trigger a sync with each commit, merge or push."""


@hook.command()
@REPO
@PATH
@BRANCH
@PLAN
@manager_options
def install(repo: Path, folder: str, branch: str, plan: bool, manager: str | None, token_file: Path | None) -> None:
    """Write the hooks into REPO (this directory). Yours are never overwritten.

    pre-commit and pre-receive refuse specs that are not valid; post-commit, post-merge and post-receive have the
    manager sync.
    """
    directory = _hooks(repo)
    command = _command(manager or of_group("manager"), token_file or of_group("token_file"))
    lines = {name: _line(name, command, folder, branch, plan) for name in NAMES}
    foreign = [name for name in NAMES if (directory / name).exists() and not _ours(directory / name)]
    if foreign:
        wanted = "\n".join(f"  {directory / name}: {lines[name]}" for name in foreign)
        raise CliError(f"these hooks are yours and stay as they are: add a line to each of them instead:\n{wanted}")
    directory.mkdir(parents=True, exist_ok=True)
    for name, line in lines.items():
        path = directory / name
        path.write_text(f"#!/bin/sh\n{MARK}\n{line}\n", encoding="utf-8")
        path.chmod(0o755)
        say(f"wrote {path}")


@hook.command()
@REPO
def uninstall(repo: Path) -> None:
    """Remove the hooks that install wrote."""
    directory = _hooks(repo)
    removed = [directory / name for name in NAMES if (directory / name).exists() and _ours(directory / name)]
    for path in removed:
        path.unlink()
        say(f"removed {path}")
    if not removed:
        say("there is none of ours")


@hook.command()
@click.argument("name", type=click.Choice(CHECKING))
@PATH
@BRANCH
@PLAN
@with_client
def run(client: Client, name: str, folder: str, branch: str, plan: bool) -> None:
    """Do what a hook does: check what is staged, or what is being pushed (as git tells on standard input)."""
    planner = client if plan else None
    if name == "pre-commit":
        check_commit(folder, planner)
    else:
        check_push(folder, branch, sys.stdin.read(), planner)


def _hooks(repo: Path) -> Path:
    """The repository's hooks directory, core.hooksPath respected."""
    try:
        found = subprocess.run(
            ["git", "-C", str(repo), "rev-parse", "--git-path", "hooks"], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise CliError(f"git can't be run: {error.strerror}") from None
    if found.returncode:
        raise CliError(f"{repo.resolve()} is no git repository: name one with 'reconciler hook install DIR'")
    return (repo / found.stdout.strip()).resolve()


def _ours(path: Path) -> bool:
    return MARK in path.read_text(encoding="utf-8", errors="replace")


def _command(manager: str | None, token_file: Path | None) -> list[str]:
    """How a hook calls this program, with the manager that install was told of."""
    words = [sys.executable, "-m", "reconciler.cli.main"]
    if manager:
        words += ["--manager", manager]
    if token_file:
        words += ["--token-file", str(token_file.resolve())]
    return words


def _line(name: str, command: list[str], folder: str, branch: str, plan: bool) -> str:
    """What a hook runs. Those that come after git's work never make it fail."""
    if name in TELLING:
        return f"{shlex.join([*command, 'sync'])} >&2 || echo 'reconciler: the sync failed' >&2"
    words = [*command, "hook", "run", name, "--path", folder]
    words += ["--branch", branch] if branch and name == "pre-receive" else []
    words += ["--plan"] if plan else []
    return f"{shlex.join(words)} || exit 1"

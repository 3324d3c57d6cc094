"""The options that say where a manager's specs come from."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reconciler.cli.support.errors import CliError, WrongUse
from reconciler.cli.support.params import Duration
from reconciler.source.source import POLL_SECONDS, SourceConfig

Command = Callable[..., Any]
ONLY_GIT = ("branch", "path", "poll", "verify_signatures")


def source_options(command: Command) -> Command:
    """Add --git and what belongs to it, and --sources; the command gets them as `sources`."""

    @click.option("--git", metavar="URL", help="A git repository of specs to follow.")
    @click.option("--branch", metavar="NAME", help="Its branch. [default: the repository's own default]")
    @click.option("--path", metavar="DIR", help="The folder of the specs in it. [default: all of it]")
    @click.option("--poll", type=Duration(), help=f"Time between two fetches. [default: {POLL_SECONDS:g}s]")
    @click.option("--verify-signatures", is_flag=True, help="Take only commits whose signature git calls good.")
    @click.option(
        "--sources",
        "sources_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A file that lists several sources.",
    )
    @functools.wraps(command)
    def wrapped(*args: Any, git: str | None, sources_file: Path | None, **more: Any) -> Any:
        given = {name: more.pop(name) for name in ONLY_GIT}
        return command(*args, sources=(*_one(git, given), *_listed(sources_file)), **more)

    return wrapped


def _one(git: str | None, given: dict[str, Any]) -> tuple[SourceConfig, ...]:
    """The repository named by options."""
    if git is None:
        stray = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
        if stray:
            raise WrongUse(f"{', '.join(stray)} belongs to --git URL: name the repository")
        return ()
    poll = given["poll"] if given["poll"] is not None else POLL_SECONDS
    if poll < 1:
        raise WrongUse(f"--poll {poll:g}s is too often: at least 1s")
    return (
        SourceConfig(
            git=git,
            branch=given["branch"] or "",
            path=given["path"] or "",
            poll=poll,
            verify_signatures=given["verify_signatures"],
        ),
    )


def _listed(file: Path | None) -> tuple[SourceConfig, ...]:
    """The sources in the file."""
    if file is None:
        return ()
    from reconciler.source.configure import load_sources

    try:
        data = file.read_bytes()
    except OSError as error:
        raise CliError(f"{file} can't be read: {error.strerror or error}") from None
    return load_sources(data, str(file), file.resolve().parent)

"""What pre-commit and pre-receive check: the specs in git's index, or in commits that are being pushed.

They read what git has, never the working tree, through the same reader as the manager; what passes here is what the
manager will be able to read.
"""

import os
from pathlib import Path
from typing import Any

import msgspec

from reconciler.cli.render.plan import show_plan
from reconciler.cli.render.text import counted, say
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError, ProblemsError, WrongUse
from reconciler.cli.support.previews import preview_of
from reconciler.plan.model.desired import Commit
from reconciler.source.files import SourceReading, read_specs
from reconciler.source.git.command import GitError, git
from reconciler.source.git.source import inner_path
from reconciler.source.git.tree import read_git_tree, read_index_tree
from reconciler.source.source import SourceError

ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
HEADS = "refs/heads/"


def check_commit(folder: str, planner: Client | None) -> None:
    """Raise ProblemsError unless what is staged under this folder is valid. With a planner, show its diff."""
    path = _inner(folder)
    env = dict(os.environ) | ENVIRONMENT
    try:
        top = Path(git("rev-parse", "--show-toplevel", env=env).decode().rstrip("\n"))
    except GitError as error:
        raise CliError(f"this is no working tree of a git repository: {error}") from None
    reading = read_specs(read_index_tree(top, path, path or top.name, env))
    _judge(reading, "the commit")
    if planner is not None:
        _show(planner, reading, str(top), "")


def check_push(folder: str, branch: str, updates: str, planner: Client | None) -> None:
    """Raise ProblemsError unless what is pushed is valid; `updates` are the lines that git gives to pre-receive.

    Raises WrongUse for other lines.
    """
    path = _inner(folder)
    env = dict(os.environ) | ENVIRONMENT
    here = Path.cwd()
    for line in updates.splitlines():
        if line.count(" ") < 2:
            raise WrongUse(f"'{line}' is no update of a branch: git gives pre-receive lines such as OLD NEW REF")
        _, new, reference = line.split(" ", 2)
        pushed = reference.removeprefix(HEADS)
        if not reference.startswith(HEADS) or pushed != (branch or pushed) or not new.strip("0"):
            continue
        tree = read_git_tree(here, Commit(new), path, path or pushed, env)
        if tree.unreadable:
            say(f"reconciler: {tree.name}: {tree.unreadable}: nothing is checked", err=True)
            continue
        reading = read_specs(tree)
        _judge(reading, f"the push to {pushed}")
        if planner is not None:
            _show(planner, reading, str(here.resolve()), pushed)


def _inner(folder: str) -> str:
    try:
        return inner_path(folder)
    except SourceError as error:
        raise CliError(str(error)) from None


def _judge(reading: SourceReading, what: str) -> None:
    """Raise ProblemsError for a reading with problems."""
    if reading.problems:
        summary = f"{what} is refused: {counted(len(reading.problems), 'problem')} in its specs"
        raise ProblemsError(reading.problems, summary)


def _show(planner: Client, reading: SourceReading, repository: str, branch: str) -> None:
    """Print what it would change; a manager that can't be asked keeps nobody from their work."""
    businesses = [declared.business for declared in reading.declared.values()]
    try:
        plan = planner.post("/api/plan", {"businesses": [msgspec.to_builtins(business) for business in businesses]})
        show_plan(preview_of(plan))
        for name, file in _missing(planner, reading, repository, branch):
            say(f"{name} would be removed: {file} declares it no more")
    except CliError as error:
        say(f"reconciler: no plan can be shown: {error.message}", err=True)


def _missing(planner: Client, reading: SourceReading, repository: str, branch: str) -> list[tuple[str, str]]:
    """The businesses that the manager has from this repository and branch, and that are not declared any more."""
    sources: list[dict[str, Any]] = planner.get("/api/sources")
    ids = {
        business_id
        for source in sources
        if source["kind"] == "git" and source["branch"] in (None, branch)
        if source["url"].removeprefix("file://") == repository
        for business_id in source["businesses"]
    }
    return [
        (business["business_id"], business["source"])
        for business in planner.get("/api/businesses")
        if business["business_id"] in ids - reading.declared.keys()
    ]

"""Errors as the command line shows them: one line or a list on stderr, and an exit status; never a traceback."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from reconciler.cli.render.text import counted, say
from reconciler.manifest.errors import Problem


class CliError(click.ClickException):
    """Something went wrong; `exit_code` is 1, or what the command says."""

    def show(self, file: object = None) -> None:
        """Print the message, which may have several lines, to standard error."""
        for line in f"error: {self.message}".splitlines():
            say(line, err=True)


class WrongUse(CliError):
    """What was asked for can't be meant: a name, an option or a setting that is none."""

    exit_code = 2


class ProblemsError(CliError):
    """Specs are not acceptable: one line for each problem."""

    def __init__(self, problems: Iterable[Problem | dict[str, object]], summary: str = "") -> None:
        self.problems = [problem if isinstance(problem, Problem) else problem_of(problem) for problem in problems]
        super().__init__(summary or counted(len(self.problems), "problem"))

    def show(self, file: object = None) -> None:
        """Print each problem, then the summary."""
        for problem in self.problems:
            say(problem, err=True)
        super().show(file)


@contextmanager
def errors_exit_with(status: int) -> Iterator[None]:
    """End the program with this exit status on an error of a block, or of a command that this decorates."""
    try:
        yield
    except CliError as error:
        error.show()
        raise SystemExit(status) from None


def problem_of(form: dict[str, object]) -> Problem:
    """Read a problem as the manager's API tells it; the name `body` means nothing to whoever typed a command."""
    file, line = form.get("file"), form.get("line")
    return Problem(
        "" if file == "body" else str(file or "manager"),
        line if isinstance(line, int) and file != "body" else None,
        str(form.get("path") or ""),
        str(form.get("message") or ""),
    )

"""Errors as the command line shows them: one line or a list on stderr, and an exit status; never a traceback."""

from collections.abc import Iterable

import click

from reconciler.manifest.errors import Problem


class CliError(click.ClickException):
    """Something went wrong; `exit_code` is 1, or what the command says."""

    def show(self, file: object = None) -> None:
        """Print it to stderr."""
        click.echo(f"error: {self.message}", err=True)


class WrongUse(CliError):
    """What was asked for can't be meant: a name, an option or a setting that is none."""

    exit_code = 2


class ProblemsError(CliError):
    """Specs are not acceptable: one line for each problem."""

    def __init__(self, problems: Iterable[Problem | dict[str, object]], summary: str = "") -> None:
        self.problems = [problem if isinstance(problem, Problem) else problem_of(problem) for problem in problems]
        super().__init__(summary or f"{len(self.problems)} problem{'' if len(self.problems) == 1 else 's'}")

    def show(self, file: object = None) -> None:
        """Print each problem, then the summary."""
        for problem in self.problems:
            click.echo(str(problem), err=True)
        click.echo(f"error: {self.message}", err=True)


def problem_of(form: dict[str, object]) -> Problem:
    """A problem as the manager's API tells it; the request's body means nothing to whoever typed a command."""
    file, line = form.get("file"), form.get("line")
    if file == "body":
        return Problem("", None, str(form.get("path") or ""), str(form.get("message") or ""))
    return Problem(
        str(file or "manager"),
        line if isinstance(line, int) else None,
        str(form.get("path") or ""),
        str(form.get("message") or ""),
    )

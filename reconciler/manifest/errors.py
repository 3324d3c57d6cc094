"""What is wrong with a spec, as data; the CLI, the API and the log each render it their own way."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with one place of a spec.

    `path` is the field's path as a person writes it (`components[0].ports[1].published`, "" for the document);
    `line` counts from 1, None where the text has none; `file` is the name the text was loaded under.
    `message` says what the value is, what is allowed, and what to do next.
    """

    file: str
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        """`FILE:LINE: PATH: MESSAGE`, leaving out what is not known."""
        place = f"{self.file}:{self.line}" if self.line is not None else self.file
        return ": ".join(part for part in (place, self.path, self.message) if part)


class SpecError(Exception):
    """A text holds no acceptable spec: every problem found in it, in the order of its lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SyntaxProblems(SpecError):
    """The text could not be read at all: it is no YAML or JSON, or exceeds a bound."""

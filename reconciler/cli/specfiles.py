"""Specs from files, directories and standard input, read as a whole before anything is sent."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.cli.errors import CliError, ProblemsError
from reconciler.spec.document import MAX_BYTES
from reconciler.spec.errors import Problem, SpecError
from reconciler.spec.load import load_text
from reconciler.spec.model import Business

SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class SpecFile:
    """A file that was read: its name, and its businesses."""

    name: str
    businesses: tuple[Business, ...]


def read_specs(paths: Sequence[str]) -> list[SpecFile]:
    """Every spec in these files and directories (`-` is standard input).

    Raises ProblemsError with every problem of every file, CliError for a path that can't be read.
    """
    read: list[SpecFile] = []
    problems: list[Problem] = []
    for name, data in _texts(paths):
        try:
            read.append(SpecFile(name, load_text(data, name)))
        except SpecError as error:
            problems += error.problems
    declared: dict[str, str] = {}
    for file in read:
        for business in file.businesses:
            other = declared.setdefault(business.business_id, file.name)
            if other != file.name:
                message = f"'{business.business_id}' is declared in {other} too: give one of them another id"
                problems.append(Problem(file.name, None, "business_id", message))
    if problems:
        raise ProblemsError(problems)
    return read


def _texts(paths: Sequence[str]) -> list[tuple[str, bytes]]:
    texts = []
    for given in paths:
        if given == "-":
            texts.append(("stdin", sys.stdin.buffer.read(MAX_BYTES + 1)))
            continue
        path = Path(given)
        try:
            if path.is_dir():
                files = sorted(
                    file
                    for file in path.rglob("*")
                    if file.suffix in SUFFIXES
                    and not any(part.startswith(".") for part in file.relative_to(path).parts)
                )
                if not files:
                    raise CliError(f"{given} holds no {', '.join('*' + suffix for suffix in SUFFIXES)}")
            else:
                files = [path]
            for file in files:
                with file.open("rb") as opened:
                    texts.append((str(file), opened.read(MAX_BYTES + 1)))
        except OSError as error:
            raise CliError(f"{error.filename or given} can't be read: {error.strerror or error}") from None
    return texts

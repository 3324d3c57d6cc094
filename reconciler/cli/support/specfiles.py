"""Specs from files, directories and standard input, read as a whole before anything is sent."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.cli.support.errors import CliError, ProblemsError
from reconciler.manifest.environment.environment import ENVIRONMENT
from reconciler.manifest.environment.layers import load_file
from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.model import Business
from reconciler.manifest.yaml.document import TEXT_BYTES_MAX
from reconciler.source import files
from reconciler.source.directory.folder import read_directory_tree
from reconciler.source.tree import SUFFIXES


@dataclass(frozen=True, slots=True)
class SpecFile:
    """A file that was read: its name, and its businesses."""

    name: str
    businesses: tuple[Business, ...]


def read_specs(paths: Sequence[str]) -> list[SpecFile]:
    """Read every spec in these files and directories (`-` is standard input); a directory may be an environment.

    Raises ProblemsError with every problem of every file, CliError for a path that can't be read.
    """
    read: list[SpecFile] = []
    problems: list[Problem] = []
    for given in paths:
        try:
            read += _directory(given) if given != "-" and Path(given).is_dir() else [_file(given)]
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


def _directory(given: str) -> list[SpecFile]:
    """What a directory declares, by file. Raises SpecError, CliError."""
    tree = read_directory_tree(Path(given), given.rstrip("/") or given)
    if tree.unreadable:
        raise CliError(f"{given} can't be read: {tree.unreadable}")
    if not tree.files and not tree.problems:
        raise CliError(f"{given} holds no {', '.join('*' + suffix for suffix in SUFFIXES)}")
    found = files.read_specs(tree)
    if found.problems:
        raise SpecError(found.problems)
    by_file: dict[str, list[Business]] = {file: [] for file in found.silent}
    for declared in found.declared.values():
        by_file.setdefault(declared.file, []).append(declared.business)
    return [SpecFile(file, tuple(businesses)) for file, businesses in sorted(by_file.items())]


def _file(given: str) -> SpecFile:
    """What a file declares. Raises SpecError, CliError."""
    if given == "-":
        return SpecFile("stdin", load_file(sys.stdin.buffer.read(TEXT_BYTES_MAX + 1), "stdin"))
    path = Path(given)
    if (path.parent / ENVIRONMENT).is_file():
        raise CliError(f"{given} is part of the environment {path.parent}: give that folder")
    try:
        with path.open("rb") as opened:
            data = opened.read(TEXT_BYTES_MAX + 1)
    except OSError as error:
        raise CliError(f"{error.filename or given} can't be read: {error.strerror or error}") from None
    return SpecFile(given, load_file(data, given))


def files_at(path: Path) -> list[Path]:
    """List the spec files at a path: itself, or those of a directory. Raises CliError for a directory without any."""
    if not path.is_dir():
        return [path]
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix in SUFFIXES and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if not found:
        raise CliError(f"{path} holds no {', '.join('*' + suffix for suffix in SUFFIXES)}")
    return found

"""`environment.yaml`: what a folder of specs is based on, and the values of its variables.

    base: ../../base
    variables:
      TAG: "1.27"

The folders it names come first, each with what it is based on itself; the folder's own documents are laid over them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from posixpath import isabs
from typing import Any

from reconciler.manifest.environment.variables import NAME
from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.near_miss import did_you_mean
from reconciler.manifest.paths import shown
from reconciler.manifest.yaml.document import Document, read_yaml

ENVIRONMENT = "environment.yaml"
FIELDS = ("base", "variables")


@dataclass(frozen=True, slots=True)
class Environment:
    """The folders it is based on, relative to it, with the lines that name them; and its variables."""

    bases: tuple[tuple[str, int | None], ...] = ()
    variables: Mapping[str, str | int | bool] = field(default_factory=dict)


def read_environment(data: bytes, file: str) -> Environment:
    """What the text of an environment.yaml says. Raises SpecError with all that is wrong."""
    documents = read_yaml(data, file)
    if not documents:
        return Environment()
    if len(documents) > 1:
        raise SpecError([Problem(file, documents[1].line(()), "", "holds several documents: one is allowed")])
    reader = _Reader(documents[0], file)
    found = reader.environment()
    if reader.problems:
        raise SpecError(sorted(reader.problems, key=lambda problem: problem.line or 0))
    return found


class _Reader:
    def __init__(self, document: Document, file: str) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._file = file

    def environment(self) -> Environment:
        data = self._document.data
        if not isinstance(data, dict):
            self._problem((), "must be a map with base and variables")
            return Environment()
        for name in data:
            if name not in FIELDS and not name.startswith("x-"):
                hint = did_you_mean(name, FIELDS) or f"allowed are: {', '.join(FIELDS)}"
                self._problem((name,), f"is unknown here; {hint}")
        return Environment(self._bases(data.get("base")), self._variables(data.get("variables")))

    def _bases(self, value: Any) -> tuple[tuple[str, int | None], ...]:
        listed = isinstance(value, list)
        found = []
        for number, base in enumerate(value if listed else [] if value is None else [value]):
            path = ("base", number) if listed else ("base",)
            if not isinstance(base, str) or not base.strip():
                self._problem(path, "must be a folder, such as ../../base, or a list of folders")
            elif isabs(base):
                self._problem(path, f"'{base}' is an absolute path: write it relative to this folder, such as ../base")
            else:
                found.append((base, self._document.line(path)))
        return tuple(found)

    def _variables(self, value: Any) -> dict[str, str | int | bool]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._problem(("variables",), 'must be a map, such as {TAG: "1.27"}')
            return {}
        for name, content in value.items():
            path = ("variables", name)
            if not NAME.fullmatch(name):
                self._problem(path, f"'{name}' is no name of a variable: letters, digits and '_', no digit first")
            elif isinstance(content, float):
                self._problem(path, "is a number with a point: put it in quotes, so that 1.10 does not become 1.1")
            elif not isinstance(content, str | int):
                self._problem(path, "must be text, a whole number, or true or false")
        return value

    def _problem(self, path: tuple[str | int, ...], message: str) -> None:
        self.problems.append(Problem(self._file, self._document.line(path), shown(path), message))

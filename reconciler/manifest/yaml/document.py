"""YAML text as plain data, with the line of every value, within bounds.

Nodes are composed by PyYAML (libyaml when it is there) and turned into data here, because line numbers, duplicate
keys and the size of what aliases expand to are only known at the nodes. Scalars follow YAML 1.2's core schema, as
Compose does: `no` is text, and so are `22:22`, `0644` and dates, which YAML 1.1 would turn into something else.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml

from reconciler.manifest.errors import Problem, SyntaxProblems
from reconciler.manifest.paths import Path, shown

TEXT_BYTES_MAX = 1024 * 1024
VALUES_MAX = 100_000
DEPTH_MAX = 64
DIGITS_MAX = 4000

Part = TypeVar("Part")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TEXT = "tag:yaml.org,2002:str"
_QUOTED = ("'", '"', "|", ">")
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its data, and the line (from 1) of every value by its path; a key's line counts for its value.

    `files` are the files that its parts come from, where there are several.
    """

    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    files: dict[Path, str] = field(default_factory=dict)

    def line(self, path: Path) -> int | None:
        """The line of the value, or of the nearest part around it that has one."""
        return _nearest(self.lines, path)

    def file(self, path: Path) -> str | None:
        """The file that the value comes from; None where all of them are from one."""
        return _nearest(self.files, path)


def _nearest(known: Mapping[Path, Part], path: Path) -> Part | None:
    while path and path not in known:
        path = path[:-1]
    return known.get(path)


def decoded(text: str | bytes, name: str) -> str:
    """The text, if it is UTF-8 and not too large. Raises SyntaxProblems."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > TEXT_BYTES_MAX:
        raise SyntaxProblems([Problem(name, None, "", f"is too large: more than {TEXT_BYTES_MAX} bytes")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"is not UTF-8 text: byte 0x{data[error.start]:02x} does not belong there; save it as UTF-8"
        raise SyntaxProblems([Problem(name, line, "", message)]) from None


def read_yaml(text: str | bytes, name: str) -> list[Document]:
    """Every document of the text that is not empty. Raises SyntaxProblems with all that could be found wrong."""
    content = decoded(text, name)
    try:
        _check_depth(content, name)
        nodes = list(yaml.compose_all(content, Loader=_LOADER))
    except yaml.reader.ReaderError as error:
        line = content[: error.position].count("\n") + 1 if isinstance(error.position, int) else None
        message = "holds a control character that YAML does not allow: remove it"
        raise SyntaxProblems([Problem(name, line, "", message)]) from None
    except yaml.MarkedYAMLError as error:
        raise SyntaxProblems([_syntax(error, name)]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SyntaxProblems([Problem(name, None, "", f"is no YAML: {type(error).__name__}")]) from None
    reader = _Reader(name)
    documents = []
    for node in nodes:
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            continue
        reader.lines = {}
        data = reader.value(node, ())
        documents.append(Document(data, reader.lines))
    if reader.problems:
        raise SyntaxProblems(sorted(reader.problems, key=lambda problem: problem.line or 0))
    return documents


def _check_depth(content: str, name: str) -> None:
    """Raise SyntaxProblems for text nested too deep: the composer recurses, and would exhaust the stack."""
    depth = 0
    for event in yaml.parse(content, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_MAX:
                line = event.start_mark.line + 1 if event.start_mark else None
                raise SyntaxProblems([Problem(name, line, "", f"is nested deeper than {DEPTH_MAX} levels")])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _TooMuch(Exception):
    """A bound was reached; the rest is not looked at."""


class _Reader:
    """Turns nodes into data; notes lines and problems on the way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._values = 0
        self._open: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        """The node's data. A bound that is reached is a problem and ends the document."""
        try:
            return self._value(node, path)
        except _TooMuch as error:
            self._problem(node, path, str(error))
            return None

    def _value(self, node: yaml.Node, path: Path) -> Any:
        self._values += 1
        if self._values > VALUES_MAX:
            raise _TooMuch(f"expands to more than {VALUES_MAX} values: its aliases repeat too much")
        if len(path) > DEPTH_MAX:
            raise _TooMuch(f"is nested deeper than {DEPTH_MAX} levels, aliases included")
        if id(node) in self._open:
            raise _TooMuch("is an alias of something that contains it")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self._value(item, (*path, number)) for number, item in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, path, "has a key that is no text")
                continue
            key = key_node.value
            if key in seen:
                self._problem(key_node, (*path, key), f"is there twice: line {seen[key]} has it already")
                continue
            seen[key] = line
            if key == "<<" and key_node.style not in _QUOTED:
                merged = self._merged(value_node, path) | merged
                continue
            self.lines[(*path, key)] = line
            own[key] = self._value(value_node, (*path, key))
        return merged | own

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        """What `<<` brings: one mapping, or several of which the first has precedence."""
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, Any] = {}
        for item in nodes:
            if not isinstance(item, yaml.MappingNode):
                self._problem(item, path, "merges (<<) something that is no mapping")
                continue
            value = self._value(item, path)
            found = value | found
        return found

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text: str = node.value
        if node.style in _QUOTED or node.tag == _TEXT:
            return text
        if text in _NULLS:
            return None
        if text in _BOOLS:
            return _BOOLS[text]
        if _INTEGER.fullmatch(text):
            if len(text) > DIGITS_MAX:
                self._problem(node, path, f"is a number of {len(text)} digits: at most {DIGITS_MAX} are read")
                return None
            return int(text)
        if _FLOAT.fullmatch(text) and not re.match(r"[-+]?0[0-9]", text):
            number = float(text)
            if math.isinf(number):
                self._problem(node, path, "is a number too large to be one")
                return None
            return number
        return text

    def _problem(self, node: yaml.Node, path: Path, message: str) -> None:
        self.problems.append(Problem(self.name, node.start_mark.line + 1, shown(path), message))


def _syntax(error: yaml.MarkedYAMLError, name: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else None
    column = f" at column {mark.column + 1}" if mark else ""
    what = " ".join(part for part in (error.problem, error.context) if part)
    hint = ""
    if "'\\t'" in what or "\t" in what:
        hint = "; indent with spaces, YAML allows no tabs"
    elif "mapping values are not allowed" in what:
        hint = "; put text that contains ': ' in quotes, and check the indentation"
    elif "expected <block end>" in what or "did not find expected" in what:
        hint = "; check the indentation, and quote text that begins with a special character"
    return Problem(name, line, "", f"is no YAML{column}: {what}{hint}")

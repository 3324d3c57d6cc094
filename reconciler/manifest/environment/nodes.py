"""Data that knows where each part was written, so that documents of several files can become one.

A merged document's problem is then told at the file and line that it really comes from.
"""

from dataclasses import dataclass, field
from typing import Any

from reconciler.manifest.paths import Path
from reconciler.manifest.yaml.document import Document


@dataclass(slots=True)
class Node:
    """A value: a map of nodes, a list of nodes, or a scalar; `line` counts from 1, None where it is not known."""

    value: Any
    file: str
    line: int | None = None

    def plain(self) -> Any:
        """The data without its places."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def get(self, key: str) -> Any:
        """The scalar under a key of a map; None where there is none."""
        item = self.value.get(key) if isinstance(self.value, dict) else None
        return item.value if item is not None and not isinstance(item.value, dict | list) else None


def node_of(document: Document, file: str) -> Node:
    """A document that was read from one file."""

    def made(value: Any, path: Path) -> Node:
        node = Node(value, file, document.line(path))
        if isinstance(value, dict):
            node.value = {key: made(item, (*path, key)) for key, item in value.items()}
        elif isinstance(value, list):
            node.value = [made(item, (*path, number)) for number, item in enumerate(value)]
        return node

    return made(document.data, ())


@dataclass(slots=True)
class _Places:
    lines: dict[Path, int] = field(default_factory=dict)
    files: dict[Path, str] = field(default_factory=dict)

    def note(self, node: Node, path: Path) -> None:
        self.files[path] = node.file
        if node.line is not None:
            self.lines[path] = node.line
        if isinstance(node.value, dict):
            for key, item in node.value.items():
                self.note(item, (*path, key))
        elif isinstance(node.value, list):
            for number, item in enumerate(node.value):
                self.note(item, (*path, number))


def document_of(node: Node) -> Document:
    """The document as it is checked: its data, and the file and line of every part."""
    places = _Places()
    places.note(node, ())
    return Document(node.plain(), places.lines, places.files)

"""Strategic merge: a document of an environment laid over one of its base.

Maps merge by key, and null removes a key. Components merge by component_id, config files by path. Volumes and ports
are replaced by those with the same target. Any other list is replaced as a whole. `$patch: delete` in an entry removes
what it names, `$patch: replace` puts a map in the place of the other as a whole. What has no counterpart in the base
is taken as it is.
"""

from collections.abc import Callable
from typing import Any

from reconciler.manifest.environment.nodes import Node
from reconciler.manifest.errors import Problem

PATCH = "$patch"
PAIRS = ("environment_variables", "labels", "sysctls", "options", "node_labels")
"""Maps that may be written as lists of NAME=VALUE."""


class Merge:
    """Lays documents over others; what can't be done is in `problems`."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def merged(self, base: Node, over: Node, name: str = "") -> Node | None:
        """`over` laid over `base`, neither changed; None when it says that the other one goes.

        `name` is the key that both are under.
        """
        base, over = _as_map(base, name), _as_map(over, name)
        if isinstance(base.value, dict) and isinstance(over.value, dict):
            return self._maps(base, over)
        if isinstance(base.value, list) and isinstance(over.value, list):
            if name in ("components", "config_files"):
                return self._entries(base, over, _ENTRY_KEYS[name])
            if name in ("volumes", "ports"):
                return self._replaced(base, over, _TARGETS[name])
        return over

    def _maps(self, base: Node, over: Node) -> Node | None:
        patch = self._patch(over)
        if patch == "delete":
            return None
        if patch == "replace":
            return _without_patch(over)
        found = dict(base.value)
        for key, item in _aliased(over.value, base.value).items():
            if key == PATCH:
                continue
            if item.value is None:
                found.pop(key, None)
            elif key in found:
                merged = self.merged(found[key], item, key)
                if merged is None:
                    del found[key]
                else:
                    found[key] = merged
            else:
                found[key] = item
        return Node(found, base.file, base.line)

    def _entries(self, base: Node, over: Node, key: str) -> Node:
        """Lists of maps that are told apart by one of their fields."""
        found: list[Node] = list(base.value)
        for entry in over.value:
            place = next((n for n, one in enumerate(found) if one.get(key) == entry.get(key) is not None), None)
            if place is not None:
                merged = self.merged(found[place], entry)
                found[place : place + 1] = [] if merged is None else [merged]
            elif self._patch(entry) == "delete":
                known = ", ".join(str(one.get(key)) for one in found) or "none"
                self._problem(entry, f"there is no {key} '{entry.get(key)}' to delete; there are {known}")
            else:
                found.append(_without_patch(entry))
        return Node(found, over.file, over.line)

    def _replaced(self, base: Node, over: Node, target: Callable[[Node], Any]) -> Node:
        """Lists whose entries are replaced by those of the same target, in the place of the first of them."""
        found: list[Node] = list(base.value)
        for wanted in dict.fromkeys(target(entry) for entry in over.value):
            entries = [entry for entry in over.value if target(entry) == wanted]
            stay = [_without_patch(entry) for entry in entries if self._patch(entry) != "delete"]
            places = [number for number, one in enumerate(found) if target(one) == wanted]
            if not places and not stay:
                self._problem(entries[0], f"there is no target '{wanted}' to delete")
            first = places[0] if places else len(found)
            kept = [one for one in found if target(one) != wanted]
            found = [*kept[:first], *stay, *kept[first:]]
        return Node(found, over.file, over.line)

    def _patch(self, node: Node) -> str | None:
        """What `$patch` says; a word that means nothing is a problem."""
        if not isinstance(node.value, dict) or PATCH not in node.value:
            return None
        word = node.value[PATCH].value
        if word not in ("delete", "replace"):
            self._problem(node.value[PATCH], f"{PATCH} '{word}' is not allowed: write delete or replace")
            return None
        return str(word)

    def _problem(self, node: Node, message: str) -> None:
        self.problems.append(Problem(node.file, node.line, "", message))


def _without_patch(node: Node) -> Node:
    if not isinstance(node.value, dict) or PATCH not in node.value:
        return node
    return Node({key: item for key, item in node.value.items() if key != PATCH}, node.file, node.line)


def _aliased(over: dict[str, Node], base: dict[str, Node]) -> dict[str, Node]:
    """The overlay's fields under the names that the base has for them."""
    names = ("environment", "environment_variables")
    for ours, theirs in (names, names[::-1]):
        if ours in over and theirs in base and ours not in base and theirs not in over:
            return {theirs if key == ours else key: item for key, item in over.items()}
    return over


def _as_map(node: Node, name: str) -> Node:
    """A list of NAME=VALUE as the map that it stands for."""
    if name not in (*PAIRS, "environment") or not isinstance(node.value, list):
        return node
    found = {}
    for item in node.value:
        key, equals, value = str(item.value).partition("=")
        if not equals:
            return node
        found[key] = Node(value, item.file, item.line)
    return Node(found, node.file, node.line)


def _volume(entry: Node) -> Any:
    if isinstance(entry.value, str):
        parts = entry.value.split(":")
        return parts[1] if len(parts) > 1 else entry.value
    return entry.get("target")


def _port(entry: Node) -> Any:
    """The container's port or ports and the protocol, as text: `80/tcp`."""
    if isinstance(entry.value, dict):
        return f"{entry.get('target')}/{entry.get('protocol') or 'tcp'}"
    ports, _, protocol = str(entry.value).partition("/")
    return f"{ports.rpartition(':')[2]}/{protocol or 'tcp'}"


_ENTRY_KEYS = {"components": "component_id", "config_files": "path"}
_TARGETS: dict[str, Callable[[Node], Any]] = {"volumes": _volume, "ports": _port}

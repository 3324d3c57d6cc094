"""References: `${db.host}` in a value stands for where another component of the business runs.

`${NAME.host}`, `${NAME.port.N}` and `${NAME.replicas}` refer to a component of the same business, `${node.id}` and
`${node.host}` to the node that the instance itself is on. They may stand in environment variables, in the words of a
command, and in config files. Any other `${...}` is left as it is, and `$${db.host}` is a plain `${db.host}`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from reconciler.manifest.memo import Memo
from reconciler.manifest.model import Component, Dependency
from reconciler.manifest.paths import Path

NODE = "node"
_FORM = re.compile(r"(\$?)\$\{([A-Za-z0-9][A-Za-z0-9._-]*)\}")
_OF_COMPONENT = re.compile(r"(?P<name>.+)\.(?:(?P<attribute>host|replicas)|port\.(?P<port>[0-9]{1,5}))")
_OF_NODE = re.compile(r"node\.(?P<attribute>id|host)")


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """What is referred to: `host`, `replicas` or `port` of a component, or `id` or `host` of the `node`.

    `port` is the number that the component itself listens on, 0 where the attribute is no port.
    """

    name: str
    attribute: str
    port: int = 0


def references(component: Component) -> list[Reference]:
    """What a component refers to, sorted."""
    found = (_parsed(match[2]) for _, text in _texts(component) for match in _FORM.finditer(text) if not match[1])
    return sorted({reference for reference in found if reference is not None})


def reference_texts(text: str) -> Iterator[str]:
    """Each reference in a text as it is written there, in order."""
    for match in _FORM.finditer(text):
        if not match[1] and _parsed(match[2]) is not None:
            yield match[0]


def dependencies(component: Component) -> dict[str, Dependency]:
    """What must be so of other components before this one starts: what it says, and that what it refers to has."""
    names = {reference.name: Dependency() for reference in references(component) if reference.name != NODE}
    return names | component.depends_on


def resolved(component: Component, value: Callable[[Reference], str]) -> Component:
    """The component with the value of each reference in its place. Raises what `value` raises."""

    def replaced(text: str) -> str:
        return _FORM.sub(one, text) if "${" in text else text

    def one(match: re.Match[str]) -> str:
        reference = _parsed(match[2])
        if reference is None:
            return match[0]
        return match[0][1:] if match[1] else value(reference)

    words = component.command
    return msgspec.structs.replace(
        component,
        environment_variables={name: replaced(text) for name, text in component.environment_variables.items()},
        command=words and tuple(map(replaced, words)),
        config_files=tuple(
            msgspec.structs.replace(file, content=replaced(file.content)) for file in component.config_files
        ),
    )


def mistakes(component: Component, names: set[str]) -> Iterator[tuple[Path, str]]:
    """References to components of the business (`names`), or to the node, that mean nothing."""
    for path, text in _texts(component):
        for match in _FORM.finditer(text):
            name = match[2].partition(".")[0]
            reference = _parsed(match[2])
            if match[1] or "." not in match[2]:
                continue
            wrong = ""
            if reference is None and (name in names or name == NODE):
                wrong = f"of {name} there are {'id and host' if name == NODE else 'host, port.N and replicas'}"
            elif reference is not None and reference.name not in names | {NODE}:
                wrong = f"'{reference.name}' is no component of this business"
            if wrong:
                yield path, f"'{match[0]}' stands for nothing: {wrong}; write $${{...}} for plain text"


refers: Memo[Component, bool] = Memo(lambda component: bool(references(component)))
"""Whether the component's values depend on where anything is placed."""


def _texts(component: Component) -> Iterator[tuple[Path, str]]:
    for name, text in component.environment_variables.items():
        if "${" in text:
            yield ("environment_variables", name), text
    for number, word in enumerate(component.command or ()):
        if "${" in word:
            yield ("command", number), word
    for number, file in enumerate(component.config_files):
        if "${" in file.content:
            yield ("config_files", number, "content"), file.content


def _parsed(text: str) -> Reference | None:
    own = _OF_NODE.fullmatch(text)
    if own:
        return Reference(NODE, own["attribute"])
    match = _OF_COMPONENT.fullmatch(text)
    if match is None:
        return None
    if match["port"]:
        return Reference(match["name"], "port", int(match["port"]))
    return Reference(match["name"], match["attribute"])

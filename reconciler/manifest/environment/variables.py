"""Variables of an environment: `${var.TAG}` in any value stands for what environment.yaml says of TAG.

A value that is nothing but a variable becomes what the variable is, also a number or true; within text it is written
as a program would see it. `$${var.TAG}` is a plain `${var.TAG}`. There is nothing else: no defaults, no expressions.
"""

import re
from collections.abc import Mapping
from typing import Any

from reconciler.manifest.environment.nodes import Node
from reconciler.manifest.errors import Problem
from reconciler.manifest.near_miss import did_you_mean
from reconciler.manifest.scalars import text

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE = re.compile(r"(\$?)\$\{var\.([^{}\n]*)\}")
_PLAIN = re.compile(r"\$\{var\.[^{}\n]*\}")


def substituted(node: Node, variables: Mapping[str, Any], problems: list[Problem]) -> Node:
    """The node with the values of variables in their places; unknown ones are problems."""
    if isinstance(node.value, dict):
        found: Any = {key: substituted(item, variables, problems) for key, item in node.value.items()}
    elif isinstance(node.value, list):
        found = [substituted(item, variables, problems) for item in node.value]
    elif isinstance(node.value, str) and "${var." in node.value:
        found = _text(node, variables, problems)
    else:
        return node
    return Node(found, node.file, node.line)


def escaped(data: Any) -> Any:
    """The data so that reading it as a spec file gives what it is now: what looks like a variable is plain text."""
    if isinstance(data, dict):
        return {key: escaped(item) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [escaped(item) for item in data]
    return _PLAIN.sub(r"$\g<0>", data) if isinstance(data, str) else data


def _text(node: Node, variables: Mapping[str, Any], problems: list[Problem]) -> Any:
    def known(name: str) -> bool:
        if name in variables:
            return True
        problems.append(Problem(node.file, node.line, "", _unknown(name, variables)))
        return False

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        return text(variables[match[2]]) if known(match[2]) else match[0]

    whole = _VARIABLE.fullmatch(node.value)
    if whole and not whole[1]:
        return variables[whole[2]] if known(whole[2]) else node.value
    return _VARIABLE.sub(one, node.value)


def _unknown(name: str, variables: Mapping[str, Any]) -> str:
    known = f"there are {', '.join(sorted(variables))}" if variables else ""
    hint = did_you_mean(name, variables) or known or "say what it is under variables in environment.yaml"
    return f"${{var.{name}}}: there is no variable '{name}'; {hint} ($${{var.{name}}} is plain text)"

"""From a file's text to documents: YAML or JSON, told apart by the file's name."""

import json
from typing import Any

from reconciler.manifest.errors import Problem, SyntaxProblems
from reconciler.manifest.yaml.document import DEPTH_MAX, DIGITS_MAX, Document, decoded, read_yaml


def read_documents(text: str | bytes, name: str) -> list[Document]:
    """The documents of a file's text as data, unchecked: of YAML any number, of JSON one. Raises SyntaxProblems."""
    if not name.endswith(".json"):
        return read_yaml(text, name)
    return [Document(read_json(text, name))] if decoded(text, name).strip() else []


def read_json(data: str | bytes, name: str) -> Any:
    """Read the one value of a JSON text. Raises SyntaxProblems."""
    content = decoded(data, name)
    repeated: list[str] = []

    def unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            keys = [key for key, _ in items]
            repeated.extend(sorted({key for key in keys if keys.count(key) > 1}))
        return found

    try:
        document = json.loads(content, object_pairs_hook=unique, parse_int=_integer, parse_constant=_constant)
        _bounded(document)
    except json.JSONDecodeError as error:
        message = f"is no JSON at column {error.colno}: {error.msg}"
        raise SyntaxProblems([Problem(name, error.lineno, "", message)]) from None
    except RecursionError:
        raise SyntaxProblems([Problem(name, None, "", f"is nested deeper than {DEPTH_MAX} levels")]) from None
    except ValueError as error:
        raise SyntaxProblems([Problem(name, None, "", str(error))]) from None
    if repeated:
        raise SyntaxProblems([Problem(name, None, key, "is there twice") for key in repeated])
    return document


def _integer(text: str) -> int:
    if len(text) > DIGITS_MAX:
        raise ValueError(f"holds a number of {len(text)} digits: at most {DIGITS_MAX} are read")
    return int(text)


def _constant(text: str) -> Any:
    raise ValueError(f"is no JSON: {text} is no number")


def _bounded(value: Any, depth: int = 0) -> None:
    """Raise ValueError for data that is nested too deep, or has numbers or text that nothing can hold."""
    if depth > DEPTH_MAX:
        raise ValueError(f"is nested deeper than {DEPTH_MAX} levels")
    if isinstance(value, dict):
        for key, item in value.items():
            _bounded(key, depth)
            _bounded(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _bounded(item, depth + 1)
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("holds a number too large to be one")
    elif isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("holds half a character (a lone surrogate): write whole ones")

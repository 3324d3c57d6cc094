"""Whole numbers in a query."""

from flask import request

from reconciler.manifest.errors import Problem, SpecError


def number(name: str, default: int, most: int) -> int:
    """A whole number from 0 to `most`. Raises SpecError."""
    text = request.args.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > most:
        raise SpecError([Problem("query", None, name, f"'{text[:40]}' is not a whole number from 0 to {most}")])
    return int(text)

"""Whole numbers in a query."""

from flask import request

from reconciler.manifest.errors import Problem, SpecError

NUMBER_MAX = 2**62
SHOWN_LETTERS = 40


def number(name: str, default: int | None, most: int = NUMBER_MAX, least: int = 0) -> int:
    """Read a whole number from `least` to `most`; without a default it has to be there. Raises SpecError."""
    text = request.args.get(name, "" if default is None else str(default))
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(NUMBER_MAX))
    if not digits or not least <= int(text) <= most:
        message = f"'{text[:SHOWN_LETTERS]}' is not a whole number from {least} to {most}"
        raise SpecError([Problem("query", None, name, message)])
    return int(text)

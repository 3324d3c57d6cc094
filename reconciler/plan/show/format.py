"""The formats of what is written down: a name, and a number that goes up whenever fields come, go or mean otherwise."""

from typing import Any, NamedTuple

DIGITS_MAX = 6
"""A longer number is none of ours."""


class Format(NamedTuple):
    """A format by its name and number, written as `reconciler.plan/2`."""

    name: str
    number: int

    def __str__(self) -> str:
        """`reconciler.plan/2`."""
        return f"{self.name}/{self.number}"


def format_of(form: Any) -> Format | None:
    """Read the field `format` of decoded JSON; None where it has none of our kind."""
    text = form.get("format") if isinstance(form, dict) else None
    name, slash, number = text.rpartition("/") if isinstance(text, str) else ("", "", "")
    if not slash or not (number.isascii() and number.isdigit()) or len(number) > DIGITS_MAX:
        return None
    return Format(name, int(number))

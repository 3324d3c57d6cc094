"""Text from elsewhere, made harmless: what would move a terminal's cursor, or hide a word, is shown as its escape."""

from collections.abc import Sequence

import click


def visible(text: object) -> str:
    r"""Show control characters of a line as escapes: `\x1b` for the one that begins a terminal's commands."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in str(text))


def say(line: object, err: bool = False) -> None:
    """Print a line, control characters made visible; to standard error with `err`."""
    click.echo(visible(line), err=err)


def counted(count: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: `1 stop`, `3 stops`, `2 businesses`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def some_of(names: Sequence[str], most: int) -> str:
    """List names, at most so many of them: `a, b, c and 4 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

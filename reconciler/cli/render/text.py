"""Text from elsewhere, made harmless: what would move a terminal's cursor, or hide a word, is shown as its escape."""

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

"""The place of a value in a document, as data and as text."""

Path = tuple[str | int, ...]
"""`("components", 0, "ports", 1)`: keys of maps and numbers of list entries, from the outside in."""


def shown(path: Path) -> str:
    """A path as a person writes it: `components[0].ports[1].published`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text

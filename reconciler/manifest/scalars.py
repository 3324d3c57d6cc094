"""Scalars as programs see them."""


def text(value: object) -> str:
    """A scalar as the text that a program sees: true, 8080, and nothing for null."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)

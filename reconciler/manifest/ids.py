"""What an id looks like: of a business, a component or a node."""

import re

ID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", re.ASCII)
"""The whole of an id: 1 to 63 letters, digits, `.`, `_` or `-`, beginning and ending with a letter or digit."""

ALLOWED = "1 to 63 letters, digits, '.', '_' or '-', beginning and ending with a letter or digit"
"""The same for people."""


def is_id(text: str) -> bool:
    """Tell whether the whole text is an id; `shop` is, `shop\\n` is not."""
    return ID.fullmatch(text) is not None

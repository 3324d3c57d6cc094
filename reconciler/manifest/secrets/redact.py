"""What may be shown of a spec. Whatever leaves the manager for people's eyes passes through here."""

from collections.abc import Sequence
from typing import Any

import msgspec

from reconciler.manifest.model import Business
from reconciler.manifest.secrets.seal import token
from reconciler.manifest.secrets.secrets import hide_in, hide_in_urls, hide_in_words
from reconciler.manifest.secrets.secrets import is_secret as is_secret

HIDDEN = "(hidden)"


def without_password(text: str) -> str:
    """The text with the passwords inside URLs hidden."""
    return hide_in_urls("", text, _hidden)


def redacted(business: Business) -> dict[str, Any]:
    """The business's document with everything hidden that is or may be a secret."""
    document: dict[str, Any] = msgspec.to_builtins(business)
    for component in document["components"]:
        hide_in(component, _hidden, _content)
    return document


def redacted_words(words: Sequence[str]) -> list[str]:
    """A command with the values of secret options and variables hidden."""
    return hide_in_words("", words, _hidden)


def _hidden(_: str, __: str) -> str:
    return HIDDEN


def _content(path: str, content: str) -> str:
    """Enough to see that a file's content differs, nothing of the content."""
    return f"(hidden, sha256 {token(path, content).rpartition(':')[2][:8]})"

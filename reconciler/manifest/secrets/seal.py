"""Sealing: a spec without its secrets that plans as the spec itself does.

In the place of a secret stands a token: a hash, which is the same for the same value of the same field and another for
another. What is sealed can be told apart, referred from, compared and hashed like the original, but not run. A hash
keeps a long random secret; whoever has it can try guesses, so one that is a word or a few digits can be found.
"""

import hashlib
import re
from typing import Any

import msgspec

from reconciler.manifest.memo import Memo
from reconciler.manifest.model import Business, Component
from reconciler.manifest.references import reference_texts
from reconciler.manifest.secrets.secrets import SEALED, hide_in

_TOKEN = re.compile(SEALED)


def token(path: str, secret: str) -> str:
    """What stands for a secret of the field at this path; of what is a token already, that token."""
    found = _TOKEN.match(secret)
    if found:
        return found[0]
    data = f"{path}\0{secret}".encode("utf-8", "surrogatepass")
    return f"sealed:sha256:{hashlib.sha256(data).hexdigest()}"


def _hide(path: str, secret: str) -> str:
    """The token, and after it the references that the secret holds, so that they are still found and resolved."""
    if _TOKEN.match(secret):
        return secret
    return token(path, secret) + "".join(reference_texts(secret))


def _seal(component: Component) -> Component:
    document: dict[str, Any] = msgspec.to_builtins(component)
    hide_in(document, _hide, _hide)
    made = msgspec.convert(document, Component)
    return component if made == component else made


def _seal_business(business: Business) -> Business:
    components = tuple(map(sealed, business.components))
    if all(one is other for one, other in zip(components, business.components, strict=True)):
        return business
    return msgspec.structs.replace(business, components=components)


sealed: Memo[Component, Component] = Memo(_seal)
"""A component without its secrets. What is sealed stays as it is."""

sealed_business: Memo[Business, Business] = Memo(_seal_business)
"""A business without its secrets."""

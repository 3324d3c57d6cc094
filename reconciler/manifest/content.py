"""The digest of a business's whole content: equal digests, equal specs."""

import hashlib

import msgspec

from reconciler.manifest.model import Business


def content_digest(business: Business) -> str:
    """sha256 (64 hex digits) of the canonical JSON of the spec."""
    return hashlib.sha256(msgspec.json.encode(business, order="deterministic")).hexdigest()

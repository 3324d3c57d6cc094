"""The plan's hash: two plans with the same hash do the same, and anyone can compute it from `diff -o json`."""

import hashlib
import json
from typing import Any

NOT_HASHED = ("hash", "problems", "held", "deferred", "fetches", "downloads", "unknowns")
"""Top-level fields beside the plan itself: its hash, what kept files from being read, and `plan.show.transfers`."""


def canonical(document: dict[str, Any]) -> bytes:
    """The document as JSON with sorted keys, no spaces and plain UTF-8, without what is not hashed."""
    hashed = {name: value for name, value in document.items() if name not in NOT_HASHED}
    text = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def plan_hash(document: dict[str, Any]) -> str:
    """sha256 (64 hex digits) of the canonical form of a plan's document."""
    return hashlib.sha256(canonical(document)).hexdigest()

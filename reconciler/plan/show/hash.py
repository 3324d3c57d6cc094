"""The plan's hash: two plans with the same hash do the same, and anyone can compute it from `diff -o json`."""

import hashlib

import msgspec

from reconciler.plan.show.fields import HASHED, PlanDocument


def canonical(document: PlanDocument) -> bytes:
    """Encode what of a plan is hashed as JSON with sorted keys, no spaces and plain UTF-8."""
    return msgspec.json.encode({name: getattr(document, name) for name in HASHED}, order="sorted")


def plan_hash(document: PlanDocument) -> str:
    """Compute the sha256 (64 hex digits) of the canonical form of a plan's document."""
    return hashlib.sha256(canonical(document)).hexdigest()

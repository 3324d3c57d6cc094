"""The plan's hash: two plans with the same hash do the same."""

import hashlib

import msgspec

from reconciler.plan.model import Plan


def plan_hash(plan: Plan) -> str:
    """sha256 (64 hex digits) of the actions and what is pending, byte for byte."""
    return hashlib.sha256(msgspec.json.encode((plan.actions, plan.pending), order="deterministic")).hexdigest()

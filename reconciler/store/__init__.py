"""Desired state, observed state, revisions, events and metrics, kept in SQLite."""

from reconciler.store.model import (
    Accepted,
    BusinessRow,
    ComponentRow,
    Event,
    Revision,
    StoreError,
    SyncOutcome,
    UnknownNode,
)
from reconciler.store.store import Store

__all__ = [
    "Accepted",
    "BusinessRow",
    "ComponentRow",
    "Event",
    "Revision",
    "Store",
    "StoreError",
    "SyncOutcome",
    "UnknownNode",
]

"""What a manager remembers, in a database and, as it was committed, in memory.

Accepted specs, operators' words, reports and assignments come in, each as a unit of work that is committed or undone as
a whole. The desired and observed state that plans are made of go out, and the history: revisions, events, decisions.
"""

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

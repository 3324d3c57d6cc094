"""Nodes that come and go: each time they are lost again, they have to be back for longer before they get anything new.

Kept in memory only: a manager that starts anew gives every node the benefit of the doubt.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.plan.model.observed import NodeHealth

WINDOW = 3600.0
"""Seconds without a loss after which earlier ones are forgotten."""
FIRST, LONGEST = 60.0, 900.0
"""Seconds that a node has to be back after its second loss, doubled with each further one; and the most."""


@dataclass(slots=True)
class _Losses:
    """How often a node was lost within the window, when it was last seen lost, and until when it gets nothing new."""

    count: int = 0
    at: float = 0.0
    until: float = 0.0


class FlapDamper:
    """Watches nodes' liveness from plan to plan. Times are seconds since the epoch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lost: set[str] = set()
        self._losses: dict[str, _Losses] = {}

    def watch(self, node_health: Mapping[str, NodeHealth], now: float) -> None:
        """Note who is lost, and who is back."""
        with self._lock:
            for node_id, alive in node_health.items():
                if alive is NodeHealth.LOST:
                    self._gone(node_id, now)
                elif node_id in self._lost:
                    self._back(node_id, now)

    def unsteady(self, now: float) -> dict[str, float]:
        """Until when nodes get nothing new, by their ids, for those that do not."""
        with self._lock:
            return {node_id: losses.until for node_id, losses in self._losses.items() if losses.until > now}

    def _gone(self, node_id: str, now: float) -> None:
        losses = self._losses.setdefault(node_id, _Losses())
        if node_id not in self._lost:
            losses.count = losses.count + 1 if now - losses.at < WINDOW else 1
        self._lost.add(node_id)
        losses.at = now

    def _back(self, node_id: str, now: float) -> None:
        self._lost.discard(node_id)
        losses = self._losses[node_id]
        if losses.count > 1:
            losses.until = now + min(FIRST * 2 ** (losses.count - 2), LONGEST)

"""Nodes that come and go: each time they are lost again, they have to be back for longer before they get anything new.

Kept in memory only: a manager that starts anew gives every node the benefit of the doubt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.net.backoff import Backoff
from reconciler.plan.model.observed import NodeHealth

FORGET_SECONDS = 3600.0
"""After so long without a loss, earlier ones are forgotten."""
HOLD_OFF = Backoff(60.0, 2.0, 900.0)
"""How long a node has to be back after its second loss, its third, and so on."""


@dataclass(frozen=True, slots=True)
class Losses:
    """How often a node was lost in a row, when it was last seen lost, and until when it gets nothing new."""

    count: int = 0
    at: float = 0.0
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class FlapDamper:
    """What is remembered of nodes' losses. Times are seconds since the epoch."""

    lost: frozenset[str] = frozenset()
    losses: Mapping[str, Losses] = field(default_factory=dict)

    def after(self, node_health: Mapping[str, NodeHealth], now: float) -> "FlapDamper":
        """Remember also who is lost now, and who is back."""
        lost = frozenset(node_id for node_id, health in node_health.items() if health is NodeHealth.LOST)
        back = frozenset(node_id for node_id in self.lost - lost if node_id in node_health)
        if not lost and not back:
            return self
        losses = dict(self.losses)
        for node_id in lost:
            losses[node_id] = self._lost(node_id, now)
        for node_id in back:
            losses[node_id] = _back(losses[node_id], now)
        return FlapDamper((self.lost | lost) - back, losses)

    def flapping(self, now: float) -> dict[str, float]:
        """Until when nodes get nothing new, by their ids, for those that do not."""
        return {node_id: losses.until for node_id, losses in self.losses.items() if losses.until > now}

    def _lost(self, node_id: str, now: float) -> Losses:
        losses = self.losses.get(node_id, Losses())
        if node_id in self.lost:
            return replace(losses, at=now)
        count = losses.count + 1 if now - losses.at < FORGET_SECONDS else 1
        return replace(losses, count=count, at=now)


def _back(losses: Losses, now: float) -> Losses:
    return replace(losses, until=now + HOLD_OFF.delay(losses.count - 1)) if losses.count > 1 else losses

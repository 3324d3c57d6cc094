"""Nodes: what their agents report, and what operators ask of them."""

from collections.abc import Callable

from reconciler.control.errors import UnknownNodeId
from reconciler.control.loop.journal import asked_of_node
from reconciler.control.view import View
from reconciler.plan.model.observed import NodeHealth
from reconciler.plan.model.policy import Policy
from reconciler.store.store import Store
from reconciler.wire.reports import ComponentReport, NodeReport

LEASE_SHARE = 0.5
"""The lease of singletons, as a share of the silence after which a node counts as lost; the rest is for their end."""


class Nodes:
    """Takes reports, and cordons and drains nodes. `latest` gives the newest view, `clock` seconds since the epoch."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        latest: Callable[[], View],
        clock: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._policy = policy
        self._latest = latest
        self._clock = clock
        self._wake = wake

    @property
    def lease_seconds(self) -> float:
        """How long a node may run singletons after a report of it was taken: they have ended when it counts as lost."""
        return self._policy.lost_after * LEASE_SHARE

    def report(self, report: NodeReport) -> None:
        """Take a node's heartbeat and inventory."""
        changed = self._store.observed.record_report(report, self._clock())
        if changed or self._latest().node_health.get(report.node_id) is not NodeHealth.READY:
            self._wake()

    def report_component(self, report: ComponentReport) -> None:
        """Take one change of one instance. Raises UnknownNode when its node has not registered."""
        if self._store.observed.record_component(report, self._clock()):
            self._wake()

    def cordon(self, node_id: str, who: str) -> None:
        """Have a node get nothing new. Raises UnknownNodeId."""
        self._ask(node_id, who, cordoned=True)

    def drain(self, node_id: str, within: float | None, who: str) -> None:
        """Have a node give away what it runs, `within` so many seconds, and get nothing new. Raises UnknownNodeId."""
        self._ask(node_id, who, cordoned=True, draining=True, within=within)

    def uncordon(self, node_id: str, who: str) -> None:
        """Have a node get instances again. Raises UnknownNodeId."""
        self._ask(node_id, who, cordoned=False)

    def _ask(
        self, node_id: str, who: str, *, cordoned: bool, draining: bool = False, within: float | None = None
    ) -> None:
        nodes = self._store.observed.snapshot().nodes
        if node_id not in nodes:
            raise UnknownNodeId(node_id, nodes)
        now = self._clock()
        with self._store.transaction():
            self._store.observed.set_cordoned(node_id, cordoned, draining, None if within is None else now + within)
            self._store.events.add([asked_of_node(node_id, cordoned, draining, within, who, now)])
        self._wake()

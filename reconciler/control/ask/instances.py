"""Looking into instances: their output, and commands inside them, from the node that each is on."""

from collections.abc import Callable, Mapping

from reconciler.control.ask.exec import Execs, Relay, allocation_to_enter
from reconciler.control.dispatch.agent_client import AgentClient
from reconciler.control.errors import UnknownBusiness, UnknownInstance
from reconciler.control.view import View
from reconciler.store.store import Store
from reconciler.wire.messages import InstanceKey
from reconciler.wire.reports import InstanceReport
from reconciler.wire.streams import Exec, LogChunk

Reports = Mapping[tuple[InstanceKey, str], InstanceReport]
"""What a node last reported of each instance, by instance and node."""


class Instances:
    """Finds the node of an instance and asks its agent. `view` gives what is known now."""

    def __init__(self, store: Store, agents: AgentClient, view: Callable[[], View], clock: Callable[[], float]) -> None:
        self._store = store
        self._agents = agents
        self._view = view
        self._execs = Execs(store, agents, clock)

    def reports(self) -> Reports:
        """Show what nodes last reported of instances, by where they are."""
        return self._store.observed.reports()

    def logs(self, key: InstanceKey, query: Mapping[str, str]) -> LogChunk:
        """Fetch some of an instance's output. Raises UnknownInstance, AgentError."""
        observed = self._store.observed.snapshot()
        confirmed = [
            allocation for allocation in observed.allocations if allocation.key == key and allocation.confirmed
        ]
        if not confirmed:
            raise UnknownInstance(f"nothing of {key} is on any node; 'reconciler status {key.business_id}' says why")
        newest = max(confirmed, key=lambda allocation: allocation.version)
        return self._agents.logs(observed.nodes[newest.node_id].address, key, query)

    def exec(self, exec_: Exec, who: str) -> Relay:
        """Run a command inside an instance, on record; its output, which the caller closes.

        Raises UnknownBusiness, UnknownInstance, NotRunning, Busy, StoreError, AgentError.
        """
        view, observed = self._view(), self._store.observed.snapshot()
        status = view.statuses.get(exec_.business_id)
        if status is None:
            raise UnknownBusiness(exec_.business_id, tuple(view.statuses))
        allocation = allocation_to_enter(exec_.key, status, observed)
        return self._execs.start(observed.nodes[allocation.node_id].address, allocation.node_id, exec_, who)

"""Listing a node's containers: one call of the Engine, what is known of each, and what its checks say of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from docker import APIClient

from agent.engine.details import Details
from agent.engine.errors import readable
from agent.engine.inspect_cache import InspectCache
from agent.engine.labels import NODE, key_of
from agent.engine.probes import Prober, target_of
from agent.engine.status import running_of
from agent.engine.unhealthy import UnhealthyRestarter
from agent.runtime.contract import Running
from reconciler.wire.messages import InstanceKey, Status


class ContainerLister:
    """Lists the containers of one node, and has prober and restarter follow what it finds."""

    def __init__(
        self,
        client: APIClient,
        node_id: str,
        making: Callable[[], frozenset[InstanceKey]],
        inspected: InspectCache,
        prober: Prober,
        restarter: UnhealthyRestarter,
    ) -> None:
        """`making` names the instances for which a container is being made."""
        self._client, self._node_id, self._making = client, node_id, making
        self._inspected, self._prober, self._restarter = inspected, prober, restarter

    def list(self) -> list[Running]:
        """List every container with our node's label, in any state. Raises RuntimeFailure."""
        # What was true before or after the call may have been true during it.
        making, restarting = self._making(), self._restarter.restarting()
        with readable("cannot list the containers"):
            listed = self._client.containers(all=True, filters={"label": f"{NODE}={self._node_id}"})
            known = [pair for one in listed if (pair := self._inspected.of(one)) is not None]
        ids = {one["Id"] for one in listed}
        self._inspected.forget_others(ids)
        self._restarter.forget_others(ids)
        self._prober.follow(target for one, details in known if (target := target_of(one, details.started_at)))
        making |= self._making()
        seen = (self._running(one, details, making, restarting) for one, details in known)
        return [running for running in seen if running is not None]

    def _running(
        self, listed: dict[str, Any], details: Details, making: frozenset[InstanceKey], restarting: frozenset[str]
    ) -> Running | None:
        """A listed container as its checks say; None when its labels don't say whose it is."""
        running = running_of(listed, details, key_of(listed.get("Labels") or {}) in making)
        if running is None:
            return None
        verdict = self._prober.verdict(running.container_id)
        if verdict is not None and running.status is Status.RUNNING:
            running = replace(running, status=verdict[0], message=verdict[1])
        unhealthy = listed["State"] == "running" and running.status is Status.FAILED
        return self._restarter.observe(running, unhealthy, details.restarts_max, restarting)

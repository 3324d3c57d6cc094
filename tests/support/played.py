"""Nodes whose agents are played: they report what they are told to, and take nothing."""

import itertools
import time
from typing import Any

from tests.support.cluster import Cluster

UNREACHABLE = "http://127.0.0.1:9"
ROUNDS = 20
VERSIONS = itertools.count(1_000_000, 1_000_000)
"""Each is newer than what a manager asked for since the one before was reported to it."""


class PlayedNode:
    """A node as its agent would report it; what runs there is what was said to run."""

    def __init__(self, manager: Cluster, node_id: str, memory_mb: int = 4096, **more: Any) -> None:
        """`more` are fields of the report, such as `labels`."""
        self._manager = manager
        self.node_id = node_id
        self._memory_mb = memory_mb
        self._more = more
        self._containers = 0
        self.instances: dict[tuple[str, str, int], dict[str, Any]] = {}
        self.report()

    def report(self) -> None:
        """Send what is there now."""
        form = {
            "node_id": self.node_id,
            "address": UNREACHABLE,
            "capacity": {"cpu_cores": 4, "memory_mb": self._memory_mb},
            "instances": list(self.instances.values()),
            "timestamp": time.time(),
        }
        self._send("/api/report", form | self._more)

    def empty(self) -> None:
        """Report that nothing runs any more."""
        self.instances.clear()
        self.report()

    def take(self, action: dict[str, Any]) -> None:
        """Have an action of a plan done at once."""
        name = action["business_id"], action["component_id"], action["instance"]
        form = {"business_id": name[0], "component_id": name[1], "instance": name[2], "version": next(VERSIONS)}
        if action["kind"] == "stop":
            self.instances.pop(name, None)
            gone = form | {"status": "stopped", "node_id": self.node_id, "timestamp": time.time()}
            self._send("/api/report/component", gone)
            return
        self._containers += 1
        self.instances[name] = form | {
            "status": "running",
            "digest": action["digest"],
            "container_id": f"{self.node_id}-{self._containers}",
            "started_at": time.time(),
            "promise": self._reservation(*name[:2]),
        }

    def _reservation(self, business_id: str, component_id: str) -> dict[str, Any]:
        """What the spec asks for, as an agent that made the instance would report it."""
        components = self._manager.get(f"/api/businesses/{business_id}")["spec"]["components"]
        wanted = next(one for one in components if one["component_id"] == component_id)
        resources = wanted.get("resource_requirements", {})
        return {name: resources[name] for name in ("cpu_cores", "memory_mb") if name in resources}

    def _send(self, path: str, form: dict[str, Any]) -> None:
        reply = self._manager.request("POST", path, json=form)
        assert reply.status_code == 200, reply.text


def carry_out(manager: Cluster, *nodes: PlayedNode) -> None:
    """Have the nodes do what the manager plans, until nothing is left that may be done."""
    by_id = {node.node_id: node for node in nodes}
    for _ in range(ROUNDS):
        actions = [action for action in manager.plan()["actions"] if not action["exceeds"]]
        if not actions:
            return
        for action in actions:
            by_id[action["node_id"]].take(action)
        for node_id in {action["node_id"] for action in actions if action["kind"] != "stop"}:
            by_id[node_id].report()
    raise AssertionError(f"the plan does not end: {manager.plan()}")

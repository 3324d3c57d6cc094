"""A manager and its agents on loopback, and the words a test needs to talk to them."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from tests.support.commands import Threads, command, log_in
from tests.support.namespaces import Namespace
from tests.support.processes import Child, free_port
from tests.support.waiting import wait_until

HEARTBEAT = "1"


class Cluster:
    """One manager, any number of agents, everything under `root`.

    They are threads of the test's process: starting a process costs twenty times as much. `processes` makes each a
    process of its own, for tests that kill, freeze or measure one.
    """

    def __init__(self, root: Path, token: str | None = None, processes: bool = False) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.token = token
        self.port = free_port()
        self.desired = root / "desired"
        self.desired.mkdir(exist_ok=True)
        self.agents: dict[str, Child | Threads] = {}
        self._agent_arguments: dict[str, list[str]] = {}
        self.manager: Child | Threads | None = None
        self._processes = processes
        self._log: ExitStack | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # -- life

    def start_manager(self, *extra: str, wait: bool = True, env: Mapping[str, str] | None = None) -> None:
        arguments = [
            "serve",
            *("--listen", f"127.0.0.1:{self.port}"),
            *("--db", str(self.root / "manager.db")),
            *("--desired", str(self.desired)),
            *extra,
        ]
        self.manager = self._start(arguments, "manager", env or {})
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        def ready() -> bool:
            assert self.manager is not None
            assert self.manager.alive, self.logs()
            try:
                return requests.get(f"{self.url}/readyz", timeout=5).ok
            except requests.ConnectionError:
                return False

        wait_until(ready, what="the manager to be ready")

    def start_agent(
        self,
        node_id: str,
        *extra: str,
        runtime: str = "docker",
        inside: Namespace | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start an agent, or one that has ended again; `inside` a network namespace if one is given."""
        if node_id not in self._agent_arguments:
            self._agent_arguments[node_id] = [
                "agent",
                *("--listen", f"127.0.0.1:{free_port()}"),
                *("--manager", self.url),
                *("--node-id", node_id),
                *("--state-dir", str(self.root / node_id)),
                *("--runtime", runtime),
                *("--heartbeat", HEARTBEAT),
                *(("--listen", f"{inside.address}:7701") if inside else ()),
                *(("--manager", f"http://{inside.gateway}:{self.port}") if inside else ()),
                *extra,
            ]
        within = inside.words if inside else ()
        self.agents[node_id] = self._start(self._agent_arguments[node_id], node_id, env or {}, within)

    def _start(
        self, arguments: Sequence[str], name: str, env: Mapping[str, str], within: Sequence[str] = ()
    ) -> Child | Threads:
        if self._processes:
            return Child(arguments, self.root / f"{name}.log", within, **self._secret(), **env)
        assert not env and not within, "only a process has an environment and a network of its own"
        if self._log is None:
            self._log = ExitStack()
            self._log.enter_context(log_in(self.root / "threads.log"))
        return Threads(arguments, **self._secret())

    def child(self, name: str) -> Child:
        """The process of an agent, or of the `manager`."""
        found = self.manager if name == "manager" else self.agents[name]
        assert isinstance(found, Child), "mark the test with `processes`"
        return found

    def wait_node(self, node_id: str, state: str = "ready") -> None:
        wait_until(
            lambda: any(node["node_id"] == node_id and node["state"] == state for node in self.get("/api/nodes")),
            what=f"node {node_id} to be {state}",
        )

    def close(self) -> None:
        """End everything, manager last; workloads are the caller's to remove."""
        for agent in self.agents.values():
            if agent.alive:
                agent.terminate()
        if self.manager is not None and self.manager.alive:
            self.manager.terminate()
        if self._log is not None:
            self._log.close()
            self._log = None

    def end_all(self) -> None:
        """Stop every business, wait until it has ended, and close: for programs, which no Engine could remove."""
        for item in self.get("/api/businesses"):
            self.ask(item["business_id"], "stop")
        wait_until(lambda: {item["status"] for item in self.get("/api/businesses")} <= {"stopped"}, what="all to end")
        self.close()

    def _secret(self) -> dict[str, str]:
        return {"RECONCILER_TOKEN": self.token} if self.token else {}

    # -- talking

    def request(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = more.pop("headers", {})
        if self.token:
            headers = {"Authorization": f"Bearer {self.token}"} | headers
        return requests.request(method, self.url + path, headers=headers, timeout=30, **more)

    def get(self, path: str) -> Any:
        reply = self.request("GET", path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, business: dict[str, Any], expect: int = 201) -> dict[str, Any]:
        reply = self.request("POST", "/api/businesses", json=business)
        assert reply.status_code == expect, reply.text
        return reply.json()

    def put(self, business: dict[str, Any], expect: int = 200) -> dict[str, Any]:
        reply = self.request("PUT", f"/api/businesses/{business['business_id']}", json=business)
        assert reply.status_code == expect, reply.text
        return reply.json()

    def ask(self, business_id: str, verb: str, expect: int = 202) -> dict[str, Any]:
        """`stop` or `restart`."""
        reply = self.request("POST", f"/api/businesses/{business_id}/{verb}")
        assert reply.status_code == expect, reply.text
        return reply.json()

    def delete(self, business_id: str) -> None:
        reply = self.request("DELETE", f"/api/businesses/{business_id}")
        assert reply.status_code == 202, reply.text

    def plan(self) -> dict[str, Any]:
        reply = self.request("POST", "/api/plan")
        assert reply.status_code == 200, reply.text
        return reply.json()

    def cli(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return command("--manager", self.url, *arguments, stdin=stdin, **self._secret())

    # -- waiting

    def status(self, business_id: str) -> str:
        reply = self.request("GET", f"/api/businesses/{business_id}")
        return "" if reply.status_code == 404 else reply.json()["status"]

    def components(self, business_id: str) -> list[dict[str, Any]]:
        return self.get(f"/api/businesses/{business_id}/components")

    def containers(self, business_id: str) -> dict[str, str]:
        """Component id and ordinal (`web/0`) → container id, of those that have one."""
        return {
            f"{item['component_id']}/{item['instance']}": item["container_id"]
            for item in self.components(business_id)
            if item["container_id"]
        }

    def wait_status(self, business_id: str, status: str) -> dict[str, Any]:
        """The business, once it has this status."""

        def reached() -> dict[str, Any] | None:
            found = self.request("GET", f"/api/businesses/{business_id}").json()
            self.last = found
            return found if found.get("status") == status else None

        try:
            return wait_until(reached, what=f"{business_id} to be {status}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(self.last, indent=1)}\n{self.logs()}") from None

    def wait_in_sync(self) -> None:
        """Until the plan is empty and nothing is under way."""

        def in_sync() -> bool:
            self.last = self.plan()
            quiet = not self.last["actions"] and not self.last["pending"]
            words = {business["status"] for business in self.get("/api/businesses")}
            return quiet and words <= {"running", "stopped"}

        try:
            wait_until(in_sync, what="the fleet to be as desired")
        except AssertionError as error:
            businesses = json.dumps(self.get("/api/businesses"), indent=1)
            raise AssertionError(f"{error}\n{self.last}\n{businesses}\n{self.logs()}") from None

    def wait_gone(self, business_id: str) -> None:
        wait_until(lambda: self.status(business_id) == "", what=f"{business_id} to be gone")

    def logs(self, lines: int = 25) -> str:
        """The last lines of every log."""
        parts = []
        for log in sorted(self.root.glob("*.log")):
            parts.append(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:]))
        return "\n".join(parts)


def docker_component(component_id: str, image: str = "reconciler-test/busybox:1", **more: Any) -> dict[str, Any]:
    """A small container that runs until it is stopped."""
    return {
        "component_id": component_id,
        "component_name": component_id,
        "type": "docker",
        "image_name": image,
        "command": ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"],
        "resource_requirements": {"cpu_cores": 0.02, "memory_mb": 16},
        "stop_grace_period": "2s",
    } | more


def program(component_id: str, node_id: str | None, script: str, **more: Any) -> dict[str, Any]:
    """A host program of a shell script, on this node if one is given."""
    return {
        "component_id": component_id,
        "type": "process",
        "command": ["sh", "-c", script],
        "affinity": {"node_id": node_id} if node_id else {},
        "stop_grace_period": "5s",
    } | more


def business(business_id: str, components: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A business of these components."""
    return {"business_id": business_id, "business_name": business_id, "components": list(components)}

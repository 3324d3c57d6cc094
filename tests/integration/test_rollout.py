"""Rolling updates of a replicated web server on a real Engine, under load."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
import pytest
import requests

from tests.support.cluster import Cluster, business, docker_component
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

REPLICAS = 3


START_FIRST = {"order": "start-first"}
ROLLBACK = {"failure_action": "rollback"}


def web(page: str, replicas: int = REPLICAS, **more: Any) -> dict[str, Any]:
    """Three web servers that are running once they answer."""
    return docker_component(
        "web",
        "reconciler-test/web:1",
        command=["httpd", "-f", "-p", "8080", "-h", "/www"],
        config_files=[{"path": "/www/index.html", "content": page}],
        replicas=replicas,
        stop_signal="SIGKILL",
        networks=["rollout"],
        healthcheck={
            "test": ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"],
            "interval": "200ms",
            "start_period": "30s",
            "start_interval": "200ms",
        },
        **more,
    )


class Load:
    """Asks one server after the other; a request fails when none of them answers it."""

    def __init__(self, client: docker.DockerClient, node_id: str) -> None:
        self._client = client
        self._label = f"reconciler.node_id={node_id}"
        self.answers: list[str] = []
        self.failed = 0
        self.ends = threading.Event()

    def run(self) -> None:
        while not self.ends.is_set():
            answer = next(self._tries(), None)
            if answer is None:
                self.failed += 1
            else:
                self.answers.append(answer)

    def _tries(self) -> Iterator[str]:
        for container in self._client.containers.list(ignore_removed=True, filters={"label": self._label}):
            networks = container.attrs["NetworkSettings"]["Networks"].values()
            for address in [network["IPAddress"] for network in networks if network["IPAddress"]]:
                try:
                    yield requests.get(f"http://{address}:8080/", timeout=2).text
                except requests.RequestException:
                    continue


@contextmanager
def load(client: docker.DockerClient, node_id: str) -> Iterator[Load]:
    """Requests without pause while the test does something."""
    made = Load(client, node_id)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: made.answers, what="the first answer")
        yield made
    finally:
        made.ends.set()
        thread.join(30)


def test_no_request_fails_while_a_new_version_is_rolled_out(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    cluster.post(business("shop", [web("one")]))
    cluster.wait_status("shop", "running")
    with load(client, nodes[0]) as requested:
        cluster.put(business("shop", [web("two")]))
        wait_until(lambda: "1 at a time" in cluster.cli("diff").stdout, what="the plan to say so")
        cluster.wait_in_sync()
        wait_until(lambda: requested.answers[-1] == "two", what="the new page")
    assert requested.failed == 0
    assert set(requested.answers) == {"one", "two"}


def test_a_broken_version_stops_at_the_first_and_the_way_back_touches_only_that(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    cluster.post(business("shop", [web("one")]))
    cluster.wait_status("shop", "running")
    before = cluster.containers("shop")
    with load(client, nodes[0]) as requested:
        broken = web("two", entrypoint=["sh", "-c", "echo out of order >&2; exit 3"])
        cluster.put(business("shop", [broken]))
        wait_until(lambda: "out of order" in cluster.get("/api/businesses/shop")["message"], what="the reason")
        cluster.put(business("shop", [web("one")]))
        cluster.wait_in_sync()
    after = cluster.containers("shop")
    assert {key for key in before if before[key] != after[key]} == {"web/0"}
    assert requested.failed == 0
    assert set(requested.answers) == {"one"}


def test_start_first_replaces_a_single_server_without_a_gap(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    cluster.post(business("shop", [web("one", replicas=1, update=START_FIRST)]))
    cluster.wait_status("shop", "running")
    with load(client, nodes[0]) as requested:
        cluster.put(business("shop", [web("two", replicas=1, update=START_FIRST)]))
        cluster.wait_in_sync()
        wait_until(lambda: requested.answers[-1] == "two", what="the new page")
    assert requested.failed == 0
    (container,) = client.containers.list(ignore_removed=True, filters={"label": f"reconciler.node_id={nodes[0]}"})
    assert container.name == f"shop.web.0.{nodes[0]}", "the new container took the old one's name"


def test_a_broken_version_is_rolled_back_by_itself_and_stays_so(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    cluster.post(business("shop", [web("one", update=ROLLBACK)]))
    cluster.wait_status("shop", "running")
    with load(client, nodes[0]) as requested:
        broken = web("two", update=ROLLBACK, entrypoint=["sh", "-c", "echo out of order >&2; exit 3"])
        cluster.put(business("shop", [broken]))
        wait_until(lambda: "rolled back" in cluster.get("/api/businesses/shop")["message"], what="the way back")
        cluster.wait_in_sync()
        cluster.manager.terminate()  # type: ignore[union-attr]
        cluster.start_manager()
        cluster.wait_node(nodes[0])
        cluster.wait_in_sync()
    assert requested.failed == 0
    assert set(requested.answers) == {"one"}
    found = cluster.get("/api/businesses/shop")
    assert (found["status"], found["revision"]) == ("running", 2)
    assert "exited with code 3" in found["message"], "the reason survives the manager"
    assert any(event["kind"] == "rollback" for event in cluster.get("/api/events?limit=1000"))
    cluster.put(business("shop", [web("three", update=ROLLBACK)]))
    cluster.wait_in_sync()
    assert cluster.get("/api/businesses/shop")["message"] == ""


def test_canaries_wait_for_an_operator(cluster: Cluster) -> None:
    cluster.post(business("shop", [web("one", update={"canary": 1})]))
    cluster.wait_status("shop", "running")
    before = cluster.containers("shop")
    cluster.put(business("shop", [web("two", update={"canary": 1})]))
    wait_until(lambda: "reconciler promote shop/web" in cluster.cli("diff").stdout, what="the plan to say what to do")
    wait_until(lambda: cluster.containers("shop").get("web/0") not in (None, before["web/0"]), what="the canary")
    assert {key for key, one in cluster.containers("shop").items() if one == before[key]} == {"web/1", "web/2"}
    assert "reconciler promote shop/web" in cluster.cli("status", "shop").stdout
    done = cluster.cli("promote", "shop/web", "--wait")
    assert done.returncode == 0, done.stderr
    cluster.wait_in_sync()
    assert not set(cluster.containers("shop").values()) & set(before.values())
    again = cluster.cli("promote", "shop")
    assert (again.returncode, again.stdout) == (1, "")
    assert "nothing of shop waits to be promoted" in again.stderr


def test_limits_are_changed_under_a_running_container(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    cluster.post(business("shop", [docker_component("web")]))
    cluster.wait_status("shop", "running")
    before = cluster.containers("shop")
    more = {"cpu_cores": 0.05, "memory_mb": 32}
    cluster.put(business("shop", [docker_component("web", resource_requirements=more)]))
    cluster.wait_in_sync()
    assert cluster.containers("shop") == before
    container = client.containers.get(before["web/0"])
    assert container.attrs["HostConfig"]["Memory"] == 32 * 1024 * 1024
    container.update(mem_limit="24m", memswap_limit="48m")
    wait_until(
        lambda: client.containers.get(before["web/0"]).attrs["HostConfig"]["Memory"] == 32 * 1024 * 1024,
        what="a limit changed by hand to be set back",
    )
    cluster.wait_in_sync()
    assert cluster.containers("shop") == before

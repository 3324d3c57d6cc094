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

pytestmark = pytest.mark.docker

REPLICAS = 3


def web(page: str, **more: Any) -> dict[str, Any]:
    """Three web servers that are running once they answer."""
    return docker_component(
        "web",
        "reconciler-test/web:1",
        command=["httpd", "-f", "-p", "8080", "-h", "/www"],
        config_files=[{"path": "/www/index.html", "content": page}],
        replicas=REPLICAS,
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

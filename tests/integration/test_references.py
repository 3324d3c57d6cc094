"""References to where another component runs, on real containers and two nodes."""

from typing import Any

import docker
import pytest

from tests.support.cluster import Cluster, business, docker_component
from tests.support.processes import free_port
from tests.support.waiting import wait_until

pytestmark = pytest.mark.docker

DATABASE = "${db.host}:${db.port.8080}"


def database(node_id: str, port: int) -> dict[str, Any]:
    return docker_component(
        "db",
        command=["httpd", "-f", "-p", "8080", "-h", "/www"],
        config_files=[{"path": "/www/index.html", "content": "rows"}],
        ports=[f"{port}:8080"],
        healthcheck={"tcp": {"port": 8080}, "interval": "1s"},
        affinity={"node_id": node_id},
        stop_signal="SIGKILL",
    )


def test_a_component_finds_another_one_and_follows_it_to_another_node(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str]
) -> None:
    cluster.start_agent(nodes[1])
    cluster.wait_node(nodes[1])
    port, other = free_port(), free_port()
    api = docker_component("api", environment={"DB": DATABASE}, affinity={"node_id": nodes[0]})

    def told() -> str:
        (container,) = client.containers.list(
            ignore_removed=True, filters={"label": [f"reconciler.node_id={nodes[0]}", "reconciler.component_id=api"]}
        )
        return next(one for one in container.attrs["Config"]["Env"] if one.startswith("DB="))

    cluster.post(business("shop", [api, database(nodes[0], port)]))
    cluster.wait_status("shop", "running")
    assert told() == "DB=db:8080"
    page = cluster.cli("exec", "shop/api", "--", "sh", "-c", "wget -q -O - http://$DB/")
    assert page.stdout == "rows", page.stderr
    cluster.put(business("shop", [api, database(nodes[1], other)]))
    cluster.wait_in_sync()
    wait_until(lambda: told() == f"DB=127.0.0.1:{other}", what="the api to be told")


def test_a_port_that_nobody_publishes_is_told(cluster: Cluster, nodes: list[str]) -> None:
    cluster.start_agent(nodes[1])
    cluster.wait_node(nodes[1])
    api = docker_component("api", environment={"DB": DATABASE}, affinity={"node_id": nodes[0]})
    cluster.post(business("shop", [api, docker_component("db", affinity={"node_id": nodes[1]})]))
    why = "db is on another node and publishes no port 8080"
    wait_until(lambda: why in str(cluster.get("/api/businesses/shop")["message"]), what="the reason")
    assert why in cluster.cli("diff").stdout

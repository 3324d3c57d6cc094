"""An image is on the node before anything of the old version stops, in place and on moves."""

from pathlib import Path
from typing import Any

import docker
import pytest

from tests.integration.test_images import answer, forget, web
from tests.support.cluster import Cluster, business
from tests.support.file_server import serve_folder
from tests.support.images import WEB, save_tar, web_image
from tests.support.processes import free_port
from tests.support.registry import registry
from tests.support.waiting import wait_until

pytestmark = pytest.mark.docker


def message(cluster: Cluster, business_id: str) -> str:
    return " ".join(part["message"] for part in cluster.components(business_id))


def serving(cluster: Cluster, port: int, part: dict[str, Any]) -> str:
    """Deploy it as `shop`; the id of its container, once that answers."""
    cluster.post(business("shop", [part]))
    cluster.wait_status("shop", "running")
    wait_until(lambda: answer(port) == "hello\n", what="the page")
    return cluster.containers("shop")["web/0"]


def test_the_old_version_serves_while_the_new_image_is_on_its_way(
    cluster: Cluster, client: docker.DockerClient, tmp_path: Path
) -> None:
    port, image = free_port(), "reconciler-test/prefetch:2"
    client.api.tag(web_image(client), "reconciler-test/prefetch", "2")
    save_tar(client, image, tmp_path).rename(tmp_path / "web.tar")
    forget(client, image)
    old = serving(cluster, port, web(WEB, port, 8080))
    with serve_folder(tmp_path) as server:
        server.gate.clear()
        cluster.put(business("shop", [web(image, port, 8080, image_url=f"{server.url}/web.tar")]))
        wait_until(lambda: server.requests, what="the download to begin")
        assert answer(port) == "hello\n"
        assert client.containers.get(old).status == "running"
        server.gate.set()
        wait_until(lambda: cluster.containers("shop").get("web/0") not in (None, old), what="the new container")
    cluster.wait_status("shop", "running")
    wait_until(lambda: answer(port) == "hello\n", what="the page of the new one")
    cluster.delete("shop")
    cluster.wait_gone("shop")
    forget(client, image)


def test_an_image_that_can_not_be_had_stops_nothing_in_place_or_on_a_move(
    cluster: Cluster, client: docker.DockerClient, nodes: list[str], tmp_path: Path
) -> None:
    port = free_port()
    here, there = ({"affinity": {"node_id": node_id}} for node_id in nodes)
    old = serving(cluster, port, web(WEB, port, 8080, **here))
    cluster.start_agent(nodes[1])
    cluster.wait_node(nodes[1])
    with registry(client, tmp_path) as local:
        missing = f"{local.host}/team/web:9"
        for where in (here, there):
            cluster.put(business("shop", [web(missing, port, 8080, **where)]))
            wait_until(lambda: "no such image or tag" in message(cluster, "shop"), what="the reason")
            assert client.containers.get(old).status == "running"
            assert answer(port) == "hello\n"


def test_the_plan_tells_the_bytes(cluster: Cluster, client: docker.DockerClient, nodes: list[str]) -> None:
    web_image(client)
    spec = (
        "business_id: bytes\ncomponents:\n- {component_id: there, image_name: 'reconciler-test/web:1'}\n"
        "- {component_id: lacking, image_name: 'reconciler-test/nowhere:1'}\n"
    )
    told = cluster.cli("diff", "-", stdin=spec)
    assert told.returncode == 1, told.stderr
    assert "pulls reconciler-test/nowhere:1 (size unknown;" in " ".join(told.stdout.split())
    assert "pulls reconciler-test/web:1" not in told.stdout
    body = {"businesses": [business("bytes", [web(WEB, free_port(), 8080)])]}
    (fetch,) = cluster.request("POST", "/api/plan", json=body).json()["fetches"]
    assert fetch["present"] and fetch["size_mb"] == -(-client.images.get(WEB).attrs["Size"] // 2**20)

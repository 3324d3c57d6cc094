"""Images from everywhere: Debian's nginx and redis, a tar over HTTP, a registry; and each way it can fail."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from tests.support.cluster import Cluster, business, docker_component
from tests.support.file_server import serve_folder
from tests.support.images import busybox_image, nginx_image, redis_image, save_tar, web_image
from tests.support.processes import free_port
from tests.support.registry import registry
from tests.support.waiting import wait_until

pytestmark = pytest.mark.docker


def answer(port: int) -> str:
    """What the web server on this port says; nothing while it starts."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=5).text
    except requests.ConnectionError:
        return ""


def web(image: str, port: int, target: int, **more: Any) -> dict[str, Any]:
    """A component that serves HTTP with its image's own command."""
    component = docker_component("web", image, ports=[f"127.0.0.1:{port}:{target}"], **more)
    del component["command"]
    return component


def forget(client: docker.DockerClient, *images: str) -> None:
    """Remove images from the Engine."""
    for image in images:
        client.images.remove(image, force=True)


def test_nginx_and_redis_run_with_their_own_configuration(cluster: Cluster, client: docker.DockerClient) -> None:
    port = free_port()
    nginx = web(
        nginx_image(client),
        port,
        80,
        config_files=[{"path": "/usr/share/nginx/html/index.html", "content": "from a config file"}],
        resource_requirements={"memory_mb": 64},
    )
    redis = docker_component("cache", redis_image(client), resource_requirements={"memory_mb": 64})
    redis["healthcheck"] = {"test": ["CMD", "redis-cli", "ping"], "interval": "1s", "start_interval": "200ms"}
    redis["command"] = ["redis-server", "--save", "", "--dir", "/data", "--protected-mode", "no"]
    cluster.post(business("shop", [nginx, redis]))
    cluster.wait_status("shop", "running")
    wait_until(lambda: answer(port) == "from a config file", what="nginx's page")
    cache = client.containers.get(cluster.containers("shop")["cache/0"])
    assert cache.exec_run(["redis-cli", "set", "a", "1"]).output == b"OK\n"
    assert cache.attrs["HostConfig"]["Memory"] == 64 * 2**20


def test_a_tar_over_http_is_downloaded_once_verified_and_run(
    cluster: Cluster, client: docker.DockerClient, tmp_path: Path
) -> None:
    image = "reconciler-test/by-tar:1"
    web_image(client, image)
    tar = tmp_path / "web.tar.gz"
    tar.write_bytes(gzip.compress(save_tar(client, image, tmp_path).read_bytes()))
    forget(client, image)
    ports = [free_port(), free_port()]
    with serve_folder(tmp_path) as server:
        server.breaks_after.append(20_000)
        source = {
            "image_url": f"{server.url}/web.tar.gz",
            "image_sha256": hashlib.sha256(tar.read_bytes()).hexdigest(),
        }
        parts = [web(image, port, 8080, **source) | {"component_id": f"web{port}"} for port in ports]
        cluster.post(business("tar", parts))
        cluster.wait_status("tar", "running")
        asked = [request for request in server.requests if request[0] == "/web.tar.gz"]
    for port in ports:
        wait_until(lambda port=port: answer(port) == "hello\n", what="the page")  # type: ignore[misc]
    assert [status for _, _, status in asked] == [200, 206], "once, and resumed where it broke"


def test_an_image_is_pulled_from_a_registry(cluster: Cluster, client: docker.DockerClient, tmp_path: Path) -> None:
    port = free_port()
    with registry(client, tmp_path) as local:
        name = local.push(web_image(client), "team/web:2")
        cluster.post(business("pulled", [web(name, port, 8080)]))
        cluster.wait_status("pulled", "running")
        wait_until(lambda: answer(port) == "hello\n", what="the page")
        cluster.post(business("none", [web(f"{local.host}/team/web:3", free_port(), 8080)]))
        failed = cluster.wait_status("none", "failed")
        assert "no such image or tag" in failed["components"][0]["message"]
        cluster.delete("pulled")
        wait_until(
            lambda: not [c for c in client.containers.list(ignore_removed=True) if name in c.attrs["Config"]["Image"]]
        )
    forget(client, name)


def test_what_can_not_be_had_says_why_and_comes_when_it_can(
    cluster: Cluster, client: docker.DockerClient, tmp_path: Path
) -> None:
    image = "reconciler-test/late:1"
    busybox_image(client, image)
    content = save_tar(client, image, tmp_path).read_bytes()
    save_tar(client, busybox_image(client), tmp_path).rename(tmp_path / "other.tar")
    forget(client, image)
    (tmp_path / "page.tar").write_text("<html>not here</html>")
    with serve_folder(tmp_path) as server:
        cases = {
            "status": ({"image_url": f"{server.url}/late.tar"}, "404"),
            "checksum": ({"image_url": f"{server.url}/other.tar", "image_sha256": "0" * 64}, "sha256"),
            "other": ({"image_url": f"{server.url}/other.tar"}, f"not {image}"),
            "page": ({"image_url": f"{server.url}/page.tar"}, "web page"),
            "refused": ({"image_url": f"http://127.0.0.1:{free_port()}/late.tar"}, "refuses the connection"),
        }
        for name, (source, word) in cases.items():
            cluster.post(business(name, [docker_component("web", image, **source), docker_component("beside")]))
            failed = cluster.wait_status(name, "failed")
            reasons = {part["component_id"]: part["message"] for part in failed["components"]}
            assert word in reasons["web"], reasons
            wait_until(lambda name=name: "beside/0" in cluster.containers(name), what="the other component")  # type: ignore[misc]
        spec = f"business_id: again\ncomponents: [{{component_id: web, image_name: 'x:1', image_url: {server.url}/nowhere.tar}}]\n"
        told = cluster.cli("apply", "--wait", "--timeout", "2s", "-", stdin=spec)
        assert told.returncode == 1
        assert "again/web/0" in told.stdout and "404" in told.stderr, "the command line says it too"
        (tmp_path / "late.tar").write_bytes(content)
        cluster.wait_status("status", "running")
    forget(client, image)

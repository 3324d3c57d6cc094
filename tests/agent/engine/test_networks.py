"""A business's network on a node: its components find each other there, others don't, and it goes with the last."""

import os
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest

from agent.engine.body import business_network
from agent.engine.client import engine_client
from agent.engine.networks import Networks
from agent.engine.runtime import DockerRuntime
from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.model import Port
from tests.agent.engine.fixtures import client, node_id, runtime  # noqa: F401 - fixtures
from tests.agent.engine.parts import deploy
from tests.support.images import WEB, busybox_image
from tests.support.private_engine import private_engine
from tests.support.waiting import wait_until

# ruff: noqa: F811 - the fixtures' names
pytestmark = pytest.mark.docker


@pytest.fixture
def neighbour(node_id: str, tmp_path: Path) -> Iterator[DockerRuntime]:
    """Another agent's runtime on the same Engine."""
    made = DockerRuntime.connect(f"{node_id}-b", tmp_path / "neighbour")
    yield made
    for one in made.list():
        made.stop(one.container_id)
    made.close()


def named(client: docker.DockerClient, name: str) -> list[str]:
    """The ids of the networks of exactly this name."""
    return [str(one.id) for one in client.networks.list(names=[name]) if one.name == name]


def fetched(client: docker.DockerClient, container_id: str, host: str) -> str:
    """What a web server answers to a container; "" without an answer."""
    result = client.containers.get(container_id).exec_run(["wget", "-q", "-O", "-", f"http://{host}:8080/"])
    return str(result.output.decode()) if result.exit_code == 0 else ""


def test_components_of_one_business_reach_each_other_and_no_other_business(
    runtime: DockerRuntime, client: docker.DockerClient, node_id: str
) -> None:
    shop, other = f"{node_id}-shop", f"{node_id}-other"
    port = Port(target=8080, host_ip="127.0.0.1")
    server = runtime.create(deploy("my_web", business_id=shop, image_name=WEB, ports=(port,)))
    asker = runtime.create(deploy("asker", business_id=shop))
    stranger = runtime.create(deploy("asker", business_id=other))
    for host in ("my_web", "my-web"):
        wait_until(lambda host=host: fetched(client, asker, host) == "hello\n", what=f"an answer of {host}")
    assert fetched(client, stranger, "my_web") == ""
    published = client.api.inspect_container(server)["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostPort"]
    with urllib.request.urlopen(f"http://127.0.0.1:{published}/", timeout=5) as answer:
        assert answer.read() == b"hello\n"

    runtime.stop(server)
    assert named(client, business_network(shop))
    runtime.stop(asker)
    assert not named(client, business_network(shop))
    assert named(client, business_network(other))


def test_a_network_goes_with_the_last_container_whoever_made_it(
    runtime: DockerRuntime, neighbour: DockerRuntime, client: docker.DockerClient, node_id: str
) -> None:
    first = runtime.create(deploy("web", business_id=node_id, image_name=WEB))
    second = neighbour.create(deploy("asker", business_id=node_id))
    wait_until(lambda: fetched(client, second, "web") == "hello\n", what="the other agent's server")
    runtime.stop(first)
    assert named(client, business_network(node_id))
    neighbour.stop(second)
    assert not named(client, business_network(node_id))


def test_agents_that_begin_at_once_share_one_network(
    runtime: DockerRuntime, neighbour: DockerRuntime, client: docker.DockerClient, node_id: str
) -> None:
    with ThreadPoolExecutor(2) as pool:
        for attempt in range(3):
            wanted = deploy(business_id=f"{node_id}-{attempt}")
            made = list(pool.map(lambda one, wanted=wanted: one.create(wanted), (runtime, neighbour)))
            assert len(named(client, business_network(wanted.business_id))) == 1
            for one, container_id in zip((runtime, neighbour), made, strict=True):
                one.stop(container_id)
            assert not named(client, business_network(wanted.business_id))


def test_several_networks_of_one_name_become_one(client: docker.DockerClient, node_id: str) -> None:
    label = {"reconciler.node_id": node_id}
    for _ in range(2):
        client.api.create_network(node_id, labels=label)
    connection = engine_client(60)
    networks = Networks(connection, node_id)
    with networks.ensuring([node_id]):
        assert len(named(client, node_id)) == 1
    networks.remove_unused([node_id])
    assert not named(client, node_id)
    connection.close()


def test_a_failed_create_leaves_no_network(runtime: DockerRuntime, client: docker.DockerClient, node_id: str) -> None:
    with pytest.raises(RuntimeFailure, match="no program"):
        runtime.create(deploy(business_id=node_id, command=("no-such-program",)))
    assert not named(client, business_network(node_id))


@pytest.mark.root
def test_an_engine_without_addresses_gets_some_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with private_engine("--default-address-pool", "base=10.99.0.0/24,size=24") as engine:
        client = engine.start()
        busybox_image(client)
        client.networks.create(
            "stranger", ipam=docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool("10.201.0.0/25")])
        )
        monkeypatch.setitem(os.environ, "DOCKER_HOST", engine.url)
        runtime = DockerRuntime.connect("alone", tmp_path)
        try:
            for business_id in ("a", "b", "c"):
                runtime.create(deploy(business_id=business_id))
            networks = client.networks.list(names=["reconciler-"])
            found = {one.name: one.attrs["IPAM"]["Config"][0]["Subnet"] for one in networks}
            assert found["reconciler-a"] == "10.99.0.0/24"
            assert found["reconciler-b"] == "10.201.1.0/24"
            assert found["reconciler-c"] == "10.201.2.0/24"
        finally:
            runtime.close()

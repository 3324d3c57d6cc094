"""Clusters on the real Docker Engine; whatever they start is removed with them."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.support.cluster import Cluster
from tests.support.engine import engine, remove_containers
from tests.support.images import busybox_image, web_image


@pytest.fixture(scope="session")
def client() -> docker.DockerClient:
    return engine()


@pytest.fixture(scope="session")
def images(client: docker.DockerClient) -> None:
    """The images that most tests run."""
    busybox_image(client)
    web_image(client)


@pytest.fixture
def nodes() -> list[str]:
    """Two node ids that no other test has."""
    mark = uuid.uuid4().hex[:8]
    return [f"a-{mark}", f"b-{mark}"]


@pytest.fixture
def processes(request: pytest.FixtureRequest) -> bool:
    """Whether the test asks, by its mark, for a manager and agents that are processes of their own."""
    return request.node.get_closest_marker("processes") is not None


@pytest.fixture
def empty(
    tmp_path: Path, client: docker.DockerClient, images: None, nodes: list[str], processes: bool
) -> Iterator[Cluster]:
    """A cluster whose manager and agents the test starts."""
    made = Cluster(tmp_path / "cluster", processes=processes)
    try:
        yield made
    finally:
        made.close()
        for node_id in nodes:
            remove_containers(client, node_id)


@pytest.fixture
def cluster(empty: Cluster, nodes: list[str]) -> Cluster:
    """A manager and one agent, ready."""
    empty.start_manager()
    empty.start_agent(nodes[0])
    empty.wait_node(nodes[0])
    return empty


@pytest.fixture
def programs(tmp_path: Path, processes: bool) -> Iterator[Cluster]:
    """A manager and two agents, `east` and `west`, that run programs; all of them end with it."""
    made = Cluster(tmp_path / "programs", processes=processes)
    made.start_manager()
    for node_id in ("east", "west"):
        made.start_agent(node_id, runtime="process")
        made.wait_node(node_id)
    yield made
    made.end_all()

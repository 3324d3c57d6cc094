"""Fixtures on the real Engine: each test has a node id of its own, and what it made is removed with it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from agent.engine.runtime import DockerRuntime
from tests.support.engine import engine, remove_containers
from tests.support.images import busybox_image, web_image


@pytest.fixture(scope="session")
def client() -> docker.DockerClient:
    made = engine()
    busybox_image(made)
    web_image(made)
    return made


@pytest.fixture
def node_id(client: docker.DockerClient) -> Iterator[str]:
    made = f"test-{uuid.uuid4().hex[:8]}"
    yield made
    remove_containers(client, made)


@pytest.fixture
def runtime(node_id: str, tmp_path: Path) -> Iterator[DockerRuntime]:
    made = DockerRuntime.connect(node_id, tmp_path / "state")
    yield made
    made.close()

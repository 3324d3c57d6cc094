"""The real Docker Engine that tests run on."""

import contextlib
import os

import docker
import pytest
from docker.errors import APIError, DockerException


def engine() -> docker.DockerClient:
    """A client of the local Engine. Without one the test is left out; under `CI` it fails."""
    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except DockerException as error:
        reason = f"no Docker Engine answers (run .ci/docker): {error}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return client


def remove_containers(client: docker.DockerClient, node_id: str) -> None:
    """Remove every container and network that carries this node id."""
    label = {"label": f"reconciler.node_id={node_id}"}
    for found in client.api.containers(all=True, filters=label):
        with contextlib.suppress(APIError):
            client.api.remove_container(found["Id"], force=True, v=True)
    for network in client.api.networks(filters=label):
        with contextlib.suppress(APIError):
            client.api.remove_network(network["Id"])

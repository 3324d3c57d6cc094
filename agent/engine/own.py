"""Rule 1: containers that this node's agent did not make are never touched. Each change of one passes by here first."""

from collections.abc import Mapping
from typing import Any

from docker import APIClient

from agent.engine.labels import NODE
from agent.runtime.contract import RuntimeFailure


def inspect_own(client: APIClient, node_id: str, container_id: str) -> dict[str, Any]:
    """Inspect a container of this node. Raises NotFound, and RuntimeFailure for one that is of another or of nobody."""
    inspected: dict[str, Any] = client.inspect_container(container_id)
    if labels_in(inspected).get(NODE) != node_id:
        raise RuntimeFailure(f"container {container_id[:12]} is not of node {node_id!r}; it is left alone")
    return inspected


def assert_own(labels: Mapping[str, str], node_id: str) -> None:
    """Hold rule 1 right before a container is changed."""
    assert labels.get(NODE) == node_id, f"rule 1: node {node_id!r} touches no container of {labels.get(NODE)!r}"


def labels_in(inspected: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of an inspected container."""
    return inspected["Config"].get("Labels") or {}

"""Ending a container and removing it, with what it alone used: its anonymous volumes, networks and mounted files."""

from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, DockerException, NotFound

from agent.engine.errors import CONFLICT, readable
from agent.engine.files import MountedFiles
from agent.engine.labels import DIGEST, key_of, version_in
from agent.engine.networks import Networks
from agent.engine.own import assert_own, inspect_own, labels_in
from agent.engine.stop import prepare_stop
from reconciler.wire.messages import Deploy


class ContainerRemover:
    """Removes the containers of one node, and no others. Safe to use from several threads."""

    def __init__(self, client: APIClient, node_id: str, networks: Networks, files: MountedFiles) -> None:
        self._client, self._node_id, self._networks, self._files = client, node_id, networks, files

    def stop(self, container_id: str, within: float | None = None) -> None:
        """End the container as its component says (signal, grace period) and remove it. Raises RuntimeFailure.

        `within` cuts the grace period short (seconds). Being gone already is fine.
        """
        with readable(f"cannot stop container {container_id[:12]}"):
            try:
                inspected = inspect_own(self._client, self._node_id, container_id)
            except NotFound:
                return
            self.end(inspected, within)

    def end(self, inspected: dict[str, Any], within: float | None = None) -> None:
        """Stop and remove an inspected container of ours. Raises APIError."""
        container_id, labels = inspected["Id"], labels_in(inspected)
        assert_own(labels, self._node_id)
        try:
            if inspected["State"]["Running"] or inspected["State"].get("Restarting"):
                self._client.stop(container_id, timeout=prepare_stop(self._client, inspected, within))
            self._client.remove_container(container_id, v=True, force=True)
        except NotFound:
            pass
        except APIError as error:
            # It is being removed already.
            if error.status_code != CONFLICT:
                raise
        self._networks.remove_unused(inspected["NetworkSettings"]["Networks"])
        key = key_of(labels)
        if key is not None:
            self._files.remove(key, labels.get(DIGEST, ""), version_in(labels))

    def discard(self, container_id: str, deploy: Deploy) -> None:
        """Remove a container of ours that did not come to run; why it did not matters more than a failure here."""
        try:
            self._client.remove_container(container_id, v=True, force=True)
        except (DockerException, requests.RequestException, OSError):
            return
        self._files.remove(deploy.key, deploy.digest, deploy.version)

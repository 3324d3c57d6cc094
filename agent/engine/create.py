"""Making an instance's container and starting it: on its networks, with its files, in the place of an older one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from docker import APIClient
from docker.errors import APIError, NotFound

from agent.engine.body import Body, container_body, endpoint, networks_of
from agent.engine.drift.recorder import Recorder
from agent.engine.errors import CONFLICT, network_changed, readable
from agent.engine.files import MountedFiles, archive
from agent.engine.labels import DIGEST, NODE, alongside_name, container_name, key_of, labels_of
from agent.engine.networks import CONTEST_SECONDS_MAX, Networks
from agent.engine.own import labels_in
from agent.engine.remove import ContainerRemover
from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.images import image_reference
from reconciler.wire.messages import Deploy, InstanceKey


class ContainerCreator:
    """Creates the containers of one node. Safe to use from several threads."""

    def __init__(
        self,
        client: APIClient,
        node_id: str,
        networks: Networks,
        files: MountedFiles,
        remover: ContainerRemover,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._client, self._node_id, self._clock = client, node_id, clock
        self._networks, self._files, self._remover = networks, files, remover
        self._recorder = Recorder(client)
        self._log_driver: str | None = None
        self._lock = threading.Lock()
        self._making: set[InstanceKey] = set()

    def making(self) -> frozenset[InstanceKey]:
        """Return the instances for which a container is being made now."""
        with self._lock:
            return frozenset(self._making)

    def create(self, deploy: Deploy, alongside: bool) -> str:
        """Create and start the instance's container; its id.

        Where the instance's container runs with this digest already, that one is the answer. Any other container of
        the instance is replaced, unless the new one is made `alongside` it, under a name of its own. Raises
        RuntimeFailure with the reason, and then leaves nothing behind.
        """
        name = container_name(deploy.key, self._node_id)
        if alongside:
            name = alongside_name(name, deploy.version)
        with self._noted(deploy.key), readable(f"cannot create {deploy.key}"):
            return self._create_on_networks(deploy, name)

    def _create_on_networks(self, deploy: Deploy, name: str) -> str:
        """Create the container anew for as long as another agent makes or removes the same network at the same time."""
        deadline = self._clock() + CONTEST_SECONDS_MAX
        while True:
            try:
                return self._create(deploy, name)
            except APIError as error:
                if not network_changed(error) or self._clock() >= deadline:
                    raise

    def _create(self, deploy: Deploy, name: str) -> str:
        """Make the container on networks that are there. Raises APIError and RuntimeFailure."""
        with self._networks.ensuring(networks_of(deploy)):
            there = self._replace(deploy, name)
            if there is not None:
                return there
            container_id = self._make(deploy, name)
            try:
                self._start(container_id, deploy)
            except BaseException:
                self._remover.discard(container_id, deploy)
                raise
            return container_id

    def _replace(self, deploy: Deploy, name: str) -> str | None:
        """The id of the container of that name if it is what shall run; else end it and leave the name free."""
        try:
            there = self._client.inspect_container(name)
        except NotFound:
            return None
        labels = labels_in(there)
        if labels.get(NODE) != self._node_id or key_of(labels) != deploy.key:
            raise RuntimeFailure(
                f"cannot create {deploy.key}: a container named {name!r} that this agent did not make is in the way; "
                f"rename or remove it"
            )
        if labels.get(DIGEST) == deploy.digest and there["State"]["Running"]:
            return str(there["Id"])
        self._remover.end(there)
        return None

    def _make(self, deploy: Deploy, name: str) -> str:
        """Make the container and start nothing. Raises APIError and RuntimeFailure, and leaves nothing behind then."""
        try:
            return self._recorder.create(self._body(deploy), name, deploy)
        except APIError as error:
            self._files.remove(deploy.key, deploy.digest, deploy.version)
            if error.status_code == CONFLICT:
                raise RuntimeFailure(
                    f"cannot create {deploy.key}: another container took the name {name!r} just now"
                ) from error
            raise

    def _body(self, deploy: Deploy) -> Body:
        """The create call's body, once the files that it mounts are there."""
        if self._log_driver is None:
            self._log_driver = str(self._client.info()["LoggingDriver"])
        body = container_body(
            deploy,
            image_reference(deploy.component),
            labels_of(deploy, self._node_id),
            self._client.api_version,
            self._log_driver,
        )
        body["HostConfig"]["Binds"] += self._files.write(deploy)
        return body

    def _start(self, container_id: str, deploy: Deploy) -> None:
        files = archive(deploy.component)
        if files is not None:
            self._client.put_archive(container_id, "/", files)
        aliases = endpoint(deploy.component)["Aliases"]
        for network in networks_of(deploy)[1:]:
            self._client.connect_container_to_network(container_id, network, aliases=aliases)
        self._client.start(container_id)

    @contextmanager
    def _noted(self, key: InstanceKey) -> Iterator[None]:
        """Note that a container of this instance is being made: one that is not started yet has not failed."""
        with self._lock:
            self._making.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._making.discard(key)

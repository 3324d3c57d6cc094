"""Containers on a Docker Engine, as the supervisor's runtime for components of type `docker`.

The Engine is the only memory: labels say whose instance a container is, and a container's name, derived from the
instance, lets the Engine itself refuse a second one. Nothing without our node's label is ever touched.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from agent.engine.body import (
    CPU_PERIOD,
    CPU_SHARES,
    SWAP_SHARE,
    Body,
    container_body,
    cpu_quota,
    endpoint,
    host_config,
    memory_bytes,
    networks_of,
)
from agent.engine.create import Recorded
from agent.engine.errors import network_changed, readable
from agent.engine.events import NETWORK_EVENTS, Watcher, container_events
from agent.engine.exec import DockerExecution
from agent.engine.files import archive, forget_mounted, write_mounted
from agent.engine.images.ensure import Images
from agent.engine.images.gc import ImageCleaner
from agent.engine.images.gc_policy import KEEP
from agent.engine.images.inventory import ImageStock
from agent.engine.images.origins import Origins
from agent.engine.images.ours import ImageRecord
from agent.engine.inspect_cache import Inspections
from agent.engine.labels import DIGEST, NODE, alongside_name, container_name, key_of, labels_of, version_in
from agent.engine.logs import read_logs
from agent.engine.networks import Networks
from agent.engine.probes import Prober, target_of
from agent.engine.stats import Sampler
from agent.engine.status import Details, running_of
from agent.engine.stop import prepare_stop
from agent.engine.unhealthy import Reviver
from agent.runtime.contract import Execution, LogQuery, NodeImages, ProgressCallback, Running, RuntimeFailure
from reconciler.manifest.images import image_reference
from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy, InstanceKey, LogChunk, Status, Usage

CONNECTIONS = 16
CALL_TIMEOUT = 120
IMAGE_TIMEOUT = 1800
CONFLICT = 409


class DockerRuntime:
    """The containers of one node id on one Engine. Several node ids may share an Engine without meeting."""

    def __init__(
        self, node_id: str, state_dir: Path, client: APIClient, image_client: APIClient, keep_images: float
    ) -> None:
        self._node_id = node_id
        self._configs = state_dir / "config"
        self._client = client
        self._image_client = image_client
        record, origins = ImageRecord(state_dir / "images.json"), Origins(state_dir / "downloads")
        self._stock = ImageStock(client)
        self._images = Images(image_client, state_dir / "downloads", record, origins, changed=self._stock.changed)
        self._cleaner = ImageCleaner(client, record, origins, keep_images, removed=self._stock.changed)
        self._networks = Networks(client, node_id)
        self._recorded = Recorded(client)
        self._sampler = Sampler(client)
        self._inspections = Inspections(client)
        self._lock = threading.Lock()
        self._making: set[InstanceKey] = set()
        self._watchers: list[Watcher] = []
        self._notify: Callable[[], None] = lambda: None
        self._log_driver: str | None = None
        self._prober = Prober(lambda: self._notify())
        self._reviver = Reviver(self._restart, lambda: self._notify())

    @classmethod
    def connect(cls, node_id: str, state_dir: Path, keep_images: float = KEEP) -> "DockerRuntime":
        """A runtime on the Engine that `DOCKER_HOST` names, or the local one. Raises RuntimeFailure without one.

        Images that it brought and that nothing uses any more are removed after `keep_images` seconds.
        """
        try:
            client = engine_client(CALL_TIMEOUT)
            image_client = engine_client(IMAGE_TIMEOUT, client.api_version)
        except (DockerException, requests.RequestException, OSError) as error:
            reason = str(error).removeprefix("Error while fetching server API version: ")
            raise RuntimeFailure(f"no Docker Engine answers on this node: {reason}") from error
        made = cls(node_id, state_dir, client, image_client, keep_images)
        made._cleaner.start()
        return made

    def ensure_image(self, component: Component, progress: ProgressCallback) -> None:
        """Have the component's image on the Engine, as its `pull_policy` says. Raises RuntimeFailure."""
        self._images.ensure(component, progress)

    def create(self, deploy: Deploy, alongside: bool = False) -> str:
        """Create and start the instance's container; its id.

        Where the instance's container runs with this digest already, that one is the answer; any other container
        of the instance is replaced, unless the new one is made `alongside` it, under a name of its own. Raises
        RuntimeFailure with the reason, and then leaves nothing behind.
        """
        with self._lock:
            self._making.add(deploy.key)
        try:
            with readable(f"cannot create {deploy.key}"):
                return self._create(deploy, alongside)
        finally:
            with self._lock:
                self._making.discard(deploy.key)

    def holding_networks(self, deploy: Deploy) -> AbstractContextManager[None]:
        """Meanwhile, the networks of the instance are not removed though no container is on them."""
        return self._networks.kept(networks_of(deploy))

    def promote(self, container_id: str, key: InstanceKey) -> None:
        """Give a container the name of its instance's container, which is gone. Raises RuntimeFailure."""
        with readable(f"cannot rename the new container of {key}"):
            self._client.rename(container_id, container_name(key, self._node_id))
        self._inspections.forget(container_id)

    def limit(self, container_id: str, deploy: Deploy) -> None:
        """Give a running container the deploy's limits and restart policy. Raises RuntimeFailure."""
        with readable(f"cannot change the limits of {deploy.key}"):
            quota, memory = cpu_quota(deploy.component), memory_bytes(deploy.component)
            self._client.update_container(
                container_id,
                cpu_period=CPU_PERIOD if quota else None,
                cpu_quota=quota or None,
                cpu_shares=CPU_SHARES if "cpu_shares" in deploy.heal else None,
                mem_limit=memory or None,
                memswap_limit=SWAP_SHARE * memory or None,
                restart_policy=host_config(deploy)["RestartPolicy"],
            )
        self._inspections.forget(container_id)

    def stop(self, container_id: str, within: float | None = None) -> None:
        """End the container as its component says (signal, grace period) and remove it with its anonymous volumes.

        `within` cuts the grace period short (seconds).
        """
        with readable(f"cannot stop container {container_id[:12]}"):
            try:
                self._end(self._client.inspect_container(container_id), within)
            except NotFound:
                return

    def list(self) -> list[Running]:
        """Every container with our node's label, in any state. Raises RuntimeFailure when the Engine doesn't say."""
        with self._lock:
            making = frozenset(self._making)
        busy = self._reviver.busy()
        with readable("cannot list the containers"):
            listed = self._client.containers(all=True, filters={"label": f"{NODE}={self._node_id}"})
            known = [pair for one in listed if (pair := self._inspections.of(one)) is not None]
        self._stock.look()
        ids = {one["Id"] for one in listed}
        self._inspections.forget_others(ids)
        self._reviver.forget_others(ids)
        self._prober.follow(target for one, details in known if (target := target_of(one, details.started_at)))
        with self._lock:
            making |= self._making
        seen = (self._running(one, details, making, busy) for one, details in known)
        return [running for running in seen if running is not None]

    def node_images(self) -> NodeImages:
        """The Engine's images, and how much of its disk is free, as of the last listing."""
        return self._stock.get()

    def stats(self, container_ids: Iterable[str]) -> dict[str, Usage]:
        """CPU (percent of one core since the last call) and memory of those that run."""
        return self._sampler.sample(container_ids)

    def logs(self, container_id: str, wanted: LogQuery) -> LogChunk:
        """Some of what the container wrote, with the Engine's times. Raises RuntimeFailure."""
        with readable("cannot read the log"):
            return read_logs(self._client, container_id, wanted)

    def exec(self, container_id: str, command: Sequence[str]) -> Execution:
        """Start a command in the container, as its own user. Raises NotRunning and RuntimeFailure."""
        return DockerExecution(self._client, container_id, command)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` after each change of a container of ours, and whenever the Engine is back."""
        self._notify = changed
        self._inspections.listen()
        self._watchers = [
            Watcher(self._client, container_events(self._node_id), self._heard),
            Watcher(self._client, NETWORK_EVENTS, self._heard_of_network),
        ]

    def close(self) -> None:
        """Stop watching and let go of the connections. Ends no container."""
        for watcher in self._watchers:
            watcher.close()
        self._cleaner.close()
        self._prober.close()
        self._reviver.close()
        self._client.close()
        self._image_client.close()

    def _create(self, deploy: Deploy, alongside: bool) -> str:
        name = container_name(deploy.key, self._node_id)
        if alongside:
            name = alongside_name(name, deploy.version)
        body = container_body(
            deploy,
            image_reference(deploy.component),
            labels_of(deploy, self._node_id),
            self._client.api_version,
            self._default_log_driver(),
        )
        networks = networks_of(deploy)
        with self._networks.there(networks):
            try:
                return self._create_and_start(deploy, name, body)
            except APIError as error:
                if not network_changed(error):
                    raise
        with self._networks.there(networks):
            return self._create_and_start(deploy, name, body)

    def _create_and_start(self, deploy: Deploy, name: str, body: Body) -> str:
        container_id = self._create_container(deploy, name, body)
        if container_id is None:
            there = self._in_the_way(name, deploy)
            if there is not None:
                return there
            container_id = self._create_container(deploy, name, body)
            if container_id is None:
                raise RuntimeFailure(f"cannot create {deploy.key}: another container took the name {name!r} just now")
        self._start(container_id, deploy)
        return container_id

    def _create_container(self, deploy: Deploy, name: str, body: Body) -> str | None:
        """Its id; None when the Engine has a container of that name."""
        folder = self._config_folder(deploy.key, deploy.digest, deploy.version)
        binds = [*body["HostConfig"]["Binds"], *write_mounted(deploy.component, folder)]
        body = body | {"HostConfig": body["HostConfig"] | {"Binds": binds}}
        try:
            return self._recorded.create(body, name, deploy)
        except APIError as error:
            if error.status_code == CONFLICT:
                return None
            forget_mounted(folder)
            raise

    def _start(self, container_id: str, deploy: Deploy) -> None:
        try:
            files = archive(deploy.component)
            if files is not None:
                self._client.put_archive(container_id, "/", files)
            for network in networks_of(deploy)[1:]:
                self._client.connect_container_to_network(
                    container_id, network, aliases=endpoint(deploy.component)["Aliases"]
                )
            self._client.start(container_id)
        except BaseException:
            self._discard(container_id, deploy)
            raise

    def _discard(self, container_id: str, deploy: Deploy) -> None:
        """Remove a container that did not come to run; the reason why it did not matters more than a failure here."""
        try:
            self._client.remove_container(container_id, v=True, force=True)
        except (DockerException, requests.RequestException, OSError):
            return
        forget_mounted(self._config_folder(deploy.key, deploy.digest, deploy.version))

    def _in_the_way(self, name: str, deploy: Deploy) -> str | None:
        """The id of the container that has the name if it is what shall run; else None, with the name free again."""
        try:
            there = self._client.inspect_container(name)
        except NotFound:
            return None
        labels = there["Config"].get("Labels") or {}
        if labels.get(NODE) != self._node_id or key_of(labels) != deploy.key:
            raise RuntimeFailure(
                f"cannot create {deploy.key}: a container named {name!r} that this agent did not make is in the way; "
                f"rename or remove it"
            )
        if labels.get(DIGEST) == deploy.digest and there["State"]["Running"]:
            return str(there["Id"])
        self._end(there)
        return None

    def _end(self, inspected: dict[str, Any], within: float | None = None) -> None:
        """Stop and remove an inspected container, if it is ours. Being gone already is fine."""
        container_id, labels = inspected["Id"], inspected["Config"].get("Labels") or {}
        if labels.get(NODE) != self._node_id:
            raise RuntimeFailure(f"container {container_id[:12]} is not of node {self._node_id!r}; it is left alone")
        try:
            if inspected["State"]["Running"] or inspected["State"].get("Restarting"):
                self._client.stop(container_id, timeout=prepare_stop(self._client, inspected, within))
            self._client.remove_container(container_id, v=True, force=True)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
        self._networks.forget(inspected["NetworkSettings"]["Networks"])
        key = key_of(labels)
        if key is not None:
            forget_mounted(self._config_folder(key, labels.get(DIGEST, ""), version_in(labels)))

    def _restart(self, container_id: str) -> int | None:
        """Restart a container that runs; how often the Engine had done so, None when it does not run any more."""
        with readable(f"cannot restart container {container_id[:12]}"):
            try:
                inspected = self._client.inspect_container(container_id)
                if not inspected["State"]["Running"]:
                    return None
                self._client.restart(container_id, timeout=prepare_stop(self._client, inspected))
            except NotFound:
                return None
            finally:
                self._inspections.forget(container_id)
        return int(inspected["RestartCount"])

    def _heard(self, container_id: str | None) -> None:
        self._inspections.forget(container_id)
        self._notify()

    def _heard_of_network(self, container_id: str | None) -> None:
        """A container, any on this Engine, has joined or left a network."""
        if container_id is None or self._inspections.knows(container_id):
            self._heard(container_id)

    def _running(
        self, listed: dict[str, Any], details: Details, making: frozenset[InstanceKey], busy: frozenset[str]
    ) -> Running | None:
        """A listed container as its checks say. `making` and `busy` may have been true when it was listed."""
        running = running_of(listed, details, key_of(listed.get("Labels") or {}) in making)
        if running is None:
            return None
        verdict = self._prober.verdict(running.container_id)
        if verdict is not None and running.status is Status.RUNNING:
            running = replace(running, status=verdict[0], message=verdict[1])
        unhealthy = listed["State"] == "running" and running.status is Status.FAILED
        return self._reviver.look(running, unhealthy, details.restarts_max, busy)

    def _default_log_driver(self) -> str:
        """The logging driver that the Engine uses when it is told none."""
        if self._log_driver is None:
            self._log_driver = str(self._client.info()["LoggingDriver"])
        return self._log_driver

    def _config_folder(self, key: InstanceKey, digest: str, version: int) -> Path:
        """Each container has its own, also beside one of the same digest."""
        return self._configs / container_name(key, self._node_id) / f"{digest}.v{version}"


def engine_client(timeout: int, version: str = "auto") -> APIClient:
    """A connection to the Engine that `DOCKER_HOST` names, or the local one; `timeout` is seconds per call."""
    client = APIClient(version=version, timeout=timeout, max_pool_size=CONNECTIONS, **kwargs_from_env())
    if client.base_url.startswith("http+docker"):
        client.trust_env = False  # no proxy is between us and a local socket, and looking for one costs each call
    return client

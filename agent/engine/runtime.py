"""Containers on a Docker Engine, as the supervisor's runtime for components of type `docker`.

The Engine is the only memory: labels say whose instance a container is, and a container's name, derived from the
instance, lets the Engine itself refuse a second one. Nothing without our node's label is ever touched.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from docker import APIClient

from agent.engine.body import networks_of, resource_limits
from agent.engine.client import connect_engine
from agent.engine.create import ContainerCreator
from agent.engine.errors import readable
from agent.engine.events import NETWORK_EVENTS, Watcher, container_events
from agent.engine.exec import DockerExecution
from agent.engine.files import MountedFiles
from agent.engine.images.ensure import Images
from agent.engine.images.gc import ImageCollector
from agent.engine.images.gc_policy import KEEP_SECONDS
from agent.engine.images.inventory import ImageInventory
from agent.engine.images.origins import Origins
from agent.engine.images.ours import ImageRecord
from agent.engine.inspect_cache import InspectCache
from agent.engine.labels import container_name
from agent.engine.list import ContainerLister
from agent.engine.logs import read_logs
from agent.engine.networks import Networks
from agent.engine.own import assert_own, inspect_own, labels_in
from agent.engine.probes import Prober
from agent.engine.remove import ContainerRemover
from agent.engine.stats import Sampler
from agent.engine.stop import restart_container
from agent.engine.unhealthy import UnhealthyRestarter
from agent.runtime.contract import Execution, LogQuery, NodeImages, ProgressCallback, Running
from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy, InstanceKey
from reconciler.wire.reports import Usage
from reconciler.wire.streams import LogChunk


class DockerRuntime:
    """The containers of one node id on one Engine. Several node ids may share an Engine without meeting.

    It has a method for each of the contract's, which are more than a class usually has, and each hands on to its part.
    """

    def __init__(
        self, node_id: str, state_dir: Path, client: APIClient, image_client: APIClient, keep_images: float
    ) -> None:
        """`keep_images` says how many seconds images that it brought and nothing uses any more are kept."""
        self._node_id, self._client, self._image_client = node_id, client, image_client
        self._notify: Callable[[], None] = lambda: None
        self._watchers: list[Watcher] = []
        record, origins = ImageRecord(state_dir / "images.json"), Origins(state_dir / "downloads")
        self._inventory = ImageInventory(client)
        self._images = Images(image_client, state_dir / "downloads", record, origins, changed=self._inventory.changed)
        self._collector = ImageCollector(client, record, origins, keep_images, removed=self._inventory.changed)
        self._networks = Networks(client, node_id)
        files = MountedFiles(state_dir / "config", node_id)
        self._remover = ContainerRemover(client, node_id, self._networks, files)
        self._creator = ContainerCreator(client, node_id, self._networks, files, self._remover)
        self._inspected = InspectCache(client)
        self._prober = Prober(lambda: self._notify())
        self._restarter = UnhealthyRestarter(self._restart, lambda: self._notify())
        self._lister = ContainerLister(
            client, node_id, self._creator.making, self._inspected, self._prober, self._restarter
        )
        self._sampler = Sampler(client)

    @classmethod
    def connect(cls, node_id: str, state_dir: Path, keep_images: float = KEEP_SECONDS) -> "DockerRuntime":
        """Make a runtime on the Engine that `DOCKER_HOST` names, or the local one. Raises RuntimeFailure."""
        made = cls(node_id, state_dir, *connect_engine(), keep_images)
        made._collector.start()
        return made

    def ensure_image(self, component: Component, progress: ProgressCallback) -> None:
        """Bring the component's image onto the Engine, as its `pull_policy` says. Raises RuntimeFailure."""
        self._images.ensure(component, progress)

    def create(self, deploy: Deploy, alongside: bool = False) -> str:
        """Create and start the instance's container, as `ContainerCreator.create` does. Raises RuntimeFailure."""
        return self._creator.create(deploy, alongside)

    def holding_networks(self, deploy: Deploy) -> AbstractContextManager[None]:
        """Keep the networks of the instance while the context lasts, though no container may be on them."""
        return self._networks.holding(networks_of(deploy))

    def promote(self, container_id: str, key: InstanceKey) -> None:
        """Give a container the name of its instance's container, which is gone. Raises RuntimeFailure."""
        with readable(f"cannot rename the new container of {key}"):
            assert_own(labels_in(inspect_own(self._client, self._node_id, container_id)), self._node_id)
            self._client.rename(container_id, container_name(key, self._node_id))
        self._inspected.forget(container_id)

    def limit(self, container_id: str, deploy: Deploy) -> None:
        """Give a running container the deploy's resource limits and restart policy. Raises RuntimeFailure."""
        with readable(f"cannot change the limits of {deploy.key}"):
            assert_own(labels_in(inspect_own(self._client, self._node_id, container_id)), self._node_id)
            self._client.update_container(container_id, **resource_limits(deploy))
        self._inspected.forget(container_id)

    def stop(self, container_id: str, within: float | None = None) -> None:
        """End a container of ours and remove it, as `ContainerRemover.stop` does. Raises RuntimeFailure."""
        self._remover.stop(container_id, within)

    def list(self) -> list[Running]:
        """List every container with our node's label, in any state. Raises RuntimeFailure."""
        found = self._lister.list()
        self._inventory.look()
        return found

    def node_images(self) -> NodeImages:
        """Return the Engine's images, and how much of its disk is free, as of the last listing."""
        return self._inventory.get()

    def stats(self, container_ids: Iterable[str]) -> dict[str, Usage]:
        """Measure CPU (percent of one core since the last call) and memory of those that run."""
        return self._sampler.sample(container_ids)

    def logs(self, container_id: str, wanted: LogQuery) -> LogChunk:
        """Read some of what the container wrote, with the Engine's times. Raises RuntimeFailure."""
        with readable("cannot read the log"):
            return read_logs(self._client, container_id, wanted)

    def exec(self, container_id: str, command: Sequence[str]) -> Execution:
        """Start a command in the container, as its own user. Raises NotRunning and RuntimeFailure."""
        return DockerExecution(self._client, container_id, command)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` after each change of a container of ours, and whenever the Engine is back."""
        self._notify = changed
        self._inspected.listen()
        self._watchers = [
            Watcher(self._client, container_events(self._node_id), self._heard),
            Watcher(self._client, NETWORK_EVENTS, self._heard_of_network),
        ]

    def close(self) -> None:
        """Stop watching and let go of the connections. Ends no container."""
        for watcher in self._watchers:
            watcher.close()
        self._collector.close()
        self._prober.close()
        self._restarter.close()
        self._client.close()
        self._image_client.close()

    def _restart(self, container_id: str) -> int | None:
        """Restart an unhealthy container, as `restart_container` does. Raises RuntimeFailure."""
        try:
            return restart_container(self._client, self._node_id, container_id)
        finally:
            self._inspected.forget(container_id)

    def _heard(self, container_id: str | None) -> None:
        """A container of ours, None for any, is not as it was."""
        self._inspected.forget(container_id)
        self._notify()

    def _heard_of_network(self, container_id: str | None) -> None:
        """A container, any on this Engine, has joined or left a network."""
        if container_id is None or self._inspected.knows(container_id):
            self._heard(container_id)

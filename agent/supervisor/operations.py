"""What a worker does with containers: replace them, stop-first or start-first, stop them, and remove duplicates.

After every step it is checked that the goal still stands: an operation that was overtaken ends, in a state that the
newer goal's operation goes on from.
"""

import logging
import threading
from collections.abc import Sequence

from agent.runtime.contract import RuntimeFailure
from agent.supervisor.actions import create, end, remove
from agent.supervisor.container import Container
from agent.supervisor.failures import Closing, Overtaken
from agent.supervisor.instance import Task
from agent.supervisor.inventories import Inventories
from agent.supervisor.inventory import Inventory
from agent.supervisor.progress import under_way
from agent.supervisor.publisher import Publisher
from agent.supervisor.runner import Runner
from agent.supervisor.table import InstanceTable
from reconciler.wire.messages import Deploy, Status

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often who waits for a container looks whether it is still wanted."""


class Operations:
    """Carries out one task at a time for each instance. Every method raises RuntimeFailure, Overtaken and Closing."""

    def __init__(self, table: InstanceTable, inventories: Inventories, publisher: Publisher, runner: Runner) -> None:
        self._table, self._inventories, self._publisher = table, inventories, publisher
        self._clock = runner.clock
        self._closing = threading.Event()

    def close(self) -> None:
        """End every wait for a container. What waits leaves both containers to the next agent."""
        self._closing.set()

    def replace(self, task: Task, deploy: Deploy) -> Deploy:
        """Have the deploy's container run in the instance's place, and return the deploy as it was carried out.

        A repeated message may have changed its version or limits meanwhile.
        """
        inventory = self._inventories.of(deploy.component.type)
        containers = self._inventories.ascertain(task.key, inventory.name)
        current = next((container for container in containers if container.matches(deploy)), None)
        serves = any(container.running.status is Status.RUNNING for container in containers)
        if current is None and serves and deploy.component.update.order == "start-first":
            return self._start_first(task, deploy, inventory)
        with inventory.runtime.holding_networks(deploy):
            return self._stop_first(task, deploy, inventory, containers, current)

    def stop(self, task: Task, within: float | None = None) -> None:
        """End every container of the instance, each in at most `within` seconds where that is given."""
        for container in self._inventories.ascertain(task.key):
            self._check(task)
            end(self._inventories, task.goal, container, (), within)
        log.info("%s stopped", task.key)

    def remove_duplicates(self, task: Task) -> None:
        """End every container of the instance but the newest that runs."""
        containers = self._inventories.ascertain(task.key)
        running = (container for container in containers if container.running.status is Status.RUNNING)
        kept = next(running, containers[0] if containers else None)
        for container in containers:
            if container is not kept:
                self._check(task)
                log.warning("%s has a surplus container %s; stopping it", task.key, container.id[:12])
                end(self._inventories, task.goal, container, containers)

    def _stop_first(
        self,
        task: Task,
        deploy: Deploy,
        inventory: Inventory,
        containers: Sequence[Container],
        current: Container | None,
    ) -> Deploy:
        """End what is not to run, then start what is to run and does not run yet."""
        for container in containers:
            if container is not current:
                self._check(task)
                self._tell(task, deploy, "stopping the old one")
                end(self._inventories, deploy, container, containers)
        deploy = self._confirm(task)
        if current is None:
            self._tell(task, deploy)
            create(deploy, inventory)
        elif current.needs_change(deploy):
            inventory.runtime.limit(current.id, deploy)
            inventory.refresh()
        return deploy

    def _start_first(self, task: Task, deploy: Deploy, inventory: Inventory) -> Deploy:
        """Replace what runs once the new version runs alongside; if that does not come up, what runs stays."""
        self._tell(task, deploy, "starts beside the old one")
        new = create(deploy, inventory, alongside=True)
        try:
            self._wait_until_up(task, deploy, inventory, new)
            self._check(task)
        except (RuntimeFailure, Overtaken):
            remove(self._inventories, new)
            raise
        containers = self._inventories.containers(task.key)
        for container in containers:
            if container.id != new.id:
                end(self._inventories, deploy, container, containers)
        inventory.runtime.promote(new.id, task.key)
        self._confirm(task)
        return deploy

    def _wait_until_up(self, task: Task, deploy: Deploy, inventory: Inventory, new: Container) -> None:
        """Wait until a new container has run for as long as its spec asks. Raises RuntimeFailure if it does not."""
        since: float | None = None
        while True:
            self._check(task)
            if self._closing.is_set():
                raise Closing
            listings = inventory.listings
            running = next((one for one in inventory.found if one.container_id == new.id), None)
            if running is None:
                raise RuntimeFailure("the new container was removed while it started")
            if running.status is Status.FAILED:
                raise RuntimeFailure(running.message or "the new container failed")
            if running.status is Status.STOPPED:
                return
            now, wait = self._clock(), LOOK_SECONDS
            if running.status is Status.RUNNING:
                since = now if since is None else since
                wait = since + deploy.component.monitor - now
            else:
                since = None
            if wait <= 0:
                return
            inventory.wait(listings, min(wait, LOOK_SECONDS))

    def _confirm(self, task: Task) -> Deploy:
        """Note that what the deploy asks for is what is to run; the deploy as the newest message has it."""
        instance = self._table.update(task.key, lambda instance: instance.confirm(task.generation)).after
        if instance.generation != task.generation:
            raise Overtaken
        assert isinstance(instance.goal, Deploy), f"a goal of another kind has a generation of its own: {instance}"
        return instance.goal

    def _tell(self, task: Task, deploy: Deploy, message: str = "") -> None:
        self._publisher.tell_progress(task, under_way(deploy, Status.STARTING, message))

    def _check(self, task: Task) -> None:
        """Raise Overtaken when a newer goal has replaced the task's."""
        if not self._table.is_current(task):
            raise Overtaken

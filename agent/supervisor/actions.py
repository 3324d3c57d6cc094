"""The two things done to a container, each counted in or out at once: creating one, and ending one for a reason."""

import logging
from collections.abc import Sequence

from agent.runtime.contract import Running
from agent.supervisor.container import Container
from agent.supervisor.instance import Goal, is_obsolete
from agent.supervisor.inventories import Inventories
from agent.supervisor.inventory import Inventory
from reconciler.wire.messages import Deploy, Status, reservation_of

log = logging.getLogger(__name__)


def create(deploy: Deploy, inventory: Inventory, alongside: bool = False) -> Container:
    """Create the deploy's container, and count it in before any listing shows it. Raises RuntimeFailure."""
    container_id = inventory.runtime.create(deploy, alongside)
    running = Running(
        deploy.key,
        container_id,
        deploy.digest,
        deploy.version,
        Status.STARTING,
        reservation=reservation_of(deploy.component, deploy.gpu_devices),
        singleton=deploy.component.singleton,
    )
    inventory.add(running)
    inventory.poke()
    log.info("%s version %d created: %s", deploy.key, deploy.version, container_id[:12])
    return Container(inventory.name, running)


def end(
    inventories: Inventories,
    goal: Goal,
    container: Container,
    containers: Sequence[Container],
    within: float | None = None,
) -> None:
    """End one of an instance's containers because the goal says so. Raises RuntimeFailure."""
    assert is_obsolete(container, goal, containers), f"rule 4 (only what is obsolete is stopped): {container}"
    remove(inventories, container, within)


def remove(inventories: Inventories, container: Container, within: float | None = None) -> None:
    """End a container, in at most `within` seconds, and count it out. Raises RuntimeFailure."""
    inventory = inventories.of(container.runtime)
    inventory.runtime.stop(container.id, within)
    inventory.drop(container.id)

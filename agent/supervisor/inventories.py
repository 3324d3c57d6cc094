"""The inventories of all runtimes of this node together: which containers there are of each instance."""

from collections.abc import Iterator

from agent.runtime.contract import LogQuery, RuntimeFailure
from agent.supervisor.container import Container, newest_first
from agent.supervisor.inventory import Inventory
from reconciler.wire.messages import InstanceKey
from reconciler.wire.streams import LogChunk


class UnknownRuntime(Exception):
    """A component's type is none that this node runs."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"components of type {name!r} can't run here; this node runs: {', '.join(known) or 'none'}")


class UnknownInstance(Exception):
    """Nothing of an instance is on this node."""


class Inventories:
    """Every runtime's inventory, by the runtime's name, which is the type of the components that it runs."""

    def __init__(self) -> None:
        self._inventories: dict[str, Inventory] = {}

    def add(self, inventory: Inventory) -> None:
        """Count in what this inventory has, from now on."""
        self._inventories = {**self._inventories, inventory.name: inventory}

    def __iter__(self) -> Iterator[Inventory]:
        return iter(self._inventories.values())

    def of(self, name: str) -> Inventory:
        """Return the inventory of the runtime of that name. Raises UnknownRuntime."""
        found = self._inventories.get(name)
        if found is None:
            raise UnknownRuntime(name[:40], tuple(sorted(self._inventories)))
        return found

    def containers(self, key: InstanceKey) -> list[Container]:
        """Return the containers of an instance, the newest first."""
        return newest_first(
            Container(name, running)
            for name, inventory in self._inventories.items()
            for running in inventory.by_key.get(key, ())
        )

    def by_key(self) -> dict[InstanceKey, list[Container]]:
        """Return the containers of every instance that has any, the newest first."""
        keys = {key for inventory in self._inventories.values() for key in inventory.by_key}
        return {key: self.containers(key) for key in keys}

    def ascertain(self, key: InstanceKey, runtime: str | None = None) -> list[Container]:
        """Return the containers of an instance once that is certain, the newest first.

        `runtime` is the one that is to run it next; None asks for certainty about all. Raises RuntimeFailure when a
        runtime that matters can't tell.
        """
        for name, inventory in self._inventories.items():
            if inventory.available:
                continue
            try:
                inventory.refresh()
            except RuntimeFailure:
                if key in inventory.by_key or name == runtime or (runtime is None and not inventory.listed):
                    raise
        return self.containers(key)

    def available(self) -> tuple[str, ...]:
        """Return the component types that this node can run now: those whose runtime answers."""
        return tuple(sorted(name for name, inventory in self._inventories.items() if inventory.available))

    def are_complete(self) -> bool:
        """Tell whether every runtime was listed at least once, so that no instance is left out."""
        return all(inventory.listed for inventory in self._inventories.values())

    def newest(self, key: InstanceKey) -> Container:
        """Return the newest container of an instance. Raises UnknownInstance."""
        containers = self.containers(key)
        if not containers:
            raise UnknownInstance(f"nothing of {key} is on this node; 'reconciler status {key.business_id}' says why")
        return containers[0]

    def logs(self, key: InstanceKey, wanted: LogQuery) -> LogChunk:
        """Read some of an instance's output. Raises UnknownInstance, and RuntimeFailure when it can't be read."""
        container = self.newest(key)
        return self.of(container.runtime).runtime.logs(container.id, wanted)

    def close(self) -> None:
        """Stop following the runtimes and let go of them. Ends no instance."""
        for inventory in self._inventories.values():
            inventory.close()

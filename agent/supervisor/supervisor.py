"""Accepts deploys and stops, sees that the newest of them comes true, and knows what this node runs.

It promises: a message is accepted at once and carried on in the background; a repeated one changes nothing; an
older one is refused, so that a late message can never undo a newer one; a failure is reported and left to the
manager to retry; ending the agent ends no instance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from agent.runtime.contract import Runtime
from agent.supervisor.downloads import Downloads
from agent.supervisor.exec_sessions import ExecSessions
from agent.supervisor.instance import Goal, Instance, RemoveDuplicates, StopSingletons, Task
from agent.supervisor.inventories import Inventories
from agent.supervisor.inventory import Inventory
from agent.supervisor.publisher import Publisher
from agent.supervisor.runner import Runner
from agent.supervisor.table import Change, InstanceTable
from agent.supervisor.worker import Worker
from reconciler.wire.messages import Deploy, InstanceKey, Stop
from reconciler.wire.reports import InstanceReport


@dataclass(frozen=True, slots=True)
class Accepted:
    """A deploy is in hand. `container_id` is known when what was asked for runs already."""

    container_id: str | None = None


class Supervisor:
    """The instances of one node. Every method may be called from several threads at once.

    `inventories` says what the runtimes have here, and `exec_sessions` runs commands inside it.
    """

    def __init__(
        self,
        runtimes: Mapping[str, Runtime],
        changed: Callable[[InstanceReport], None],
        runner: Runner | None = None,
    ) -> None:
        """Adopt what the runtimes run. `changed` hears of every change, in order; it must not take long."""
        self._runner = runner or Runner()
        self._table = InstanceTable()
        self.inventories = Inventories()
        self.exec_sessions = ExecSessions(self.inventories, self._runner.clock)
        self._publisher = Publisher(self._table, self.inventories, changed)
        self._worker = Worker(self._table, self.inventories, self._publisher, self._runner)
        self._downloads = Downloads(self._table, self.inventories, self._publisher, self._worker.begin, self._runner)
        for name, runtime in runtimes.items():
            self.offer(name, runtime)

    def offer(self, name: str, runtime: Runtime) -> None:
        """Run components of the type `name` with this runtime from now on, and adopt what it runs already."""
        inventory = Inventory(name, runtime, self._refreshed, self._runner)
        self.inventories.add(inventory)
        inventory.start()

    def deploy(self, deploy: Deploy) -> Accepted:
        """Have the deploy's component run in the instance's place. Raises Superseded and UnknownRuntime."""
        self.inventories.of(deploy.component.type)
        self._accept(deploy.key, deploy)
        runs = (one.id for one in self.inventories.containers(deploy.key) if one.matches(deploy))
        return Accepted(next(runs, None))

    def stop(self, stop: Stop) -> None:
        """Have nothing of the instance run here. Version 0 means whatever runs now. Raises Superseded."""
        self._accept(stop.key, stop)

    def stop_singletons(self, within: float) -> int:
        """End every singleton here, in at most `within` seconds, and return for how many that is begun now."""
        return sum(self._accept(key, StopSingletons(within)).is_new_goal for key in self._singletons())

    def has_singletons(self) -> bool:
        """Tell whether any singleton is here, or under way."""
        return bool(self._singletons())

    def instances(self) -> list[InstanceReport]:
        """Report every instance there is on this node, running, ended, under way or failed; sorted by key."""
        reports = self._publisher.reports()
        return [reports[key] for key in sorted(reports)]

    def next_version(self, key: InstanceKey) -> int:
        """Return a version that no message about this instance has had."""
        return self._table.get(key).newest_version(self.inventories.containers(key)) + 1

    def close(self) -> None:
        """Stop working and watching, end commands under way, and let go of the runtimes. Ends no instance."""
        self.exec_sessions.close()
        self._downloads.close()
        self._worker.close()
        self.inventories.close()

    def _accept(self, key: InstanceKey, goal: Goal) -> Change:
        """Take a goal for the instance, tell it, and begin with it if it is new. Raises Superseded."""
        change = self._table.update(key, lambda one: one.accept(goal, self.inventories.containers(key)))
        self._publisher.publish(key)
        if change.is_new_goal:
            if change.after.ready:
                self._worker.begin(key)
            else:
                self._downloads.begin(Task(key, change.after.generation, goal))
        return change

    def _singletons(self) -> set[InstanceKey]:
        """Return the singletons that are here, running or ended, or under way."""
        goals = ((key, instance.goal) for key, instance in self._table.all().items())
        coming = {key for key, goal in goals if isinstance(goal, Deploy) and goal.component.singleton}
        return coming | {one.key for inventory in self.inventories for one in inventory.found if one.singleton}

    def _refreshed(self) -> None:
        """Take over what a runtime has listed: forget failures that time has healed, tell, and remove duplicates."""
        containers = self.inventories.by_key()
        now = self._runner.clock()
        for key, instance in self._table.all().items():
            if instance.has_failed:
                self._table.update(key, partial(Instance.expire, containers=containers.get(key, ()), now=now))
        self._publisher.publish_all()
        for key, found in containers.items():
            if len(found) > 1:
                self._accept(key, RemoveDuplicates())
        self._table.forget_gone(containers)

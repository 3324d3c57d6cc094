"""The loop that carries out instances' goals: one worker at a time for each instance, always at its newest goal."""

import logging
from functools import partial

from agent.supervisor.failures import Closing, Overtaken, reason_of
from agent.supervisor.instance import Goal, RemoveDuplicates, StopSingletons, Task
from agent.supervisor.inventories import Inventories
from agent.supervisor.operations import Operations
from agent.supervisor.progress import Progress, failed_deploy, failed_stop
from agent.supervisor.publisher import Publisher
from agent.supervisor.runner import Runner
from agent.supervisor.table import InstanceTable
from reconciler.wire.messages import Deploy, InstanceKey, Stop

log = logging.getLogger(__name__)

WORKERS_MAX = 16


class Worker:
    """Carries out what is ready, in the background. Ends no instance when it is closed."""

    def __init__(self, table: InstanceTable, inventories: Inventories, publisher: Publisher, runner: Runner) -> None:
        self._table, self._inventories, self._publisher = table, inventories, publisher
        self._operations = Operations(table, inventories, publisher, runner)
        self._clock = runner.clock
        self._closing = False
        self._executor = runner.executor("action", WORKERS_MAX)

    def begin(self, key: InstanceKey) -> None:
        """Carry out the instance's goal if it is ready and nobody is at it."""
        self._executor.submit(partial(self._work, key))

    def close(self) -> None:
        """Take no other goal in hand."""
        self._closing = True
        self._operations.close()
        self._executor.close()

    def _work(self, key: InstanceKey) -> None:
        while not self._closing and (task := self._table.take(key)) is not None:
            self._carry_out(task)

    def _carry_out(self, task: Task) -> None:
        done: Goal | None = None
        failure: Progress | None = None
        try:
            done = self._perform(task)
        except (Overtaken, Closing):
            self._table.update(task.key, lambda instance: instance.finish(task.generation, None))
            return
        except Exception as error:
            failure = self._failure(task, reason_of(error))
        self._table.update(task.key, lambda instance: instance.finish(task.generation, done, failure))
        self._publisher.publish(task.key, always=isinstance(task.goal, Stop | StopSingletons))

    def _perform(self, task: Task) -> Goal:
        """Reach the task's goal, and return it as it was reached. Raises RuntimeFailure, Overtaken and Closing."""
        match task.goal:
            case Deploy() as deploy:
                return self._operations.replace(task, deploy)
            case Stop():
                self._operations.stop(task)
            case StopSingletons(within):
                self._operations.stop(task, within)
            case RemoveDuplicates():
                self._operations.remove_duplicates(task)
        return task.goal

    def _failure(self, task: Task, reason: str) -> Progress:
        match task.goal:
            case Deploy() as deploy:
                log.warning("%s version %d failed: %s", task.key, deploy.version, reason)
                return failed_deploy(deploy, reason, self._inventories.containers(task.key), self._clock())
            case RemoveDuplicates():
                log.warning("the surplus container of %s could not be stopped: %s", task.key, reason)
            case Stop() | StopSingletons():
                log.warning("%s could not be stopped: %s", task.key, reason)
        return failed_stop(reason, self._clock())

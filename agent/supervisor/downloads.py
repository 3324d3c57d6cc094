"""Fetching what deploys run from. It touches no container, so a download that is overtaken is simply left behind."""

import logging
from collections.abc import Callable
from functools import partial

from agent.runtime.contract import ProgressCallback
from agent.supervisor.failures import Overtaken, reason_of
from agent.supervisor.instance import Task
from agent.supervisor.inventories import Inventories
from agent.supervisor.progress import failed_deploy, under_way
from agent.supervisor.publisher import Publisher
from agent.supervisor.runner import Runner
from agent.supervisor.table import InstanceTable
from reconciler.wire.messages import Deploy, InstanceKey, Status

log = logging.getLogger(__name__)

DOWNLOADS_MAX = 16
PROGRESS_SECONDS_MIN = 0.25
"""The least time between two reports of a download's progress."""


class Downloads:
    """Fetches in the background, and calls `fetched` for each instance whose deploy may touch containers now."""

    def __init__(
        self,
        table: InstanceTable,
        inventories: Inventories,
        publisher: Publisher,
        fetched: Callable[[InstanceKey], None],
        runner: Runner,
    ) -> None:
        self._table, self._inventories, self._publisher, self._fetched = table, inventories, publisher, fetched
        self._clock = runner.clock
        self._closing = False
        self._executor = runner.executor("download", DOWNLOADS_MAX)

    def begin(self, task: Task) -> None:
        """Fetch what the task's deploy runs from."""
        self._executor.submit(partial(self._fetch, task))

    def close(self) -> None:
        """End the downloads under way, and begin no other."""
        self._closing = True
        self._executor.close()

    def _fetch(self, task: Task) -> None:
        deploy = task.goal
        if not isinstance(deploy, Deploy) or not self._table.is_current(task):
            return
        try:
            runtime = self._inventories.of(deploy.component.type).runtime
            runtime.ensure_image(deploy.component, self._reporting(task, deploy))
        except Overtaken:
            return
        except Exception as error:
            self._fail(task, deploy, reason_of(error))
            return
        self._table.update(task.key, lambda instance: instance.downloaded(task.generation))
        self._fetched(task.key)

    def _fail(self, task: Task, deploy: Deploy, reason: str) -> None:
        log.warning("%s version %d failed: %s", deploy.key, deploy.version, reason)
        failure = failed_deploy(deploy, reason, self._inventories.containers(task.key), self._clock())
        self._table.update(task.key, lambda instance: instance.finish(task.generation, None, failure))
        self._publisher.publish(task.key)

    def _reporting(self, task: Task, deploy: Deploy) -> ProgressCallback:
        """Return what passes the progress on, not too often, and ends the download when nobody waits for it."""
        due = self._clock()

        def report(share: float | None, message: str) -> None:
            nonlocal due
            if self._closing or not self._table.is_current(task):
                raise Overtaken
            if self._clock() >= due:
                due = self._clock() + PROGRESS_SECONDS_MIN
                self._publisher.tell_progress(task, under_way(deploy, Status.DOWNLOADING, message, share))

        return report

"""What is told of the instances, and when: each change once, in the order in which it came."""

import threading
from collections.abc import Callable

from agent.supervisor.instance import Instance, Task
from agent.supervisor.inventories import Inventories
from agent.supervisor.progress import Progress
from agent.supervisor.reports import gone_report, report_of
from agent.supervisor.table import InstanceTable
from reconciler.wire.messages import InstanceKey
from reconciler.wire.reports import InstanceReport


class Publisher:
    """Tells `changed` of every instance whose report is another than the last one told."""

    def __init__(
        self, table: InstanceTable, inventories: Inventories, changed: Callable[[InstanceReport], None]
    ) -> None:
        self._table, self._inventories, self._changed = table, inventories, changed
        self._told: dict[InstanceKey, InstanceReport] = {}
        self._telling = threading.RLock()

    def reports(self) -> dict[InstanceKey, InstanceReport]:
        """Return a report of every instance there is: running, ended, under way or failed."""
        with self._table.holding_still():
            instances, containers = self._table.all(), self._inventories.by_key()
        reports = {}
        for key in instances.keys() | containers.keys():
            report = report_of(key, instances.get(key, Instance()), containers.get(key, ()))
            if report is not None:
                reports[key] = report
        return reports

    def tell_progress(self, task: Task, progress: Progress) -> None:
        """Note and tell how far a task is, unless a newer goal has replaced it."""
        self._table.update(task.key, lambda instance: instance.advance(task.generation, progress))
        self.publish(task.key)

    def publish(self, key: InstanceKey, always: bool = False) -> None:
        """Tell this instance's report if it changed, or `always`."""
        with self._telling:
            with self._table.holding_still():
                report = report_of(key, self._table.get(key), self._inventories.containers(key))
            self._tell(key, report, always)

    def publish_all(self) -> None:
        """Tell the report of every instance whose report changed, or that is gone."""
        with self._telling:
            reports = self.reports()
            for key in reports.keys() | self._told.keys():
                self._tell(key, reports.get(key), False)

    def _tell(self, key: InstanceKey, report: InstanceReport | None, always: bool) -> None:
        told = self._told.get(key)
        if report is not None:
            if always or report != told:
                self._told[key] = report
                self._changed(report)
            return
        self._told.pop(key, None)
        if told is not None or always:
            newest = self._table.get(key).newest_version(self._inventories.containers(key))
            self._changed(gone_report(key, told, newest))

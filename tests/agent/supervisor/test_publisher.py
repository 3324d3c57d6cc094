"""What is told of the instances, and when."""

from agent.supervisor.instance import Task
from agent.supervisor.inventories import Inventories
from agent.supervisor.inventory import Inventory
from agent.supervisor.progress import Progress, under_way
from agent.supervisor.publisher import Publisher
from agent.supervisor.runner import Runner
from agent.supervisor.table import InstanceTable
from reconciler.wire.messages import InstanceKey, Status
from reconciler.wire.reports import InstanceReport
from tests.agent.supervisor.memory_runtime import MemoryRuntime, a_deploy, a_stop

WEB = InstanceKey("shop", "web", 0)


class Told:
    """A publisher of one running instance, and what it told."""

    def __init__(self) -> None:
        self.reports: list[InstanceReport] = []
        self.runtime = MemoryRuntime()
        self.runtime.create(a_deploy())
        self.table, self.inventories = InstanceTable(), Inventories()
        self.inventory = Inventory("docker", self.runtime, lambda: None, Runner())
        self.inventories.add(self.inventory)
        self.inventory.refresh()
        self.publisher = Publisher(self.table, self.inventories, self.reports.append)

    def statuses(self) -> list[Status]:
        return [report.status for report in self.reports]


def test_only_changes_are_told() -> None:
    told = Told()
    told.publisher.publish_all()
    told.publisher.publish_all()
    told.publisher.publish(WEB)
    assert told.statuses() == [Status.RUNNING]
    told.publisher.publish(WEB, always=True)
    assert told.statuses() == [Status.RUNNING, Status.RUNNING]


def test_what_is_gone_is_told_once_with_the_newest_version() -> None:
    told = Told()
    told.publisher.publish_all()
    told.table.update(WEB, lambda one: one.accept(a_stop(version=7), ()))
    told.runtime.containers.clear()
    told.inventory.refresh()
    told.table.update(WEB, lambda one: one.take().finish(1, one.goal))
    told.publisher.publish_all()
    told.publisher.publish_all()
    assert told.statuses() == [Status.RUNNING, Status.STOPPED]
    gone = told.reports[-1]
    assert (gone.version, gone.container_id, gone.ended, gone.digest) == (7, None, True, a_deploy().digest)


def test_progress_of_a_goal_that_was_replaced_is_not_told() -> None:
    told = Told()
    deploy = a_deploy("app:2", version=2)
    told.table.update(WEB, lambda one: one.accept(deploy, ()))
    told.table.update(WEB, lambda one: one.accept(a_stop(version=3), ()))
    told.publisher.publish(WEB)
    told.publisher.tell_progress(Task(WEB, 1, deploy), under_way(deploy, Status.DOWNLOADING))
    assert told.statuses() == [Status.STOPPING]


def test_what_is_under_way_is_told_over_what_runs() -> None:
    told = Told()
    deploy = a_deploy("app:2", version=2)
    told.table.update(WEB, lambda one: one.accept(deploy, ()))
    told.publisher.tell_progress(Task(WEB, 1, deploy), under_way(deploy, Status.DOWNLOADING, "half", 0.5))
    (report,) = told.reports
    assert (report.status, report.digest, report.version) == (Status.DOWNLOADING, deploy.digest, 2)
    assert (report.container_id, report.message, report.progress) == (None, "half", 0.5)


def test_a_failed_update_is_told_with_what_runs_on() -> None:
    told = Told()
    failure = Progress(Status.FAILED, message="no such image", failed_digest="d2")
    told.table.update(WEB, lambda one: one.accept(a_deploy("app:2", version=2), ()).finish(1, None, failure))
    told.publisher.publish(WEB)
    (report,) = told.reports
    assert (report.status, report.message, report.failed_digest) == (Status.RUNNING, "no such image", "d2")
    assert report.container_id is not None and not report.ended

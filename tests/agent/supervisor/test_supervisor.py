"""What the manager relies on when it asks a node for something."""

from collections.abc import Iterator

import pytest

from agent.supervisor.instance import Superseded
from agent.supervisor.inventories import UnknownRuntime
from agent.supervisor.supervisor import Supervisor
from reconciler.wire.messages import InstanceKey, Status
from reconciler.wire.reports import InstanceReport
from tests.agent.supervisor.memory_runtime import MemoryRuntime, a_deploy, a_stop
from tests.support.waiting import wait_until

WEB = InstanceKey("shop", "web", 0)


class Node:
    """A supervisor on a memory runtime, and everything it said."""

    def __init__(self, runtime: MemoryRuntime | None = None) -> None:
        self.runtime = runtime or MemoryRuntime()
        self.told: list[InstanceReport] = []
        self.supervisor = Supervisor({"docker": self.runtime}, self.told.append)

    def report(self, key: InstanceKey = WEB) -> InstanceReport | None:
        return next((one for one in self.supervisor.instances() if one.key == key), None)

    def wait_status(self, status: Status, version: int | None = None, key: InstanceKey = WEB) -> InstanceReport:
        def reached() -> InstanceReport | None:
            report = self.report(key)
            fits = report is not None and report.status is status and version in (None, report.version)
            return report if fits else None

        report = wait_until(reached, what=f"{key} to be {status}, version {version}: {self.told[-3:]}")
        assert report is not None
        return report

    def wait_gone(self, key: InstanceKey = WEB) -> None:
        wait_until(lambda: self.report(key) is None, what=f"{key} to be gone")

    def words(self, key: InstanceKey = WEB) -> list[Status]:
        return [report.status for report in self.told if report.key == key]


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node()
    yield node
    for gate in node.runtime.gates.values():
        gate.set()
    node.supervisor.close()


def test_a_deploy_is_accepted_and_runs(node: Node) -> None:
    accepted = node.supervisor.deploy(a_deploy())
    assert accepted.container_id is None
    report = node.wait_status(Status.RUNNING)
    assert report.container_id in node.runtime.containers
    assert report.digest == a_deploy().digest
    wait_until(lambda: node.words()[-1] is Status.RUNNING)
    assert Status.DOWNLOADING not in node.words(), "nothing was downloaded"


def test_the_same_deploy_again_changes_nothing_and_names_the_container(node: Node) -> None:
    node.supervisor.deploy(a_deploy())
    container_id = node.wait_status(Status.RUNNING).container_id
    assert node.supervisor.deploy(a_deploy()).container_id == container_id
    assert node.supervisor.deploy(a_deploy(version=7)).container_id == container_id
    assert len(node.runtime.created) == 1
    assert node.wait_status(Status.RUNNING, version=7).container_id == container_id
    with pytest.raises(Superseded):
        node.supervisor.deploy(a_deploy("app:2", version=6))


def test_a_new_version_replaces_the_old_one_and_never_runs_beside_it(node: Node) -> None:
    node.supervisor.deploy(a_deploy())
    first = node.wait_status(Status.RUNNING).container_id
    node.supervisor.deploy(a_deploy("app:2", version=2))
    assert node.wait_status(Status.RUNNING, version=2).container_id != first
    assert node.runtime.most_at_once == {WEB: 1}
    assert len(node.runtime.containers) == 1


def test_an_older_message_is_refused(node: Node) -> None:
    node.supervisor.deploy(a_deploy(version=5))
    node.wait_status(Status.RUNNING)
    with pytest.raises(Superseded, match="version 4 is older than version 5"):
        node.supervisor.deploy(a_deploy("app:2", version=4))
    with pytest.raises(Superseded):
        node.supervisor.stop(a_stop(version=4))
    assert node.wait_status(Status.RUNNING, version=5)


def test_a_late_deploy_does_not_revive_what_was_stopped(node: Node) -> None:
    node.supervisor.deploy(a_deploy(version=5))
    node.wait_status(Status.RUNNING)
    node.supervisor.stop(a_stop(version=6))
    node.wait_gone()
    with pytest.raises(Superseded):
        node.supervisor.deploy(a_deploy(version=5))


def test_versions_on_what_runs_count_after_a_restart_of_the_agent(node: Node) -> None:
    node.supervisor.deploy(a_deploy(version=5))
    container_id = node.wait_status(Status.RUNNING).container_id
    node.supervisor.close()
    again = Node(node.runtime)
    report = again.report()
    assert report is not None
    assert (report.container_id, report.version) == (container_id, 5)
    assert again.told == [report], "adoption is told, and nothing else happened"
    with pytest.raises(Superseded):
        again.supervisor.deploy(a_deploy("app:0", version=4))
    assert again.supervisor.deploy(a_deploy(version=5)).container_id == container_id
    again.supervisor.close()
    assert container_id in node.runtime.containers


def test_a_download_is_told_with_its_progress(node: Node) -> None:
    node.runtime.says["app:1"] = [(0.1, "1 of 10 MB"), (0.2, "2 of 10 MB"), (0.3, "3 of 10 MB")]
    gate = node.runtime.hang("image app:1")
    node.supervisor.deploy(a_deploy())
    report = node.wait_status(Status.DOWNLOADING)
    assert (report.message, report.progress) == ("1 of 10 MB", 0.1), "at most four times a second"
    gate.set()
    node.wait_status(Status.RUNNING)
    assert node.words()[:2] == [Status.PENDING, Status.DOWNLOADING]


def test_the_old_version_runs_until_the_new_image_is_there(node: Node) -> None:
    node.supervisor.deploy(a_deploy())
    old = node.wait_status(Status.RUNNING).container_id
    gate = node.runtime.hang("image app:2")
    node.supervisor.deploy(a_deploy("app:2", version=2))
    node.runtime.wait_reached("image app:2")
    assert old in node.runtime.containers
    gate.set()
    node.wait_status(Status.RUNNING, version=2)


def test_a_newer_deploy_overtakes_one_that_downloads(node: Node) -> None:
    gate = node.runtime.hang("image app:1")
    node.supervisor.deploy(a_deploy("app:1", version=1))
    node.runtime.wait_reached("image app:1")
    node.supervisor.deploy(a_deploy("app:2", version=2))
    node.wait_status(Status.RUNNING, version=2)
    gate.set()
    node.supervisor.deploy(a_deploy("app:3", version=3))
    node.wait_status(Status.RUNNING, version=3)
    assert [image for _, image, _ in node.runtime.created] == ["app:2", "app:3"]


def test_a_newer_deploy_waits_for_a_creation_under_way_and_replaces_it(node: Node) -> None:
    gate = node.runtime.hang("create app:1")
    node.supervisor.deploy(a_deploy("app:1", version=1))
    node.runtime.wait_reached("create app:1")
    node.supervisor.deploy(a_deploy("app:2", version=2))
    node.supervisor.deploy(a_deploy("app:3", version=3))
    assert node.runtime.created == []
    gate.set()
    node.wait_status(Status.RUNNING, version=3)
    assert [image for _, image, _ in node.runtime.created] == ["app:1", "app:3"]
    assert len(node.runtime.containers) == 1


def test_a_stop_overtakes_a_download_that_hangs(node: Node) -> None:
    node.runtime.polls_progress = True
    gate = node.runtime.hang("image app:1")
    node.supervisor.deploy(a_deploy())
    node.runtime.wait_reached("image app:1")
    node.supervisor.stop(a_stop(version=2))
    node.wait_gone()
    wait_until(lambda: node.told[-1].status is Status.STOPPED)
    gate.set()
    assert node.runtime.created == []


def test_a_stop_ends_and_removes_it_and_says_so(node: Node) -> None:
    node.supervisor.deploy(a_deploy())
    node.wait_status(Status.RUNNING)
    gate = node.runtime.hang("stop")
    node.supervisor.stop(a_stop())
    node.wait_status(Status.STOPPING)
    gate.set()
    node.wait_gone()
    wait_until(lambda: node.told[-1].status is Status.STOPPED)
    assert node.told[-1].container_id is None
    assert node.runtime.containers == {}


def test_stopping_what_is_not_there_succeeds_and_says_that_it_is_gone(node: Node) -> None:
    node.supervisor.stop(a_stop(version=3))
    wait_until(lambda: node.told)
    assert (node.told[-1].status, node.told[-1].container_id) == (Status.STOPPED, None)
    assert node.supervisor.instances() == []


def test_a_failed_download_leaves_the_old_version_running_and_says_why(node: Node) -> None:
    node.supervisor.deploy(a_deploy())
    old = node.wait_status(Status.RUNNING)
    node.runtime.failures["image app:2"] = "no such image: app:2"
    node.supervisor.deploy(a_deploy("app:2", version=2))
    report = wait_until(lambda: node.told[-1] if node.told[-1].failed_digest else None, what="the failure")
    assert report.message == "update to version 2 failed: no such image: app:2"
    assert (report.status, report.failed_digest) == (Status.RUNNING, a_deploy("app:2").digest)
    assert (report.digest, report.container_id, report.ended) == (old.digest, old.container_id, False)
    assert old.container_id in node.runtime.containers
    node.supervisor.deploy(a_deploy(version=3))
    assert node.wait_status(Status.RUNNING, version=3).message == "", "going back clears the failure"


def test_a_failed_replacement_is_forgotten_when_the_container_runs_again_by_itself(node: Node) -> None:
    """As after the Engine was away: it restarts what an update could not replace."""
    node.supervisor.deploy(a_deploy())
    container_id = node.wait_status(Status.RUNNING).container_id
    assert container_id is not None
    node.runtime.end(container_id)
    node.wait_status(Status.FAILED)
    node.runtime.failures["stop"] = "the Engine does not answer"
    node.supervisor.deploy(a_deploy(version=2))
    wait_until(lambda: "the Engine does not answer" in str(node.report()), what="the failure")
    node.runtime.revive(container_id)
    report = node.wait_status(Status.RUNNING)
    assert (report.container_id, report.message, report.ended) == (container_id, "", False)


def test_a_first_deploy_that_fails_is_told_and_a_repeated_one_tries_again(node: Node) -> None:
    node.runtime.failures["create app:1"] = "port 80 is in use"
    node.supervisor.deploy(a_deploy())
    report = node.wait_status(Status.FAILED)
    assert (report.message, report.container_id, report.ended) == ("port 80 is in use", None, True)
    node.runtime.failures.clear()
    node.supervisor.deploy(a_deploy())
    node.wait_status(Status.RUNNING)


def test_a_container_that_never_started_is_no_failed_update(node: Node) -> None:
    """It is there, in the version that was asked for: no other one was to be replaced."""
    node.supervisor.deploy(a_deploy())
    container_id = node.wait_status(Status.RUNNING).container_id
    assert container_id is not None
    node.runtime.end(container_id, "was created but never started")
    node.wait_status(Status.FAILED)
    node.runtime.failures["stop"] = "port 80 is in use"
    node.supervisor.deploy(a_deploy())
    wait_until(lambda: node.report() and node.report().message == "port 80 is in use", what="the reason")


def test_what_ended_by_itself_is_told_and_a_repeated_deploy_starts_it_anew(node: Node) -> None:
    node.supervisor.deploy(a_deploy())
    container_id = node.wait_status(Status.RUNNING).container_id
    assert container_id is not None
    node.runtime.end(container_id)
    report = node.wait_status(Status.FAILED)
    assert (report.message, report.ended) == ("exit code 1", True)
    wait_until(lambda: node.words()[-1] is Status.FAILED)
    node.supervisor.deploy(a_deploy())
    assert node.wait_status(Status.RUNNING).container_id != container_id
    assert len(node.runtime.containers) == 1


def test_what_someone_removed_is_told_as_gone(node: Node) -> None:
    node.supervisor.deploy(a_deploy())
    node.wait_status(Status.RUNNING)
    node.runtime.containers.clear()
    node.runtime.announce()
    wait_until(lambda: node.words()[-1] is Status.STOPPED)
    assert node.supervisor.instances() == []


def test_a_mistake_of_ours_is_a_failure_with_a_reason_too(node: Node) -> None:
    node.runtime.containers = None  # type: ignore[assignment]
    node.supervisor.deploy(a_deploy())
    report = node.wait_status(Status.FAILED)
    assert "internal error in the agent" in report.message


def test_of_two_copies_after_a_crash_the_newer_one_is_kept() -> None:
    runtime = MemoryRuntime()
    runtime.create(a_deploy("app:1", version=1))
    newer = runtime.create(a_deploy("app:2", version=2))
    node = Node(runtime)
    wait_until(lambda: list(runtime.containers) == [newer])
    assert node.wait_status(Status.RUNNING, version=2).container_id == newer
    node.supervisor.close()


def test_while_the_engine_is_away_nothing_is_said_to_be_gone(node: Node) -> None:
    node.supervisor.deploy(a_deploy())
    before = node.wait_status(Status.RUNNING)
    node.runtime.failures["list"] = "the Engine does not answer"
    node.runtime.announce()
    wait_until(lambda: node.supervisor.inventories.available() == ())
    assert node.supervisor.instances() == [before]
    node.runtime.failures.clear()
    node.runtime.announce()
    wait_until(lambda: node.supervisor.inventories.available() == ("docker",))
    assert Status.STOPPED not in node.words()


def test_an_inventory_that_was_never_read_is_not_complete() -> None:
    runtime = MemoryRuntime()
    runtime.create(a_deploy())
    runtime.failures["list"] = "the Engine does not answer"
    node = Node(runtime)
    assert not node.supervisor.inventories.are_complete()
    runtime.failures.clear()
    runtime.announce()
    wait_until(node.supervisor.inventories.are_complete)
    assert node.report() is not None
    node.supervisor.close()


def test_many_instances_hang_and_others_run_all_the_same(node: Node) -> None:
    gate = node.runtime.hang("create slow:1")
    for instance in range(5):
        node.supervisor.deploy(a_deploy("slow:1", instance=instance))
    for instance in range(5, 10):
        node.supervisor.deploy(a_deploy("app:1", instance=instance))
    for instance in range(5, 10):
        node.wait_status(Status.RUNNING, key=InstanceKey("shop", "web", instance))
    gate.set()
    for instance in range(5):
        node.wait_status(Status.RUNNING, key=InstanceKey("shop", "web", instance))
    assert set(node.runtime.most_at_once.values()) == {1}


def test_an_instance_that_changes_its_type_leaves_no_copy_behind() -> None:
    import msgspec

    docker, process = MemoryRuntime(), MemoryRuntime()
    told: list[InstanceReport] = []
    supervisor = Supervisor({"docker": docker, "process": process}, told.append)
    supervisor.deploy(a_deploy())
    wait_until(lambda: docker.of(WEB))
    deploy = a_deploy(version=2)
    component = msgspec.structs.replace(deploy.component, type="process")
    supervisor.deploy(msgspec.structs.replace(deploy, component=component, digest="other"))
    wait_until(lambda: process.of(WEB))
    assert docker.of(WEB) == ()
    supervisor.close()


def test_a_type_that_nobody_runs_here_is_refused() -> None:
    supervisor = Supervisor({"process": MemoryRuntime()}, lambda _: None)
    with pytest.raises(UnknownRuntime, match="this node runs: process"):
        supervisor.deploy(a_deploy())
    supervisor.close()

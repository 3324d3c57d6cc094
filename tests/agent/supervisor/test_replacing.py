"""Replacing what runs without a gap, and changing it without replacing it."""

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from reconciler.manifest.digest import digest
from reconciler.manifest.model import Resources, Update
from reconciler.wire.messages import Deploy, Status
from reconciler.wire.reports import InstanceReport
from tests.agent.supervisor.memory_runtime import a_deploy, a_stop
from tests.agent.supervisor.test_supervisor import WEB, Node
from tests.support.waiting import wait_until


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node()
    yield node
    node.supervisor.close()


def beside(image: str, version: int, monitor: float = 0.0) -> Deploy:
    """A deploy that is to start before what runs ends."""
    deploy = a_deploy(image, version)
    update = Update(order="start-first", monitor=monitor)
    return msgspec.structs.replace(deploy, component=msgspec.structs.replace(deploy.component, update=update))


def limited(memory_mb: int, version: int) -> Deploy:
    deploy = a_deploy(version=version)
    component = msgspec.structs.replace(deploy.component, resource_requirements=Resources(memory_mb=memory_mb))
    return msgspec.structs.replace(deploy, component=component, digest=digest(component))


def becomes(node: Node, image: str, status: Status, message: str = "") -> None:
    """The containers of this image change by themselves."""
    mark = a_deploy(image).digest
    for container_id, running in tuple(node.runtime.containers.items()):
        if running.digest == mark:
            changed = replace(running, status=status, message=message)
            node.runtime.containers[container_id] = changed
    node.runtime.announce()


def starts_beside(node: Node, version: int = 2) -> str:
    """An old container runs, and a new one starts beside it; the old one's id."""
    node.supervisor.deploy(a_deploy())
    old = node.wait_status(Status.RUNNING).container_id
    assert old is not None
    node.runtime.begins_as["app:2"] = Status.STARTING
    node.supervisor.deploy(beside("app:2", version))
    wait_until(lambda: len(node.runtime.containers) == 2, what="the new container")
    return old


def test_the_old_container_ends_once_the_new_one_runs(node: Node) -> None:
    old = starts_beside(node)
    assert old in node.runtime.containers
    becomes(node, "app:2", Status.RUNNING)
    wait_until(lambda: old not in node.runtime.containers, what="the old one to end")
    report = node.wait_status(Status.RUNNING, version=2)
    assert (report.digest, report.message) == (a_deploy("app:2").digest, "")


def test_a_new_container_that_fails_goes_and_the_old_one_serves_on(node: Node) -> None:
    old = starts_beside(node)
    becomes(node, "app:2", Status.FAILED, "exited with code 3; restarting")

    def told() -> InstanceReport | None:
        report = node.report()
        return report if report is not None and report.failed_digest else None

    report = wait_until(told, what="the failure")
    assert report is not None
    assert list(node.runtime.containers) == [old]
    assert (report.status, report.container_id) == (Status.RUNNING, old)
    assert report.failed_digest == a_deploy("app:2").digest
    assert report.message == "update to version 2 failed: exited with code 3; restarting"


def test_one_that_runs_for_a_moment_only_does_not_count(node: Node) -> None:
    node.supervisor.deploy(a_deploy())
    old = node.wait_status(Status.RUNNING).container_id
    node.supervisor.deploy(beside("app:2", 2, monitor=3600))
    wait_until(lambda: len(node.runtime.containers) == 2, what="the new container")
    becomes(node, "app:2", Status.FAILED, "exited with code 1")
    wait_until(lambda: list(node.runtime.containers) == [old], what="the new one to go")


def test_a_newer_wish_ends_the_attempt(node: Node) -> None:
    old = starts_beside(node)
    node.supervisor.deploy(a_deploy(version=3))
    wait_until(lambda: list(node.runtime.containers) == [old], what="the attempt to end")
    node.wait_status(Status.RUNNING, version=3)


def test_a_stop_ends_both(node: Node) -> None:
    starts_beside(node)
    node.supervisor.stop(a_stop(version=3))
    node.wait_gone()
    assert not node.runtime.containers


def test_an_agent_that_died_in_between_keeps_the_one_that_runs(node: Node) -> None:
    old = starts_beside(node)
    node.supervisor.close()
    assert len(node.runtime.containers) == 2, "closing an agent ends nothing"
    again = Node(node.runtime)
    wait_until(lambda: list(node.runtime.containers) == [old], what="the half-made one to go")
    again.supervisor.close()


def test_new_limits_are_given_to_what_runs(node: Node) -> None:
    node.supervisor.deploy(limited(64, 1))
    before = node.wait_status(Status.RUNNING)
    node.supervisor.deploy(limited(128, 2))
    wait_until(lambda: (report := node.report()) and report.reservation.memory_mb == 128, what="the new limit")
    after = node.wait_status(Status.RUNNING, version=2)
    assert after.container_id == before.container_id
    assert len(node.runtime.created) == 1


def test_limits_that_can_t_be_changed_are_told(node: Node) -> None:
    node.supervisor.deploy(limited(64, 1))
    node.wait_status(Status.RUNNING)
    node.runtime.failures["limit"] = "the memory is in use"
    node.supervisor.deploy(limited(32, 2))
    wait_until(lambda: "the memory is in use" in str(node.report()), what="the reason")
    report = node.report(WEB)
    assert report is not None
    assert (report.status, report.reservation.memory_mb) == (Status.RUNNING, 64)

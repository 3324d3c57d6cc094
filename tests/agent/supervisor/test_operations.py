"""Replacing and ending containers, step by step: which one runs at each moment, and until when."""

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby

import msgspec
import pytest

from reconciler.manifest.model import Update
from reconciler.wire.messages import Deploy, InstanceKey, Status
from tests.agent.supervisor.memory_runtime import a_deploy, a_stop
from tests.agent.supervisor.stepping import SteppedNode

WEB = InstanceKey("shop", "web", 0)
MONITOR_SECONDS = 30.0


@pytest.fixture
def node() -> SteppedNode:
    """A node on which version 1 runs."""
    node = SteppedNode()
    node.deploy(a_deploy())
    node.run()
    return node


def start_first(image: str = "app:2", version: int = 2) -> Deploy:
    deploy = a_deploy(image, version)
    update = Update(order="start-first", monitor=MONITOR_SECONDS)
    return msgspec.structs.replace(deploy, component=msgspec.structs.replace(deploy.component, update=update))


def images(node: SteppedNode) -> list[str]:
    """The images of the containers there are, in the order in which they were made."""
    names = {a_deploy(image).digest: image for image in ("app:1", "app:2", "app:3")}
    names[start_first().digest] = "app:2"
    return [names[running.digest] for running in node.runtime.containers.values()]


def turns(node: SteppedNode, status: Status) -> Callable[[], None]:
    """What happens when the newest container becomes this by itself, and the runtime says so."""

    def happen() -> None:
        container_id = list(node.runtime.containers)[-1]
        node.runtime.containers[container_id] = replace(node.runtime.containers[container_id], status=status)
        node.stepper.refresh()

    return happen


def test_stop_first_ends_the_old_one_before_it_starts_the_new_one(node: SteppedNode) -> None:
    seen: list[list[str]] = []
    create = node.runtime.create

    def noted(deploy: Deploy, alongside: bool = False) -> str:
        seen.append(images(node))
        return create(deploy, alongside)

    node.runtime.create = noted  # type: ignore[method-assign]
    node.deploy(a_deploy("app:2", version=2))
    node.run()
    assert (seen, images(node)) == ([[]], ["app:2"])


def test_start_first_ends_the_old_one_once_the_new_one_has_run_for_as_long_as_its_spec_asks(node: SteppedNode) -> None:
    ended_at: list[float] = []
    stop = node.runtime.stop

    def noted(container_id: str, within: float | None = None) -> None:
        ended_at.append(node.stepper.now)
        stop(container_id, within)

    node.runtime.stop = noted  # type: ignore[method-assign]
    node.runtime.begins_as["app:2"] = Status.STARTING
    node.stepper.meanwhile.extend([*[lambda: None] * 9, turns(node, Status.RUNNING)])
    node.deploy(start_first())
    began = node.stepper.now
    node.run()
    assert images(node) == ["app:2"]
    assert ended_at == [began + 8 + MONITOR_SECONDS], "the first listing takes no time"


def test_a_new_one_that_ran_for_a_moment_begins_its_time_anew(node: SteppedNode) -> None:
    node.stepper.meanwhile.extend([lambda: None] * 20)
    node.stepper.meanwhile.extend([turns(node, Status.STARTING), turns(node, Status.RUNNING)])
    node.deploy(start_first())
    began = node.stepper.now
    node.run()
    assert images(node) == ["app:2"]
    assert node.stepper.now == began + 19 + MONITOR_SECONDS


def test_a_new_one_that_fails_goes_and_the_old_one_serves_on(node: SteppedNode) -> None:
    node.stepper.meanwhile.append(turns(node, Status.FAILED))
    node.deploy(start_first())
    node.run()
    report = node.report(WEB)
    assert images(node) == ["app:1"]
    assert report is not None
    assert (report.status, report.failed_digest) == (Status.RUNNING, start_first().digest)
    assert report.message == "update to version 2 failed: the new container failed"


def test_a_newer_goal_ends_the_attempt_and_what_runs_stays(node: SteppedNode) -> None:
    node.stepper.meanwhile.append(lambda: node.deploy(a_deploy(version=3)))
    node.deploy(start_first())
    node.run()
    assert images(node) == ["app:1"]
    report = node.report(WEB)
    assert report is not None and (report.version, report.message) == (3, "")


def test_a_stop_in_between_ends_both(node: SteppedNode) -> None:
    node.stepper.meanwhile.append(lambda: node.stop(a_stop(version=3)))
    node.deploy(start_first())
    node.run()
    assert images(node) == [] and node.report(WEB) is None


def test_an_agent_that_ends_in_between_ends_nothing_and_the_next_one_keeps_what_serves(node: SteppedNode) -> None:
    node.runtime.begins_as["app:2"] = Status.STARTING
    node.stepper.meanwhile.append(node.supervisor.close)
    node.deploy(start_first())
    node.run()
    assert images(node) == ["app:1", "app:2"]
    again = SteppedNode(node.runtime)
    again.run()
    assert images(again) == ["app:1"]


def test_a_goal_that_comes_while_one_is_fetched_makes_the_older_one_touch_nothing(node: SteppedNode) -> None:
    node.deploy(a_deploy("app:2", version=2))
    node.deploy(a_deploy("app:3", version=3))
    node.run()
    assert [image for _, image, _ in node.runtime.created] == ["app:1", "app:3"]


def test_each_goal_is_told_in_its_order(node: SteppedNode) -> None:
    node.told.clear()
    node.deploy(a_deploy("app:2", version=2))
    node.run()
    node.stop(a_stop(version=3))
    node.run()
    statuses = [status for status, _ in groupby(report.status for report in node.told)]
    assert statuses == [Status.PENDING, Status.STARTING, Status.RUNNING, Status.STOPPING, Status.STOPPED]

"""The right to run singletons: how long it lasts, and what a new agent knows of it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent.supervisor.lease import LENGTH_SECONDS, Lease
from reconciler.wire.messages import Deploy, Status, fencing
from tests.agent.supervisor.memory_runtime import a_deploy
from tests.agent.supervisor.test_supervisor import WEB, Node
from tests.support.waiting import wait_until


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


class Held:
    """A lease, and in how many seconds singletons were to be gone each time that it had run out."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.asked: list[float] = []
        self.again = threading.Event()
        self.lease = Lease(path, self._expired, clock)

    def _expired(self, within: float) -> int:
        self.asked.append(within)
        self.again.set()
        return 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(tmp_path: Path, clock: Clock) -> Iterator[Held]:
    made = Held(tmp_path / "lease.json", clock)
    yield made
    made.lease.close()


def test_a_node_that_was_never_heard_has_no_lease(held: Held) -> None:
    held.lease.start()
    assert held.again.wait(10)


def test_it_runs_out_counted_from_when_the_report_was_sent(held: Held, clock: Clock) -> None:
    held.lease.renew(clock.time, 30.0, keep=False)
    held.lease.start()
    clock.time += 29
    held.lease.renew(clock.time - 10, 30.0, keep=False)
    assert not held.asked
    clock.time += 20
    held.lease.renew(clock.time - 30, 30.0, keep=False)
    assert held.again.wait(10)
    assert held.asked[0] == 15.0, "half as long again is left for their end"


def test_a_new_agent_goes_on_with_what_is_left(held: Held, clock: Clock, tmp_path: Path) -> None:
    held.lease.renew(clock.time, 30.0, keep=True)
    later = Held(tmp_path / "lease.json", clock)
    later.lease.start()
    later.lease.close()
    assert not later.asked
    clock.time += 31
    too_late = Held(tmp_path / "lease.json", clock)
    too_late.lease.start()
    assert too_late.again.wait(10)
    too_late.lease.close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"boot": "another", "ends": 1e12, "length": 30}', '{"ends": "x"}'])
def test_a_file_that_says_nothing_useful_is_no_lease(text: str, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "lease.json").write_text(text)
    made = Held(tmp_path / "lease.json", clock)
    made.lease.start()
    assert made.again.wait(10)
    made.lease.close()


@pytest.mark.parametrize("text", ["", '{"boot": "another", "ends": 1e12, "length": 4}'])
def test_without_a_known_length_what_runs_has_the_usual_time_to_end(text: str, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "lease.json").write_text(text)
    made = Held(tmp_path / "lease.json", clock)
    made.lease.start()
    assert made.again.wait(10)
    assert made.asked[0] == LENGTH_SECONDS / 2, "0 would kill what runs without a grace period"
    made.lease.close()


def single(version: int = 1) -> Deploy:
    deploy = a_deploy(version=version)
    return msgspec.structs.replace(deploy, component=msgspec.structs.replace(deploy.component, singleton=True))


def test_what_is_relinquished_ends_and_the_others_run_on() -> None:
    node = Node()
    node.supervisor.deploy(single())
    node.supervisor.deploy(a_deploy(component_id="other"))
    wait_until(lambda: len(node.runtime.containers) == 2, what="both to run")
    assert node.supervisor.has_singletons()
    assert node.supervisor.stop_singletons(5.0) == 1
    node.wait_gone(WEB)
    assert len(node.runtime.containers) == 1
    assert not node.supervisor.has_singletons()
    node.supervisor.deploy(single(version=2))
    node.wait_status(Status.RUNNING)
    node.supervisor.close()


def test_a_singleton_that_is_still_being_fetched_never_starts() -> None:
    node = Node()
    gate = node.runtime.hang("image app:1")
    node.supervisor.deploy(single())
    node.runtime.wait_reached("image app:1")
    assert node.supervisor.stop_singletons(5.0) == 1
    gate.set()
    node.wait_gone(WEB)
    assert not node.runtime.created
    node.supervisor.close()


def test_the_token_grows_with_each_start_and_is_for_singletons_only() -> None:
    assert fencing(single(version=7)) == {"RECONCILER_FENCING_TOKEN": "7"}
    assert fencing(a_deploy()) == {}

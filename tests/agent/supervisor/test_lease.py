"""The right to run singletons: how long it lasts, and what a new agent knows of it."""

import threading
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
    """A lease that nobody watches over but the test, and in how many seconds singletons were to be gone."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.asked: list[float] = []
        self.again = threading.Event()
        self.lease = Lease(path, self._expired, clock)

    def _expired(self, within: float) -> int:
        self.asked.append(within)
        self.again.set()
        return 1

    def looked(self) -> list[float]:
        self.asked.clear()
        self.lease.look()
        return self.asked


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(tmp_path: Path, clock: Clock) -> Held:
    return Held(tmp_path / "lease.json", clock)


def test_a_lease_that_has_run_out_is_noticed_in_the_background(held: Held) -> None:
    held.lease.start()
    assert held.again.wait(30)
    held.lease.close()


def test_it_runs_out_counted_from_when_the_report_was_sent(held: Held, clock: Clock) -> None:
    held.lease.renew(clock.time, 30.0, keep=False)
    clock.time += 29
    held.lease.renew(clock.time - 10, 30.0, keep=False)
    assert not held.looked()
    clock.time += 19
    assert not held.looked()
    clock.time += 1
    assert held.looked() == [15.0], "half as long again is left for their end"
    assert held.looked() == [15.0], "it is asked for again until the manager is reached"
    held.lease.renew(clock.time, 30.0, keep=False)
    assert not held.looked()


def test_a_new_agent_goes_on_with_what_is_left(held: Held, clock: Clock, tmp_path: Path) -> None:
    held.lease.renew(clock.time, 20.0, keep=True)
    assert not Held(tmp_path / "lease.json", clock).looked()
    clock.time += 21
    assert Held(tmp_path / "lease.json", clock).looked() == [10.0]


def test_a_lease_that_is_not_kept_is_unknown_to_a_new_agent(held: Held, clock: Clock, tmp_path: Path) -> None:
    held.lease.renew(clock.time, 20.0, keep=False)
    assert Held(tmp_path / "lease.json", clock).looked() == [LENGTH_SECONDS / 2]


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '{"boot": "another", "ends": 1e12, "length": 4}', '{"ends": "x"}', '{"boot": 7}']
)
def test_without_a_known_lease_what_runs_has_the_usual_time_to_end(
    text: str | None, clock: Clock, tmp_path: Path
) -> None:
    """A time of 0 would kill what runs without a grace period."""
    path = tmp_path / "lease.json"
    if text is not None:
        path.write_text(text)
    assert Held(path, clock).looked() == [LENGTH_SECONDS / 2]


def test_a_failure_to_end_singletons_is_tried_again(tmp_path: Path, clock: Clock) -> None:
    tried: list[float] = []

    def failing(within: float) -> int:
        tried.append(within)
        raise OSError("no more threads")

    lease = Lease(tmp_path / "lease.json", failing, clock)
    lease.look()
    lease.look()
    assert len(tried) == 2


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

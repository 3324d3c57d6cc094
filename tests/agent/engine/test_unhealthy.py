"""Which unhealthy containers are restarted, when, and what is told of them meanwhile."""

import threading
from collections.abc import Callable, Iterator

import pytest

from agent.engine import unhealthy
from agent.engine.unhealthy import UnhealthyRestarter
from agent.runtime.contract import Running, RuntimeFailure
from reconciler.wire.messages import InstanceKey, Status

WAIT_SECONDS = 120.0
NOBODY: frozenset[str] = frozenset()


class Engine:
    """Restarts containers when a test lets it, and says how often it had before."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.before: int | None = 0
        self.failure = ""
        self.told = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.reached = threading.Event()

    def restart(self, container_id: str) -> int | None:
        self.asked.append(container_id)
        self.reached.set()
        assert self.may_go_on.wait(WAIT_SECONDS)
        if self.failure:
            raise RuntimeFailure(self.failure)
        return self.before


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def restarter(engine: Engine) -> Iterator[UnhealthyRestarter]:
    made = UnhealthyRestarter(engine.restart, engine.told.set)
    yield made
    engine.may_go_on.set()
    made.close()


def running(status: Status = Status.FAILED, restart_count: int = 0) -> Running:
    message = "unhealthy: no luck" if status is Status.FAILED else ""
    return Running(InstanceKey("shop", "web", 0), "c1", "d1", 1, status, message, restart_count=restart_count)


def test_what_is_well_is_left_alone(restarter: UnhealthyRestarter, engine: Engine) -> None:
    well = running(Status.RUNNING)
    assert restarter.observe(well, False, None, NOBODY) == well
    assert engine.asked == []


def test_what_its_policy_does_not_restart_is_left_alone(restarter: UnhealthyRestarter, engine: Engine) -> None:
    assert restarter.observe(running(), True, 0, NOBODY) == running()
    assert engine.asked == []


def test_what_turned_unhealthy_is_restarted_at_once_and_counted(restarter: UnhealthyRestarter, engine: Engine) -> None:
    assert restarter.observe(running(), True, None, NOBODY).message == "unhealthy: no luck; restarting"
    assert engine.told.wait(WAIT_SECONDS)
    assert engine.asked == ["c1"]
    assert restarter.restarting() == NOBODY
    after = restarter.observe(running(Status.RUNNING), False, None, NOBODY)
    assert (after.status, after.restart_count) == (Status.RUNNING, 1)


def test_the_engines_own_restarts_are_not_forgotten(restarter: UnhealthyRestarter, engine: Engine) -> None:
    engine.before = 4
    restarter.observe(running(restart_count=4), True, None, NOBODY)
    assert engine.told.wait(WAIT_SECONDS)
    assert restarter.observe(running(Status.RUNNING, restart_count=0), False, None, NOBODY).restart_count == 5


def test_meanwhile_it_has_failed_and_not_ended(restarter: UnhealthyRestarter, engine: Engine) -> None:
    engine.may_go_on.clear()
    restarter.observe(running(), True, None, NOBODY)
    assert engine.reached.wait(WAIT_SECONDS)
    assert restarter.restarting() == {"c1"}
    told = restarter.observe(running(Status.STARTING), False, None, NOBODY)
    assert (told.status, told.message) == (Status.FAILED, "unhealthy: no luck; restarting")
    restarter.forget_others(set())
    engine.may_go_on.set()
    assert engine.told.wait(WAIT_SECONDS)
    listed_before = restarter.observe(running(Status.STARTING), False, None, frozenset({"c1"}))
    assert listed_before.status is Status.FAILED, "the listing may be older than the end of the restart"


def test_a_restart_that_fails_is_put_off(
    restarter: UnhealthyRestarter, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.failure = "the Docker Engine does not answer"
    restarter.observe(running(), True, None, NOBODY)
    assert engine.told.wait(WAIT_SECONDS)
    assert "the Docker Engine does not answer" in caplog.text
    assert "restarted 1 time, again in" in restarter.observe(running(), True, None, NOBODY).message


def test_its_policy_limits_the_restarts(restarter: UnhealthyRestarter, engine: Engine) -> None:
    restarter.observe(running(), True, 1, NOBODY)
    assert engine.told.wait(WAIT_SECONDS)
    told = restarter.observe(running(), True, 1, NOBODY)
    assert (told.message, told.restart_count) == ("unhealthy: no luck", 1)
    assert engine.asked == ["c1"]


def test_what_recovers_before_its_turn_is_not_restarted(
    restarter: UnhealthyRestarter, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    due: list[Callable[[], None]] = []
    monkeypatch.setattr(restarter._tasks, "at", lambda at, task: due.append(task))
    monkeypatch.setattr(unhealthy, "monotonic", lambda: 100.0)
    restarter.observe(running(), True, None, NOBODY)
    restarter.observe(running(Status.RUNNING), False, None, NOBODY)
    (task,) = due
    task()
    assert engine.asked == []

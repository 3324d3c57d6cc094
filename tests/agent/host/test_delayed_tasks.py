"""Tasks run at their time, and none of them after the end."""

import threading
from collections.abc import Iterator
from functools import partial
from time import monotonic

import pytest

from agent.host import delayed_tasks
from agent.host.delayed_tasks import DelayedTasks

WAIT_SECONDS = 120.0


@pytest.fixture
def tasks() -> Iterator[DelayedTasks]:
    made = DelayedTasks("test", 2)
    yield made
    made.close()


def test_what_is_due_runs_at_once_and_what_is_not_waits(tasks: DelayedTasks) -> None:
    ran, late = threading.Event(), threading.Event()
    tasks.at(monotonic() + 3600, late.set)
    tasks.at(monotonic() - 1, ran.set)
    assert ran.wait(WAIT_SECONDS)
    assert not late.is_set()


def test_the_earlier_one_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, order, done = [0.0], list[float](), threading.Event()
    monkeypatch.setattr(delayed_tasks, "monotonic", lambda: clock[0])
    one_at_a_time = DelayedTasks("one", 1)
    one_at_a_time.at(3000.0, done.set)
    for due in (2000.0, 1000.0):
        one_at_a_time.at(due, partial(order.append, due))
    clock[0] = 5000.0
    one_at_a_time.at(500.0, partial(order.append, 500.0))
    assert done.wait(WAIT_SECONDS)
    assert order == [500.0, 1000.0, 2000.0]
    one_at_a_time.close()


def test_a_task_that_fails_ends_no_other(tasks: DelayedTasks, caplog: pytest.LogCaptureFixture) -> None:
    ran = threading.Event()

    def fail() -> None:
        raise ValueError("no luck")

    tasks.at(0.0, fail)
    tasks.at(1.0, ran.set)
    assert ran.wait(WAIT_SECONDS)


def test_nothing_begins_after_the_end(tasks: DelayedTasks) -> None:
    ran = threading.Event()
    tasks.close()
    tasks.at(0.0, ran.set)
    assert tasks._thread is None and not ran.is_set()

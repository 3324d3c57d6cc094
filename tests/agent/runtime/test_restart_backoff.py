"""When an instance that turned unhealthy is restarted."""

from itertools import pairwise

import pytest

from agent.runtime.restart_backoff import RestartBackoff
from reconciler.wire.messages import Status


def restarts(backoff: RestartBackoff, *unhealthy_at: float) -> list[tuple[float, str]]:
    """When each restart is made, and what is said before, of an instance that turns unhealthy at these times."""
    made = []
    for now in unhealthy_at:
        backoff.observe(Status.FAILED, now)
        assert backoff.due is not None
        made.append((backoff.due, backoff.plan))
        backoff.restarted(backoff.due)
        backoff.observe(Status.STARTING, backoff.due or now)
    return made


def test_restarts_come_later_each_time() -> None:
    assert restarts(RestartBackoff(), 100, 101, 111, 140) == [
        (100, "restarting"),
        (110, "restarted 1 time, again in 9 s"),
        (130, "restarted 2 times, again in 19 s"),
        (170, "restarted 3 times, again in 30 s"),
    ]


def test_a_restart_waits_five_minutes_at_most() -> None:
    made = [at for at, _ in restarts(RestartBackoff(), *([0.0] * 12))]
    gaps = [later - earlier for earlier, later in pairwise(made)]
    assert gaps == [10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300]


def test_a_pause_that_is_over_already_is_not_waited_for_again() -> None:
    assert restarts(RestartBackoff(), 0, 100) == [(0, "restarting"), (100, "restarted 1 time, again now")]


def test_the_time_and_the_text_stand_until_it_is_restarted() -> None:
    backoff = RestartBackoff()
    restarts(backoff, 100)
    seen = []
    for now in (101.0, 105.0, 109.0):
        backoff.observe(Status.FAILED, now)
        seen.append((backoff.due, backoff.plan))
    assert seen == [(110, "restarted 1 time, again in 9 s")] * 3


@pytest.mark.parametrize("status", [Status.RUNNING, Status.STARTING])
def test_what_recovers_by_itself_is_not_restarted(status: Status) -> None:
    backoff = RestartBackoff()
    restarts(backoff, 0)
    backoff.observe(Status.FAILED, 1)
    backoff.observe(status, 5)
    assert backoff.due is None


@pytest.mark.parametrize(("well_for", "next_pause"), [(599, 300), (600, 10)])
def test_ten_minutes_of_health_begin_anew(well_for: float, next_pause: float) -> None:
    backoff = RestartBackoff()
    made = restarts(backoff, *([0.0] * 7))
    last = made[-1][0]
    for now in (last + 1, last + 30, last + 1 + well_for):
        backoff.observe(Status.RUNNING, now)
    backoff.observe(Status.FAILED, last + 1 + well_for)
    assert backoff.due == last + 1 + well_for, "even the longest pause is over by now"
    backoff.restarted(last + 1 + well_for)
    backoff.observe(Status.FAILED, last + 1 + well_for)
    assert backoff.due == last + 1 + well_for + next_pause

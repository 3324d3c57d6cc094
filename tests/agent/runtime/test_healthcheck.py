"""What checks make of an instance, and when it is restarted: tables with a clock of their own."""

import pytest

from agent.runtime.healthcheck import Health, would_be_known
from reconciler.manifest.model import Healthcheck, HttpProbe
from reconciler.wire.messages import Status

WELL, BAD = "", "connection refused on port 80"


def command(**fields: float) -> Healthcheck:
    return Healthcheck(test=("CMD", "true"), **{"interval": 10, "retries": 3, **fields})


def probe(**fields: float) -> Healthcheck:
    return Healthcheck(http=HttpProbe(port=80), **{"interval": 10, "retries": 3, **fields})


def words(health: Health, *checks: tuple[float, str]) -> list[Status]:
    """The status after each check, which ends at a time."""
    found = []
    for at, failure in checks:
        health.take(failure, at)
        found.append(health.verdict[0])
    return found


S, R, F = Status.STARTING, Status.RUNNING, Status.FAILED


@pytest.mark.parametrize(
    ("check", "checks", "expected"),
    [
        (command(), [(10, BAD), (20, BAD), (30, BAD)], [S, S, F]),
        (command(), [(10, WELL), (20, BAD), (30, BAD), (40, BAD), (50, WELL)], [R, R, R, F, R]),
        (command(), [(10, BAD), (20, BAD), (30, WELL), (40, BAD), (50, BAD)], [S, S, R, R, R]),
        (command(start_period=25), [(10, BAD), (20, BAD), (30, BAD), (40, BAD), (50, BAD)], [S, S, S, S, F]),
        (command(start_period=60, retries=1), [(10, WELL), (20, BAD)], [R, F]),
        (probe(retries=1), [(0, BAD), (1, BAD), (9, BAD), (10, BAD)], [S, S, S, F]),
        (probe(retries=1), [(0, BAD), (1, WELL), (11, BAD)], [S, R, F]),
    ],
)
def test_failures_in_a_row_count_outside_the_start_period(
    check: Healthcheck, checks: list[tuple[float, str]], expected: list[Status]
) -> None:
    assert words(Health(check, 0.0), *checks) == expected


def test_the_reason_is_told() -> None:
    health = Health(command(retries=1), 0.0)
    assert health.verdict == (S, "waiting for its healthcheck")
    health.take(BAD, 10)
    assert health.verdict == (F, "unhealthy: connection refused on port 80")
    health.take(WELL, 20)
    assert health.verdict == (R, "")
    early = Health(command(start_period=60), 0.0)
    early.take(BAD, 10)
    assert early.verdict == (S, "waiting for its healthcheck: connection refused on port 80")


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (command(), [10, 20, 30]),
        (command(start_period=15, start_interval=2), [2, 4, 6]),
        (probe(), [0, 1, 2]),
        (probe(interval=0.5), [0, 0.5, 1]),
        (probe(start_interval=5), [0, 5, 10]),
    ],
)
def test_the_first_checks_are_due(check: Healthcheck, expected: list[float]) -> None:
    health, times = Health(check, 0.0), []
    for _ in expected:
        times.append(health.due)
        health.take(BAD, health.due)
    assert times == expected


def test_once_well_the_interval_holds() -> None:
    health = Health(probe(start_period=60, start_interval=1), 0.0)
    health.take(WELL, 3)
    assert health.due == 13


@pytest.mark.parametrize(
    ("resumed", "failures", "expected"),
    [(R, 0, R), (R, 2, R), (R, 3, F), (F, 1, F), (S, 0, S), (S, 3, F)],
)
def test_another_agent_goes_on_where_the_last_one_was(resumed: Status, failures: int, expected: Status) -> None:
    health = Health(command(), began=0.0, resumed=resumed, now=1000.0)
    assert health.due == 1000
    for at in range(failures):
        health.take(BAD, 1000 + 10 * at)
    assert health.verdict[0] == expected
    health.take(WELL, 2000)
    assert health.verdict == (R, "")


def test_what_has_run_for_long_would_be_known() -> None:
    check = probe(start_period=60)
    assert [would_be_known(check, age) for age in (0, 60, 89, 91)] == [False, False, False, True]

"""Pauses before a program is started again."""

from agent.runtime.crash_backoff import Crashes
from agent.runtime.restart_backoff import given_up


def test_each_pause_is_longer_up_to_half_a_minute() -> None:
    crashes = Crashes()
    assert [crashes.pause(ran=0.1) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert all(crashes.pause(ran=0.1) == 30 for _ in range(2000))


def test_a_stable_run_begins_anew() -> None:
    crashes = Crashes()
    assert [crashes.pause(ran) for ran in (0.1, 0.1, 9.9, 10.1, 0.1)] == [0.5, 1, 2, 0.5, 1]


def test_what_has_been_restarted_often_enough_says_so() -> None:
    assert given_up(3, 3) == "; restarted 3 times: on-failure:3 allows no more"
    assert given_up(1, 1) == "; restarted 1 time: on-failure:1 allows no more"
    assert given_up(2, 3) == given_up(0, 0) == given_up(7, None) == ""

"""Pauses before a program is started again."""

from agent.runtime.crash_backoff import CrashBackoff


def test_each_pause_is_longer_up_to_half_a_minute() -> None:
    crashes = CrashBackoff()
    assert [crashes.pause(ran=0.1) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert all(crashes.pause(ran=0.1) == 30 for _ in range(2000))


def test_a_stable_run_begins_anew() -> None:
    crashes = CrashBackoff()
    assert [crashes.pause(ran) for ran in (0.1, 0.1, 9.9, 10.1, 0.1)] == [0.5, 1, 2, 0.5, 1]

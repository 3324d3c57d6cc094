"""What a component's `restart` allows."""

import pytest

from agent.runtime.restart_policy import RestartPolicy, given_up


@pytest.mark.parametrize(
    ("policy", "restarts_max"),
    [
        ("no", 0),
        ("", 0),
        ("always", None),
        ("always:0", None),
        ("unless-stopped", None),
        ("on-failure", None),
        ("on-failure:0", None),
        ("on-failure:3", 3),
    ],
)
def test_so_often_an_unhealthy_instance_is_restarted(policy: str, restarts_max: int | None) -> None:
    assert RestartPolicy.parse(policy).restarts_max == restarts_max


@pytest.mark.parametrize(
    ("policy", "code", "restarts", "again"),
    [
        ("no", 1, 0, False),
        ("always", 0, 1000, True),
        ("unless-stopped", 0, 0, True),
        ("on-failure", 0, 0, False),
        ("on-failure", 1, 1000, True),
        ("on-failure", None, 0, True),
        ("on-failure:2", -9, 1, True),
        ("on-failure:2", -9, 2, False),
        ("on-failure:0", 1, 1000, True),
    ],
)
def test_what_ended_is_started_again_as_its_policy_says(
    policy: str, code: int | None, restarts: int, again: bool
) -> None:
    assert RestartPolicy.parse(policy).allows_ended(code, restarts) is again


def test_what_has_been_restarted_often_enough_says_so() -> None:
    assert given_up(3, 3) == "; restarted 3 times: on-failure:3 allows no more"
    assert given_up(1, 1) == "; restarted 1 time: on-failure:1 allows no more"
    assert given_up(2, 3) == given_up(0, 0) == given_up(7, None) == ""

"""Which image goes next, by age and by how full the disk is."""

import pytest

from agent.engine.images.gc_policy import KEEP_SECONDS, next_removal
from agent.engine.images.ours import BroughtImage

NOW = 1_000_000_000.0
HOUR, DAY = 3600.0, 86400.0


def unused_for(**ages: float) -> list[BroughtImage]:
    """Images by name, each with an id of its own, last used so many seconds ago."""
    return [BroughtImage(name, f"sha256:{name}", NOW - age) for name, age in ages.items()]


@pytest.mark.parametrize(
    ("ages", "used", "share", "goes"),
    [
        ({}, [], 0.99, None),
        ({"a": 6 * DAY}, [], 0.5, None),
        ({"a": 7 * DAY}, [], 0.5, "a"),
        ({"a": 7 * DAY, "b": 30 * DAY}, [], 0.5, "b"),
        ({"a": 30 * DAY}, ["a"], 0.5, None),
        ({"a": 30 * DAY, "b": 8 * DAY}, ["a"], 0.5, "b"),
        ({"a": 2 * HOUR, "b": 3 * HOUR}, [], 0.85, None),
        ({"a": 2 * HOUR, "b": 3 * HOUR}, [], 0.86, "b"),
        ({"a": 2 * HOUR, "b": 3 * HOUR}, ["b"], 0.86, "a"),
        ({"a": 2 * HOUR, "b": 3 * HOUR}, ["a", "b"], 0.99, None),
        ({"a": 0.9 * HOUR}, [], 0.99, None),
        ({"a": -DAY}, [], 0.99, None),
    ],
)
def test_the_longest_unused_goes_when_it_is_time(
    ages: dict[str, float], used: list[str], share: float, goes: str | None
) -> None:
    removal = next_removal(unused_for(**ages), {f"sha256:{name}" for name in used}, share, NOW, KEEP_SECONDS)
    assert (removal and removal.image.reference) == goes


def test_the_reason_says_which_rule_it_was() -> None:
    old, fresh = unused_for(old=8 * DAY), unused_for(fresh=3 * HOUR)
    reasons = [next_removal(images, (), 0.9, NOW, KEEP_SECONDS) for images in (old, fresh)]
    assert [one and one.reason for one in reasons] == [
        "unused for 8 days",
        "unused for 3 h, and the disk is 90% full",
    ]


def test_nothing_of_the_last_hour_goes_whatever_was_asked_for() -> None:
    assert next_removal(unused_for(a=0.5 * HOUR), (), 0.99, NOW, keep=0.0) is None

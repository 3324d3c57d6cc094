"""What holds for all tests: how many examples a property is tried with, and which files begin first.

A property is tried with few examples, the same each time: a run of the tests fails because of what was changed, never
by luck. A soak searches: many examples, others each time.
"""

import pytest
from hypothesis import HealthCheck, settings

from tests.support.effort import EFFORT

WHOLE_FLEETS = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
"""What the story of a fleet is, and is meant to be."""

settings.register_profile("usual", max_examples=25, derandomize=True, deadline=None, suppress_health_check=WHOLE_FLEETS)
settings.register_profile("quick", settings.get_profile("usual"), max_examples=5)
settings.register_profile("soak", max_examples=2000, deadline=None, suppress_health_check=WHOLE_FLEETS, print_blob=True)
settings.load_profile(EFFORT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of slow tests first: begun last, one of them would keep all but one worker waiting at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)

"""How many examples a property is tried with, for all tests: few and the same each time, unless a search is asked for.

`HYPOTHESIS_PROFILE=soak` searches: many examples, others each time. A run of the tests is no search: it fails because
of what was changed, never by luck.
"""

import os

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
"""What a whole fleet's story is, and is meant to be."""

settings.register_profile("test", max_examples=25, derandomize=True, deadline=None, suppress_health_check=SLOW)
settings.register_profile("soak", max_examples=2000, deadline=None, suppress_health_check=SLOW, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))

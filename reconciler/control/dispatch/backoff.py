"""How long to wait before trying again: doubling, bounded, and never in step with others."""

import random

FIRST = 1.0
LONGEST = 60.0
JITTER = 0.2


def backoff(attempts: int) -> float:
    """Seconds to wait after this many attempts (1 is the first): 1, 2, 4 … 60, each varied by up to a fifth."""
    delay: float = min(FIRST * 2 ** min(attempts - 1, 10), LONGEST)
    return delay * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, guards nothing

"""How hard a run of the tests looks: enough to see that a change broke something, or, in a soak, as long as it takes."""

import os

SOAK = os.environ.get("EFFORT") == "soak"
"""Whether this run is a search for what nobody has broken just now."""


def rounds(usually: int, in_a_soak: int) -> int:
    """How often a test repeats what it does."""
    return in_a_soak if SOAK else usually

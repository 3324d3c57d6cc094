"""How hard a run of the tests looks: enough to see that a change broke something, or, in a soak, as long as it takes."""

import os

EFFORT = os.environ.get("EFFORT", "usual")
"""`quick` for a look while writing, `soak` for a search for what nobody has broken just now, or `usual`."""


def rounds(usually: int, in_a_soak: int) -> int:
    """How often a test repeats what it does."""
    return in_a_soak if EFFORT == "soak" else usually

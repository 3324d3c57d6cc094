"""What somebody may have meant by a word that is not known."""

import difflib
from collections.abc import Iterable

CUTOFF = 0.6
"""How alike two words must be, from 0 to 1 (`difflib`'s ratio)."""


def near_miss(word: object, known: Iterable[object], cutoff: float = CUTOFF) -> str:
    """Name the known word that is most like this one, "" when none is near."""
    near = difflib.get_close_matches(str(word), [str(other) for other in known], n=1, cutoff=cutoff)
    return near[0] if near else ""


def did_you_mean(word: object, known: Iterable[object], cutoff: float = CUTOFF) -> str:
    """Ask `did you mean 'replicas'?` of the known word that is most like this one, "" when none is near."""
    near = near_miss(word, known, cutoff)
    return f"did you mean '{near}'?" if near else ""

"""The numbers that an operator may set."""

from dataclasses import dataclass

FREEZE_AFTER_HEALS = 3
"""So many heals of a field are a fight: it is left as it is, and the count is kept until somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """How much one plan may end for good before an operator has to approve it.

    `stops` of instances, the `share` (0..1) of a business that stays, `nodes` touched, and `volumes`: stops of
    instances that hold some.
    """

    stops: int = 50
    share: float = 1.0
    nodes: int = 20
    volumes: int = 5


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers an operator may set: seconds of silence until a node is suspect, and until it is lost; limits.

    A field that was set back `freeze_after` times within an hour and differs again is left as it is.
    """

    suspect_after: float = 15.0
    lost_after: float = 60.0
    blast_radius: BlastRadius = BlastRadius()
    freeze_after: int = FREEZE_AFTER_HEALS

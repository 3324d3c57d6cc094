"""What a change of desired state can be refused for."""

from collections.abc import Iterable, Sequence

from reconciler.manifest.near_miss import did_you_mean

NAMES_SHOWN_MAX = 5
"""How many names a message lists at most."""


class ControlError(Exception):
    """A request that can't be carried out; the text says why, and what to do, for people."""


class UnknownBusiness(ControlError):
    """There is no such business."""

    def __init__(self, business_id: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(f"there is no business '{business_id}'{_meant(business_id, known)}")


class UnknownNodeId(ControlError):
    """There is no such node."""

    def __init__(self, node_id: str, known: Iterable[str] = ()) -> None:
        super().__init__(f"there is no node '{node_id}'{_meant(node_id, sorted(known))}")


class UnknownRevision(ControlError):
    """There is no such revision of the business, or it is kept no more."""


class UnknownInstance(ControlError):
    """There is no such instance on any node."""


class Conflict(ControlError):
    """The business exists already, or belongs to another source."""


class UnknownPlan(ControlError):
    """No plan of this hash was saved and applied here."""


class NotRunning(ControlError):
    """The instance does not run now, so nothing can be run inside it."""


class Busy(ControlError):
    """As many commands run as this manager passes on at once."""


class PlanOutdated(ControlError):
    """What a saved plan relies on is no longer so; `facts` are what moved: where, and what became of it."""

    def __init__(self, facts: Sequence[tuple[str, str]]) -> None:
        self.facts = tuple(facts)
        first = "; ".join(f"{path}: {why}" for path, why in self.facts[:3])
        more = f"; and {len(self.facts) - 3} more" if len(self.facts) > 3 else ""
        super().__init__(f"what the plan relies on has moved: {first}{more}. Nothing was done: make a new plan")


def _meant(name: str, known: Sequence[str]) -> str:
    """The name that was probably meant, or else which there are."""
    hint = did_you_mean(name, known)
    if hint:
        return f"; {hint}"
    if not known:
        return ": there are none"
    more = f" and {len(known) - NAMES_SHOWN_MAX} more" if len(known) > NAMES_SHOWN_MAX else ""
    return f"; there {'is' if len(known) == 1 else 'are'} {', '.join(known[:NAMES_SHOWN_MAX])}{more}"

"""What a change of desired state can be refused for."""

import difflib


class ControlError(Exception):
    """A request that can't be carried out; the text says why, and what to do, for people."""


class UnknownBusiness(ControlError):
    """There is no such business."""

    def __init__(self, business_id: str, known: tuple[str, ...] = ()) -> None:
        near = difflib.get_close_matches(business_id, known, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        super().__init__(f"there is no business '{business_id}'{hint}")


class UnknownNodeId(ControlError):
    """There is no such node."""

    def __init__(self, node_id: str) -> None:
        super().__init__(f"there is no node '{node_id}'")


class UnknownInstance(ControlError):
    """There is no such instance on any node."""


class Conflict(ControlError):
    """The business exists already, or belongs to another source."""


class NotRunning(ControlError):
    """The instance does not run now, so nothing can be run inside it."""


class Busy(ControlError):
    """As many commands run as this manager passes on at once."""

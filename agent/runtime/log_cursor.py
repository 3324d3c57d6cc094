"""Where the reading of an output goes on: written into a reply, and given back with the next question."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogCursor:
    """A place in the output of one container or program, in its runtime's own terms, such as a byte or a time."""

    container_id: str
    place: str = ""

    @classmethod
    def parse(cls, text: str) -> "LogCursor":
        """Read one that a reply gave; anything else is a cursor of nothing."""
        container_id, _, place = text.partition(" ")
        return cls(container_id, place)

    def __str__(self) -> str:
        return f"{self.container_id} {self.place}"

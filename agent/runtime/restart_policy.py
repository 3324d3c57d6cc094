"""The `restart` of a component as a value: when an instance that ended or is unhealthy is started again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """`no`, `always`, `unless-stopped` or `on-failure`; `retries` counts for the last alone, and 0 is without end."""

    name: str
    retries: int = 0

    @classmethod
    def parse(cls, text: str) -> "RestartPolicy":
        """Read it as a component has it, such as `on-failure:3`."""
        name, _, retries = text.partition(":")
        return cls(name, int(retries) if retries else 0)

    @property
    def restarts_max(self) -> int | None:
        """How often it lets an unhealthy instance be restarted; None is without end."""
        if self.name in ("", "no"):
            return 0
        return self.retries if self.retries > 0 else None

    def allows_unhealthy(self, restarts: int) -> bool:
        """Tell whether an unhealthy instance that was restarted so often is restarted once more."""
        return self.restarts_max is None or restarts < self.restarts_max

    def allows_ended(self, code: int | None, restarts: int) -> bool:
        """Tell whether what ended with this exit code (None: nobody saw it) is started once more."""
        if self.name == "on-failure":
            return code != 0 and self.allows_unhealthy(restarts)
        return self.name in ("always", "unless-stopped")


def given_up(restarts: int, restarts_max: int | None) -> str:
    """Say that it was restarted as often as its policy allows; nothing where that is not why it stays ended."""
    if not restarts_max or restarts < restarts_max:
        return ""
    return f"; restarted {restarts} time{'s' if restarts > 1 else ''}: on-failure:{restarts_max} allows no more"

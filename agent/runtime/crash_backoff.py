"""How long to wait before a program that ended is started again. Pure: how long it ran is handed in."""

from reconciler.net.backoff import Backoff

BACKOFF = Backoff(first=0.5, factor=2.0, most=30.0)
STABLE_SECONDS = 10.0
"""How long a program must have run until earlier ends are forgotten."""


class CrashBackoff:
    """The ends of one program: restarts wait twice as long each time, until it has run stably."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def pause(self, ran: float) -> float:
        """Return the seconds to wait after the program ended, having run for `ran` seconds: 0.5, 1, 2 … 30."""
        self._in_a_row = 1 if ran > STABLE_SECONDS else self._in_a_row + 1
        return BACKOFF.delay(self._in_a_row)

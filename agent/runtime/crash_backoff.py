"""How long to wait before a program that ended is started again. Pure: how long it ran is handed in."""

FIRST_SECONDS, LONGEST_SECONDS, STABLE_SECONDS = 0.5, 30.0, 10.0


class Crashes:
    """The ends of one program: restarts wait twice as long each time, until it has run stably."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def pause(self, ran: float) -> float:
        """Seconds to wait after it ended, having run for `ran` seconds: 0.5, 1, 2 … 30; stable runs begin anew."""
        if ran > STABLE_SECONDS:
            self._in_a_row = 0
        pause: float = min(FIRST_SECONDS * 2**self._in_a_row, LONGEST_SECONDS)
        # Beyond this the pause is the longest one, whatever the number.
        self._in_a_row = min(self._in_a_row + 1, 10)
        return pause

"""How long to wait before something is tried again. Pure: the attempt's number and the random share are handed in."""

from dataclasses import dataclass

EXPONENT_MAX = 64
"""Beyond it a delay is `most` in any case; without a bound, an attempt's number would overflow a float."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that grow by `factor` from `first` up to `most` (seconds), each varied by up to the share `jitter`.

    `Backoff(1.0, 2.0, 60.0, jitter=0.2)` waits 1, 2, 4 … 60 s, each a fifth more or less, so that those who failed
    together do not come back together.
    """

    first: float
    factor: float
    most: float
    jitter: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what would shrink, or wait a negative time."""
        assert 0 < self.first <= self.most, self
        assert self.factor >= 1, self
        assert 0 <= self.jitter < 1, self

    def delay(self, attempt: int, random: float = 0.5) -> float:
        """Return the seconds to wait after attempt number `attempt`, counted from 1.

        `random` from 0 to 1 says where between `1 - jitter` and `1 + jitter` times the delay is; 0.5 is the middle.
        """
        assert attempt >= 1, attempt
        delay: float = min(self.first * self.factor ** min(attempt - 1, EXPONENT_MAX), self.most)
        return delay * (1 + self.jitter * (2 * random - 1))

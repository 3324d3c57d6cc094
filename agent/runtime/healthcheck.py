"""What a row of checks says of an instance, in Compose's words. Pure: times are handed in, in monotonic seconds.

A command is first run one interval after the start, as the Engine does. Probes of our own cost nothing inside the
instance, so they begin at once and are tried every second, and what fails before the Engine would have looked for
the first time does not count: an instance is known to be well as soon as it is, and never condemned sooner.
"""

from reconciler.manifest.model import Healthcheck
from reconciler.wire.messages import Status

EAGER_SECONDS = 1.0


class Health:
    """Starting until the first success; failed after `retries` failures in a row outside the start period."""

    def __init__(self, check: Healthcheck, began: float, resumed: Status | None = None, now: float = 0.0) -> None:
        """Of an instance that started at `began`.

        `resumed` is what it was at `now`, when another agent had looked after it: that stays until a check, which is
        due at once, says otherwise.
        """
        self._check = check
        self._began = began
        self._eager = check.http is not None or check.tcp is not None
        self._failures = check.retries - 1 if resumed is Status.FAILED else 0
        self._healthy = True if resumed is Status.RUNNING else None
        self._reason = ""
        self.due = began if self._eager else began + self._spacing(began)
        """When the next check is to be made."""
        if resumed is not None:
            self.due = now

    def take(self, failure: str, now: float) -> None:
        """Count in a check that ended now: `failure` is empty when all is well, else the reason."""
        self._reason = failure
        if not failure:
            self._failures, self._healthy = 0, True
        elif not self._early(now):
            self._failures += 1
            if self._failures >= self._check.retries:
                self._healthy = False
        self.due = now + self._spacing(now)

    @property
    def verdict(self) -> tuple[Status, str]:
        """The status that the checks so far make, and why where it is not running."""
        if self._healthy is None:
            return Status.STARTING, "waiting for its healthcheck" + (f": {self._reason}" if self._reason else "")
        return (Status.RUNNING, "") if self._healthy else (Status.FAILED, f"unhealthy: {self._reason}")

    def _early(self, now: float) -> bool:
        """Whether a failure does not count yet."""
        first = self._check.interval if self._eager else 0.0
        return self._healthy is None and now - self._began < max(self._check.start_period, first)

    def _spacing(self, now: float) -> float:
        """Seconds between a check that ends now and the next one."""
        if not self._early(now):
            return self._check.interval
        eager = min(EAGER_SECONDS, self._check.interval) if self._eager else self._check.interval
        # 0 is the default here, as it is to the Engine: checks without a pause would keep everybody busy.
        return self._check.start_interval or eager


def would_be_known(check: Healthcheck, age: float) -> bool:
    """Tell whether checks since a start `age` seconds ago would have come to a verdict by now."""
    return age > max(check.start_period, check.interval) + check.interval * check.retries

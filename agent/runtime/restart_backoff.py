"""When an instance that turned unhealthy is restarted. Pure: times are handed in, in monotonic seconds.

A restart helps at once or, mostly, not at all; so the first comes immediately and each further one later than the one
before, and an instance that has been well for long begins anew.
"""

from reconciler.net.backoff import Backoff
from reconciler.wire.messages import Status

BACKOFF = Backoff(first=10.0, factor=2.0, most=300.0)
WELL_SECONDS = 600.0
"""How long an instance must be healthy until earlier restarts are forgotten."""


class RestartBackoff:
    """The restarts of one unhealthy instance: the first comes at once, each further one later."""

    def __init__(self) -> None:
        self._restarts = 0
        self._last = 0.0
        self._wait = 0.0
        self._well_since: float | None = None
        self.due: float | None = None
        """When to restart it; None while there is no reason to."""

    def observe(self, status: Status, now: float) -> None:
        """Take in what its checks say of it: running, starting, or failed for unhealthy."""
        if status is not Status.FAILED:
            self.due = None
            if status is not Status.RUNNING:
                self._well_since = None
            elif self._well_since is None:
                self._well_since = now
        elif self.due is None:
            if self._well_since is not None and now - self._well_since >= WELL_SECONDS:
                self._restarts = 0
            self._well_since = None
            pause = BACKOFF.delay(self._restarts) if self._restarts else 0.0
            self.due = max(now, self._last + pause)
            self._wait = self.due - now

    def restarted(self, now: float) -> None:
        """Note that a restart has been made, or tried."""
        self._restarts += 1
        self._last, self.due = now, None

    @property
    def plan(self) -> str:
        """What will be done about it, as it was when it turned unhealthy: the text stays the same while it waits."""
        if not self._restarts:
            return "restarting"
        again = f"in {self._wait:.0f} s" if self._wait >= 1 else "now"
        return f"restarted {self._restarts} time{'s' if self._restarts > 1 else ''}, again {again}"

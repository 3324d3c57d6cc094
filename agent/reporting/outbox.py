"""Changes that the manager has not heard of yet: at most one for each instance, the newest."""

import threading

from reconciler.wire.messages import InstanceKey
from reconciler.wire.reports import InstanceReport


class Outbox:
    """Between the supervisor, which must not wait, and the reporter, which may have to. Bounded by the instances."""

    def __init__(self) -> None:
        self._unsent: dict[InstanceKey, InstanceReport] = {}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, report: InstanceReport) -> None:
        """Have this sent; an older report of the instance that was not sent yet is dropped."""
        with self._changed:
            self._unsent.pop(report.key, None)
            self._unsent[report.key] = report
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Whether anything is to be sent; waits that long at most for it to be so, or for `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._unsent or self._closed, max(0.0, seconds))
            return bool(self._unsent)

    def take(self) -> InstanceReport | None:
        """The change that waits longest, removed."""
        with self._changed:
            return self._unsent.pop(next(iter(self._unsent)), None) if self._unsent else None

    def clear(self) -> None:
        """Drop everything: a full report says it all."""
        with self._changed:
            self._unsent.clear()

    def __len__(self) -> int:
        return len(self._unsent)

    def close(self) -> None:
        """End every wait, now and from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

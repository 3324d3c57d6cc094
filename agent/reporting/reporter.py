"""Tells the manager what this node is and runs: every change at once, and everything with each heartbeat.

One thread sends, so that reports arrive in the order in which they were true, with timestamps that always grow. A
manager that is away costs nothing but retries: changes are kept as one per instance, and a full report comes first
when it is back.
"""

import logging
import random
import threading
import time
from collections.abc import Callable

from agent.reporting.manager_client import ManagerAwayError, ManagerClient, UnknownNodeError
from agent.reporting.outbox import Outbox
from agent.reporting.report_builder import NEVER, ReportBuilder
from agent.supervisor.lease import Lease
from agent.supervisor.lease import now as lease_clock
from reconciler.net.backoff import Backoff

log = logging.getLogger(__name__)

BACKOFF = Backoff(first=0.5, factor=2.0, most=5.0, jitter=0.1)
HEARTBEAT_JITTER = 0.1
"""By which share a heartbeat comes sooner or later, so that agents that began together spread."""

LOOK_SECONDS = 0.5
"""How often it is looked whether what runs here can be told by now."""

UNSENT_MAX = 50
"""From so many unsent changes on, one full report is cheaper than telling them one by one."""


class Reporter:
    """Reports until it is closed. `interval` is the heartbeat, in seconds."""

    def __init__(
        self,
        client: ManagerClient,
        builder: ReportBuilder,
        outbox: Outbox,
        lease: Lease,
        interval: float,
        is_complete: Callable[[], bool],
    ) -> None:
        """`is_complete` says whether all that runs on this node is known; until then nothing is said."""
        self._client, self._builder, self._outbox, self._lease = client, builder, outbox, lease
        self._interval = interval
        self._is_complete = is_complete
        self._closing = threading.Event()
        self._everything_due = NEVER
        self._failures = 0
        self._trouble: str | None = ""
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Register this node, and report from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop reporting. The manager finds out by the silence, or from the next agent."""
        self._closing.set()
        self._outbox.close()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._client.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            if not self._is_complete():
                self._closing.wait(LOOK_SECONDS)
                continue
            try:
                self._report_next()
            except UnknownNodeError:
                self._tell_everything_next()
            except ManagerAwayError as error:
                self._wait_after(str(error), str(error) if error.answered else "unreachable")
            except Exception:
                log.exception("reporting failed unexpectedly")
                self._wait_after("reporting failed unexpectedly", "unexpected")

    def _report_next(self) -> None:
        """Send the full report that is due, or else the next change, once there is one."""
        left = self._everything_due - time.monotonic()
        if left <= 0 or len(self._outbox) >= UNSENT_MAX:
            self._report_everything()
        elif self._outbox.wait(left) and (change := self._outbox.take()) is not None:
            self._client.report_component(self._builder.component_report(change))

    def _report_everything(self) -> None:
        # What changes after this is in the report, told after it, or both; never lost.
        self._outbox.clear()
        report = self._builder.node_report()
        sent_at = lease_clock()
        ack = self._client.report_node(report)
        self._builder.taken(report)
        self._lease.renew(sent_at, ack.lease_seconds, keep=self._builder.has_singletons())
        spread = self._interval * HEARTBEAT_JITTER
        self._everything_due = time.monotonic() + self._interval + random.uniform(-spread, spread)  # noqa: S311
        self._failures = 0
        if self._trouble is not None:
            log.info("node %s reports to the manager at %s", report.node_id, self._client.url)
        self._trouble = None

    def _tell_everything_next(self) -> None:
        self._everything_due = NEVER
        self._builder.forgotten()

    def _wait_after(self, reason: str, kind: str) -> None:
        """Wait before the next try: longer each time, shorter when something has changed. A `kind` is logged once."""
        self._tell_everything_next()
        if self._trouble != kind:
            log.warning("the manager at %s takes no reports: %s; trying again", self._client.url, reason)
        self._trouble = kind
        self._failures += 1
        delay = BACKOFF.delay(self._failures, random.random())  # noqa: S311 - spreads load, guards nothing
        soonest = min(BACKOFF.first, delay)
        self._closing.wait(soonest)
        self._outbox.clear()
        self._outbox.wait(delay - soonest)

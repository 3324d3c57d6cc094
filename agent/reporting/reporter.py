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
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import msgspec

from agent.reporting.manager_client import ManagerAwayError, ManagerClient, UnknownNodeError
from agent.reporting.outbox import Outbox
from agent.runtime.contract import NodeImages
from agent.supervisor.lease import Lease
from agent.supervisor.lease import now as lease_clock
from agent.supervisor.supervisor import Supervisor
from reconciler.net.backoff import Backoff
from reconciler.wire.messages import (
    ComponentReport,
    Gpu,
    InstanceKey,
    InstanceReport,
    NodeCapacity,
    NodeImage,
    NodeReport,
    NodeUsage,
    Usage,
)

log = logging.getLogger(__name__)

BACKOFF = Backoff(first=0.5, factor=2.0, most=5.0, jitter=0.1)
HEARTBEAT_JITTER = 0.1
"""By which share a heartbeat comes sooner or later, so that agents that began together spread."""

LOOK_SECONDS = 0.5
"""How often it is looked whether what runs here can be told by now."""

TELL_IMAGES_EVERY = 60.0
"""Seconds. A heartbeat without the list of images is a tenth as long."""

MANY_CHANGES = 50
"""From so many unsent changes on, one full report is cheaper than telling them one by one."""


@dataclass(frozen=True, slots=True)
class Host:
    """The machine: who it is, where the manager calls it, what it has, and how to read what it uses now."""

    node_id: str
    address: str
    capacity: NodeCapacity
    usage: Callable[[], NodeUsage]
    gpus: Callable[[], tuple[Gpu, ...]]
    labels: dict[str, str] = field(default_factory=dict)


class Reporter:
    """Reports until it is closed. `interval` is the heartbeat, in seconds."""

    def __init__(
        self,
        client: ManagerClient,
        host: Host,
        supervisor: Supervisor,
        outbox: Outbox,
        lease: Lease,
        interval: float = 5.0,
        settled: Callable[[], bool] = lambda: True,
    ) -> None:
        """`settled` says whether every runtime that may hold instances was found; until then nothing is said."""
        self._client, self._host, self._supervisor, self._outbox = client, host, supervisor, outbox
        self._lease = lease
        self._interval = interval
        self._settled = settled
        self._closing = threading.Event()
        self._version = _own_version()
        self._stamp = 0.0
        self._used: dict[InstanceKey, Usage] = {}
        self._told: tuple[NodeImage, ...] | None = None
        self._told_at = float("-inf")
        self._sampled_at = float("-inf")
        self._full_at = float("-inf")
        self._failures = 0
        self._away: str | None = ""
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
            if not (self._settled() and self._supervisor.inventories.are_complete()):
                self._closing.wait(LOOK_SECONDS)
                continue
            try:
                self._report_next()
            except UnknownNodeError:
                self._full_at = self._told_at = float("-inf")
            except ManagerAwayError as error:
                self._lost(str(error), error.answered)
            except Exception:
                log.exception("reporting failed unexpectedly")
                self._lost("reporting failed unexpectedly", True)

    def _report_next(self) -> None:
        """Send the full report that is due, or else the next change, once there is one."""
        due = self._full_at - time.monotonic()
        if due <= 0 or len(self._outbox) >= MANY_CHANGES:
            self._report_everything()
        elif self._outbox.wait(due) and (report := self._outbox.take()) is not None:
            self._client.report_component(self._component_report(report))

    def _report_everything(self) -> None:
        self._sample()
        # What changes after this is in the report, told after it, or both; never lost.
        self._outbox.clear()
        stock = self._supervisor.inventories.node_images()
        report = NodeReport(
            node_id=self._host.node_id,
            address=self._host.address,
            capacity=self._host.capacity,
            usage=self._host.usage(),
            labels=self._host.labels,
            gpus=self._host.gpus(),
            runtimes=self._supervisor.inventories.available(),
            instances=tuple(self._with_usage(one) for one in self._supervisor.instances()),
            images=stock.images if self._is_news(stock) else None,
            disk_free_mb=stock.disk_free_mb,
            timestamp=self._timestamp(),
            agent_version=self._version,
        )
        sent_at = lease_clock()
        taken = self._client.report_node(report)
        if report.images is not None:
            self._told, self._told_at = report.images, time.monotonic()
        self._lease.renew(sent_at, taken.lease_seconds, keep=self._supervisor.has_singletons())
        spread = self._interval * HEARTBEAT_JITTER
        self._full_at = time.monotonic() + self._interval + random.uniform(-spread, spread)  # noqa: S311
        self._failures = 0
        if self._away is not None:
            log.info("node %s reports to the manager at %s", self._host.node_id, self._client.url)
        self._away = None

    def _is_news(self, stock: NodeImages) -> bool:
        """Whether the manager has to be told the images: they changed, or it may have forgotten them."""
        return stock.images != self._told or time.monotonic() - self._told_at >= TELL_IMAGES_EVERY

    def _sample(self) -> None:
        if time.monotonic() - self._sampled_at < self._interval / 2:
            return
        self._sampled_at = time.monotonic()
        try:
            self._used = self._supervisor.inventories.usage()
        except Exception:
            log.warning("what the instances use could not be read", exc_info=True)
            self._used = {}

    def _component_report(self, report: InstanceReport) -> ComponentReport:
        return ComponentReport(
            **msgspec.structs.asdict(self._with_usage(report)),
            node_id=self._host.node_id,
            timestamp=self._timestamp(),
        )

    def _with_usage(self, report: InstanceReport) -> InstanceReport:
        usage = self._used.get(report.key)
        if usage is None or report.container_id is None:
            return report
        return msgspec.structs.replace(report, resource_usage=usage)

    def _timestamp(self) -> float:
        """Seconds since the epoch; always later than the last, also when the clock is set back."""
        self._stamp = max(time.time(), self._stamp + 0.00001)
        return self._stamp

    def _lost(self, reason: str, answered: bool) -> None:
        """Wait before the next try: longer each time, shorter when something has changed."""
        self._full_at = self._told_at = float("-inf")
        kind = reason if answered else "unreachable"
        if self._away != kind:
            log.warning("the manager at %s takes no reports: %s; trying again", self._client.url, reason)
        self._away = kind
        self._failures += 1
        delay = BACKOFF.delay(self._failures, random.random())  # noqa: S311 - spreads load, guards nothing
        soonest = min(BACKOFF.first, delay)
        self._closing.wait(soonest)
        self._outbox.clear()
        self._outbox.wait(delay - soonest)


def _own_version() -> str:
    """The installed version; empty when this runs from a checkout that was never installed."""
    try:
        return version("reconciler-fleet")
    except PackageNotFoundError:
        return ""

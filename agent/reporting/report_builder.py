"""What a report says: the node, what it uses, its images where they are news, and its instances. Sends nothing."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import msgspec

from agent.reporting.readings import node_images, usage_by_instance
from agent.supervisor.supervisor import Supervisor
from reconciler.wire.messages import InstanceKey
from reconciler.wire.reports import (
    ComponentReport,
    Gpu,
    InstanceReport,
    NodeCapacity,
    NodeImage,
    NodeReport,
    NodeUsage,
    Usage,
)

log = logging.getLogger(__name__)

IMAGES_SECONDS = 60.0
"""How often images are told although they did not change. A heartbeat without the list is a tenth as long."""

TIMESTAMP_STEP_SECONDS = 0.00001
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Host:
    """The machine: who it is, where the manager calls it, what it has, and how to read what it uses now."""

    node_id: str
    address: str
    capacity: NodeCapacity
    usage: Callable[[], NodeUsage]
    gpus: Callable[[], tuple[Gpu, ...]]
    labels: dict[str, str] = field(default_factory=dict)


class ReportBuilder:
    """Makes the reports of one node, each with a later timestamp than the one before. For one thread."""

    def __init__(self, host: Host, supervisor: Supervisor, sample_seconds_min: float) -> None:
        """`sample_seconds_min` is the least time between two samples of what instances use."""
        self._host, self._supervisor = host, supervisor
        self._sample_seconds_min = sample_seconds_min
        self._version = _own_version()
        self._timestamp = 0.0
        self._usage: dict[InstanceKey, Usage] = {}
        self._sampled_at = NEVER
        self._told_images: tuple[NodeImage, ...] | None = None
        self._told_images_at = NEVER

    def node_report(self) -> NodeReport:
        """Return everything there is to say."""
        self._sample()
        found = node_images(self._supervisor.inventories)
        is_news = found.images != self._told_images or time.monotonic() - self._told_images_at >= IMAGES_SECONDS
        return NodeReport(
            node_id=self._host.node_id,
            address=self._host.address,
            capacity=self._host.capacity,
            usage=self._host.usage(),
            labels=self._host.labels,
            gpus=self._host.gpus(),
            runtimes=self._supervisor.inventories.available(),
            instances=tuple(self._with_usage(report) for report in self._supervisor.instances()),
            images=found.images if is_news else None,
            disk_free_mb=found.disk_free_mb,
            timestamp=self._next_timestamp(),
            agent_version=self._version,
        )

    def component_report(self, change: InstanceReport) -> ComponentReport:
        """Return one change as a message of its own."""
        return ComponentReport(
            **msgspec.structs.asdict(self._with_usage(change)),
            node_id=self._host.node_id,
            timestamp=self._next_timestamp(),
        )

    def has_singletons(self) -> bool:
        """Tell whether the lease matters to anything on this node."""
        return self._supervisor.has_singletons()

    def taken(self, report: NodeReport) -> None:
        """Note that the manager has taken a report: images in it need not be told again soon."""
        if report.images is not None:
            self._told_images, self._told_images_at = report.images, time.monotonic()

    def forgotten(self) -> None:
        """Note that the manager may have forgotten what it was told."""
        self._told_images_at = NEVER

    def _sample(self) -> None:
        if time.monotonic() - self._sampled_at < self._sample_seconds_min:
            return
        self._sampled_at = time.monotonic()
        try:
            self._usage = usage_by_instance(self._supervisor.inventories)
        except Exception:
            log.warning("what the instances use could not be read", exc_info=True)
            self._usage = {}

    def _with_usage(self, report: InstanceReport) -> InstanceReport:
        usage = self._usage.get(report.key)
        if usage is None or report.container_id is None:
            return report
        return msgspec.structs.replace(report, resource_usage=usage)

    def _next_timestamp(self) -> float:
        """Return seconds since the epoch, always later than the last, also when the clock is set back."""
        self._timestamp = max(time.time(), self._timestamp + TIMESTAMP_STEP_SECONDS)
        return self._timestamp


def _own_version() -> str:
    """Return the installed version; empty when this runs from a checkout that was never installed."""
    try:
        return version("reconciler-fleet")
    except PackageNotFoundError:
        return ""

"""What a report changes, as values: pure functions between messages and the planner's nodes and allocations."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from reconciler.plan.model.observed import Allocation, Node
from reconciler.plan.schedule.shape import mebibytes
from reconciler.wire.messages import InstanceKey, Status
from reconciler.wire.reports import IMAGES_MAX, Drift, InstanceReport, NodeReport

CLOCK_STEP_SECONDS = 60.0
"""Seconds. A report older than the newest by more than this is not late: the node's clock was set back."""

DISK_STEP_MB = 256


@dataclass(frozen=True, slots=True)
class Difference:
    """How one node's allocations change: what to write, what to delete, and all of them afterwards.

    `written` leaves out those of which only the message differs: no plan depends on it.
    """

    written: tuple[Allocation, ...]
    deleted: tuple[InstanceKey, ...]
    allocations: dict[InstanceKey, Allocation]

    @property
    def matters(self) -> bool:
        """Whether a plan depends on what changes."""
        return bool(self.written or self.deleted)


def is_late(timestamp: float, newest: float) -> bool:
    """Tell whether a report of this timestamp was overtaken by one of `newest`."""
    return newest - CLOCK_STEP_SECONDS <= timestamp < newest


def is_gone(report: InstanceReport) -> bool:
    """Tell whether a report says that nothing of the instance is left."""
    return report.status is Status.STOPPED and report.container_id is None


def reported_node(report: NodeReport, at: float, known: Node | None) -> Node:
    """Make the node that a report describes, heard of at `at`; what operators said of it stays as `known`."""
    return Node(
        node_id=report.node_id,
        cpu_cores=report.capacity.cpu_cores,
        memory_mb=report.capacity.memory_mb,
        labels=report.labels,
        gpus=report.gpus,
        runtimes=report.runtimes,
        cpu_percent=report.usage.cpu_percent,
        memory_used_mb=report.usage.memory_mb,
        address=report.address,
        images=images_of(report, known),
        disk_free_mb=coarse(report.disk_free_mb, known.disk_free_mb if known is not None else None),
        last_seen=at,
        cordoned=known is not None and known.cordoned,
        draining=known is not None and known.draining,
        drain_by=known.drain_by if known is not None else None,
    )


def images_of(report: NodeReport, known: Node | None) -> dict[str, int]:
    """Read the sizes (MiB) of a node's images by name; the value that is known already where nothing differs."""
    before = known.images if known is not None else {}
    if report.images is None:
        return before
    images = {sys.intern(image.name): mebibytes(image.size_mb) for image in report.images[:IMAGES_MAX]}
    return before if images == before else images


def coarse(free_mb: int | None, known: int | None) -> int | None:
    """Round free disk (MiB) down, in steps of 256, or of about a tenth where there is much; at most what is free.

    What is known stays while it is true within two steps, so that a disk which writes and deletes makes no plans.
    """
    if free_mb is None:
        return None
    free_mb = mebibytes(free_mb)
    step = max(DISK_STEP_MB, 1 << max(free_mb.bit_length() - 4, 0))
    if known is not None and known <= free_mb < known + 2 * step:
        return known
    return free_mb // step * step


def reported_allocation(report: InstanceReport, node_id: str, known: Allocation | None, at: float) -> Allocation:
    """Make the allocation that a report describes, seen at `at`; `known` is the allocation as it was before."""
    allocation = Allocation(
        key=report.key,
        node_id=node_id,
        status=report.status,
        digest=report.digest,
        version=report.version,
        reservation=report.reservation,
        container_id=report.container_id,
        message=report.message,
        started_at=report.started_at,
        ended=report.ended,
        since=at,
        failed_digest=report.failed_digest,
        drift=dated_drift(report.drift, known.drift if known is not None else (), at),
    )
    if known is not None and as_it_was(known) == as_it_was(allocation):
        return replace(allocation, since=known.since)
    return allocation


def dated_drift(drift: Sequence[Drift], known: Iterable[Drift], at: float) -> tuple[Drift, ...]:
    """Date each drifted field with when it was first heard of: now, unless it is known."""
    if not drift:
        return ()
    seen = {one.field: one.first_seen for one in known}
    return tuple(msgspec.structs.replace(one, first_seen=seen.get(one.field, at)) for one in drift)


def as_it_was(allocation: Allocation) -> tuple[object, ...]:
    """Pick what of an allocation changes when it starts, ends or falls ill."""
    return allocation.status, allocation.confirmed, allocation.container_id, allocation.started_at, allocation.digest


def same_place(one: Node, other: Node) -> bool:
    """Tell whether two nodes offer the same, whatever is in use, and whenever they were seen."""
    return offer(one) == offer(other)


def offer(node: Node) -> tuple[object, ...]:
    """Pick what of a node a plan depends on."""
    gpus = [(gpu.index, gpu.name, gpu.uuid, gpu.memory_mb) for gpu in node.gpus]
    images = node.images, node.disk_free_mb
    return node.address, node.cpu_cores, node.memory_mb, node.labels, node.runtimes, gpus, images


def same_allocation(one: Allocation | None, other: Allocation) -> bool:
    """Tell whether two allocations differ in their message at most."""
    return one == other or (one is not None and replace(one, message=other.message) == other)


def full_difference(
    node_id: str, known: Mapping[InstanceKey, Allocation], reports: Iterable[InstanceReport], at: float
) -> Difference:
    """Find what a full inventory changes: confirmed allocations that are not in it are gone, unconfirmed ones stay."""
    allocations = {
        report.key: reported_allocation(report, node_id, known.get(report.key), at)
        for report in reports
        if not is_gone(report)
    }
    written = tuple(one for key, one in allocations.items() if not same_allocation(known.get(key), one))
    missing = [allocation for key, allocation in known.items() if key not in allocations]
    allocations.update((allocation.key, allocation) for allocation in missing if not allocation.confirmed)
    return Difference(written, tuple(allocation.key for allocation in missing if allocation.confirmed), allocations)


def single_difference(
    node_id: str, known: Mapping[InstanceKey, Allocation], report: InstanceReport, at: float
) -> Difference:
    """Find what a report of one allocation changes. News of an older version's end leaves a newer assignment be."""
    key = report.key
    old = known.get(key)
    if is_gone(report):
        newer = old is not None and not old.confirmed and old.version > report.version
        if old is None or newer:
            return Difference((), (), dict(known))
        return Difference((), (key,), {other: allocation for other, allocation in known.items() if other != key})
    allocation = reported_allocation(report, node_id, old, at)
    return Difference(() if same_allocation(old, allocation) else (allocation,), (), {**known, key: allocation})

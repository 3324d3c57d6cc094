"""What is reported of an instance: its newest container, with what is under way laid over it. Pure."""

from collections.abc import Sequence

import msgspec

from agent.supervisor.container import Container
from agent.supervisor.instance import Instance
from agent.supervisor.progress import Progress
from reconciler.wire.messages import InstanceKey, Reservation, Status
from reconciler.wire.reports import InstanceReport


def report_of(key: InstanceKey, instance: Instance, containers: Sequence[Container]) -> InstanceReport | None:
    """Return the instance as this node sees it, its containers newest first; None where there is nothing of it."""
    if not containers and instance.progress is None:
        return None
    report = container_report(key, instance, containers[0]) if containers else empty_report(key, Status.PENDING)
    return report if instance.progress is None else _laid_over(report, instance.progress, bool(containers))


def container_report(key: InstanceKey, instance: Instance, container: Container) -> InstanceReport:
    """Return what one container says of its instance."""
    running = container.running
    digest, version = instance.confirmed
    return msgspec.structs.replace(
        empty_report(key, running.status),
        digest=running.digest,
        version=max(running.version, version if digest == running.digest else 0),
        container_id=running.container_id,
        message=running.message,
        reservation=running.reservation,
        restart_count=running.restart_count,
        started_at=running.started_at,
        ended=running.ended,
        drift=running.drift,
    )


def empty_report(key: InstanceKey, status: Status) -> InstanceReport:
    """Return a report of an instance without a container."""
    return InstanceReport(
        business_id=key.business_id, component_id=key.component_id, instance=key.instance, status=status
    )


def gone_report(key: InstanceKey, told: InstanceReport | None, newest: int) -> InstanceReport:
    """Return the report that nothing of the instance is left, after `told` was the last one."""
    return msgspec.structs.replace(
        empty_report(key, Status.STOPPED),
        digest=told.digest if told else "",
        version=max(told.version if told else 0, newest),
        ended=True,
    )


def _laid_over(report: InstanceReport, progress: Progress, exists: bool) -> InstanceReport:
    """Put what is under way, or failed, in place of what the container says."""
    if progress.failed_digest and exists:
        return msgspec.structs.replace(report, message=progress.message, failed_digest=progress.failed_digest)
    is_other = bool(progress.digest) and progress.digest != report.digest
    return msgspec.structs.replace(
        report,
        status=progress.status,
        digest=progress.digest or report.digest,
        version=progress.version or report.version,
        container_id=None if is_other else report.container_id,
        drift=() if is_other else report.drift,
        message=progress.message,
        progress=progress.share,
        reservation=report.reservation if progress.reservation == Reservation() else progress.reservation,
        ended=progress.status is Status.FAILED and (report.ended or not exists),
    )

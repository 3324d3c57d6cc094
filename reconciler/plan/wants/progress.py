"""How far one allocation of an instance is with a version: it serves, it is good, it has failed."""

from reconciler.manifest.model import Component
from reconciler.plan.model.observed import Allocation
from reconciler.wire.messages import Status


def serves(allocation: Allocation) -> bool:
    """Whether it does its work, in whatever version."""
    return allocation.confirmed and allocation.status is Status.RUNNING


def failed(allocation: Allocation, digest: str) -> bool:
    """Whether this version has failed here, as what there is or in the attempt to replace what there is."""
    return allocation.confirmed and (
        allocation.failed_digest == digest or (allocation.digest == digest and allocation.status is Status.FAILED)
    )


def good_from(component: Component, allocation: Allocation, digest: str) -> float | None:
    """When it counts as good in this version (seconds since the epoch), if nothing happens; None if it does not run."""
    if allocation.digest != digest or not allocation.confirmed:
        return None
    if allocation.status is Status.STOPPED and allocation.ended and not component.runs_always:
        return allocation.since
    return allocation.since + component.monitor if allocation.status is Status.RUNNING else None


def allowed_failures(component: Component, instances: int) -> int:
    """How many of the instances may fail with a new version before `failure_action` is taken."""
    return int(component.update.max_failure_ratio * instances)

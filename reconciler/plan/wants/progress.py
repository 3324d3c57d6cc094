"""How far one copy of an instance is with a version (it serves, it is good, it has failed), and what waits for that."""

from dataclasses import dataclass, field

from reconciler.manifest.model import Component
from reconciler.plan.model.observed import Copy
from reconciler.wire.messages import InstanceKey, Status


@dataclass(slots=True)
class Waits:
    """Why actions of a plan wait, by instance and node; and when time alone ends a wait (seconds since the epoch)."""

    held: dict[tuple[InstanceKey, str], str] = field(default_factory=dict)
    look_again: float | None = None

    def until(self, time: float) -> None:
        """Look again then at the latest."""
        self.look_again = min(time, self.look_again or time)


def serves(copy: Copy) -> bool:
    """Whether it does its work, in whatever version."""
    return copy.confirmed and copy.status is Status.RUNNING


def failed(copy: Copy, digest: str) -> bool:
    """Whether this version has failed here, as what there is or in the attempt to replace what there is."""
    return copy.confirmed and (copy.failed_digest == digest or (copy.digest == digest and copy.status is Status.FAILED))


def good_from(component: Component, copy: Copy, digest: str) -> float | None:
    """When it counts as good in this version (seconds since the epoch), if nothing happens; None if it does not run."""
    if copy.digest != digest or not copy.confirmed:
        return None
    if copy.status is Status.STOPPED and copy.ended and not component.runs_always:
        return copy.since
    return copy.since + component.monitor if copy.status is Status.RUNNING else None


def allowed_failures(component: Component, instances: int) -> int:
    """How many of the instances may fail with a new version before `failure_action` is taken."""
    return int(component.update.max_failure_ratio * instances)

"""How far an instance's goal is, or why it was not reached: what no container can tell. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.supervisor.container import Container
from reconciler.wire.messages import Deploy, Reservation, Status, reservation_of


@dataclass(frozen=True, slots=True)
class Progress:
    """What is under way with an instance, or went wrong, told beside what its container says.

    `digest`, `version` and `reservation` are of the deploy that is under way, or that failed and left nothing.
    `share` is 0..1 of a download. `failed_digest` is of the deploy that failed while a container of the instance was
    there. `since` is when the goal failed, in monotonic seconds.
    """

    status: Status
    digest: str = ""
    version: int = 0
    message: str = ""
    share: float | None = None
    reservation: Reservation = Reservation()
    failed_digest: str = ""
    since: float = 0.0


def under_way(
    deploy: Deploy, status: Status, message: str = "", share: float | None = None, since: float = 0.0
) -> Progress:
    """Return the progress of a deploy that is in hand, or that failed and left nothing."""
    reservation = reservation_of(deploy.component, deploy.gpu_devices)
    return Progress(status, deploy.digest, deploy.version, message, share, reservation, since=since)


def stopping(before: Progress | None) -> Progress:
    """Return the progress of a stop; a deploy that was under way before is what ends."""
    if before is None:
        return Progress(Status.STOPPING)
    return Progress(Status.STOPPING, before.digest, before.version, reservation=before.reservation)


def failed_deploy(deploy: Deploy, reason: str, containers: Sequence[Container], now: float) -> Progress:
    """Return the failure of a deploy, for people, where these containers of the instance are left."""
    if not containers:
        return under_way(deploy, Status.FAILED, reason, since=now)
    if all(container.running.digest == deploy.digest for container in containers):
        message = reason
    else:
        message = f"update to version {deploy.version} failed: {reason}"
    return Progress(Status.FAILED, message=message, failed_digest=deploy.digest, since=now)


def failed_stop(reason: str, now: float) -> Progress:
    """Return the failure of a stop, for people."""
    return Progress(Status.FAILED, message=f"could not be stopped: {reason}", since=now)

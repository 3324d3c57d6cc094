"""What the Engine says of a container, as one of our status words and a message that says why.

The Engine's list call costs the same for one container and for hundreds, but says neither exit code nor reason: for
these there are the details of an inspect call.
"""

from typing import Any

import msgspec

from agent.engine.condition import Condition, condition_of
from agent.engine.details import Details
from agent.engine.drift.compare import APPLIED
from agent.engine.labels import (
    DIGEST,
    NODE,
    SINGLETON,
    alongside_name,
    container_name,
    key_of,
    reservation_in,
    version_in,
)
from agent.runtime.contract import Running
from agent.runtime.restart_policy import given_up
from reconciler.wire.messages import Status
from reconciler.wire.reports import Drift

KILLED = 137
"""The exit code of a process that ended by SIGKILL, which is how the kernel ends one that is out of memory."""


def running_of(listed: dict[str, Any], details: Details, making: bool) -> Running | None:
    """Describe a listed container as the supervisor sees it; None when its labels don't say whose it is.

    `making` says that a create call of ours is under way for it.
    """
    labels = listed.get("Labels") or {}
    key = key_of(labels)
    if key is None:
        return None
    status, message = status_of(listed, details, making)
    return Running(
        key=key,
        container_id=listed["Id"],
        digest=labels.get(DIGEST, ""),
        version=version_in(labels),
        status=status,
        message=message,
        reservation=msgspec.structs.replace(
            reservation_in(labels), cpu_cores=details.cpu_cores, memory_mb=details.memory_mb
        ),
        restart_count=details.restart_count,
        started_at=details.started_at,
        ended=over(listed, making),
        singleton=SINGLETON in labels,
        drift=() if making else name_drift(listed) + details.drift,
    )


def name_drift(listed: dict[str, Any]) -> tuple[Drift, ...]:
    """Tell whether a container has another name than it was given, be it as the second one of its instance."""
    labels, names = listed["Labels"], {name.lstrip("/") for name in listed.get("Names") or ()}
    key = key_of(labels)
    if key is None or APPLIED not in labels or not names:
        return ()
    given = container_name(key, labels.get(NODE, ""))
    if names & {given, alongside_name(given, version_in(labels))}:
        return ()
    encode = msgspec.json.encode
    return (Drift(field="name", expected=encode(given).decode(), actual=encode(min(names)).decode()),)


def status_of(listed: dict[str, Any], details: Details, making: bool) -> tuple[Status, str]:
    """Tell the status word for a container, and why where that is not plain."""
    match condition_of(listed):
        case Condition("created") if making:
            return Status.STARTING, ""
        case Condition("created"):
            return Status.FAILED, details.error or "was created but never started"
        case Condition("paused"):
            return Status.FAILED, "paused by someone"
        case Condition("restarting"):
            return Status.FAILED, f"{ended(details)}; restarting"
        case Condition("exited"):
            return (Status.STOPPED, "") if well_ended(details) else (Status.FAILED, _over(details))
        case Condition("running", health):
            return _running(health, details)
    return Status.STOPPING, ""


def _running(health: str, details: Details) -> tuple[Status, str]:
    """The status of a running container, by the Engine's healthcheck."""
    if health == "starting":
        return Status.STARTING, "waiting for its healthcheck"
    if health == "unhealthy":
        return Status.FAILED, f"unhealthy: {details.output or 'its healthcheck fails without a word'}"
    return Status.RUNNING, ""


def over(listed: dict[str, Any], making: bool) -> bool:
    """Tell whether the container does not work and the Engine will not set it going again by itself."""
    return listed["State"] in ("exited", "dead", "paused") or (listed["State"] == "created" and not making)


def well_ended(details: Details) -> bool:
    """Tell whether it ended by itself and without a failure."""
    return details.exit_code == 0 and not details.error and not details.out_of_memory


def ended(details: Details) -> str:
    """Say how a container ended, with its last words."""
    how = f"exited with code {details.exit_code}"
    if details.out_of_memory:
        limit = f"its memory_mb of {details.memory_mb}" if details.memory_mb else "the node has"
        how += f" (out of memory: it needs more than {limit})"
    elif details.exit_code == KILLED:
        how += " (killed)"
    if details.error:
        how += f": {details.error}"
    return f"{how}: {details.output}" if details.output else how


def _over(details: Details) -> str:
    """How a container ended that nobody restarts."""
    return ended(details) + given_up(details.restart_count, details.restarts_max)

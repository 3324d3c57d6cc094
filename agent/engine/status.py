"""What the Engine says of a container, as one of our status words and a message that says why.

The Engine's list call costs the same for one container and for hundreds, but says neither exit code nor reason.
`Details` holds what only an inspect call says; the runtime keeps it for as long as nothing changed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from agent.engine.body import CPU_PERIOD, MIB
from agent.engine.drift.compare import APPLIED, drift_of
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
from agent.runtime.restart_policy import RestartPolicy, given_up
from reconciler.wire.messages import Drift, Status

LONGEST_OUTPUT = 500
KILLED = 137
"""The exit code of a process that ended by SIGKILL, which is how the kernel ends one that is out of memory."""


@dataclass(frozen=True, slots=True)
class Details:
    """What an inspect call says: when it started (epoch seconds), restarts, and how it ended or why it is ill.

    `restarts_max` is how often its policy lets it be restarted while it is unhealthy; None is without end.
    `output` is the last lines of its log, as one line, when it failed, or the last line of its healthcheck when it is
    unhealthy.
    `cpu_cores` and `memory_mb` (MiB) are its limits, 0 for none. `drift` is what is not as its agent applied it.
    """

    started_at: float | None = None
    restart_count: int = 0
    restarts_max: int | None = None
    exit_code: int = 0
    out_of_memory: bool = False
    error: str = ""
    output: str = ""
    cpu_cores: float = 0.0
    memory_mb: int = 0
    drift: tuple[Drift, ...] = ()


def details_of(inspected: dict[str, Any], log: str = "") -> Details:
    """The details in an inspect call's answer; `log` is the container's last lines, where it failed."""
    state, policy = inspected["State"], inspected.get("HostConfig", {}).get("RestartPolicy") or {}
    checks = (state.get("Health") or {}).get("Log") or []
    unhealthy = (state.get("Health") or {}).get("Status") == "unhealthy"
    last_check = checks[-1].get("Output", "").strip().rpartition("\n")[2] if unhealthy and checks else ""
    return Details(
        started_at=epoch(state.get("StartedAt", "")),
        restart_count=inspected.get("RestartCount", 0),
        restarts_max=RestartPolicy(policy.get("Name", ""), policy.get("MaximumRetryCount", 0)).restarts_max,
        exit_code=state.get("ExitCode", 0),
        out_of_memory=state.get("OOMKilled", False),
        error=" ".join(state.get("Error", "").split()),
        output=(last_check or log.strip())[-LONGEST_OUTPUT:],
        cpu_cores=inspected["HostConfig"].get("CpuQuota", 0) / (inspected["HostConfig"].get("CpuPeriod") or CPU_PERIOD),
        memory_mb=inspected["HostConfig"].get("Memory", 0) // MIB,
        drift=drift_of(inspected),
    )


def failed(inspected: dict[str, Any]) -> bool:
    """Whether the container ended otherwise than well, so that its log may say why."""
    state = inspected["State"]
    return not state.get("Running") or bool(state.get("Restarting"))


def condition(listed: dict[str, Any]) -> str:
    """State and health of a listed container: details are good for as long as this stays the same."""
    text = listed.get("Status", "")
    for health in ("(healthy)", "(unhealthy)", "(health: starting)"):
        if health in text:
            return f"{listed['State']} {health}"
    return str(listed["State"])


def as_inspected(listed: dict[str, Any], inspected: dict[str, Any]) -> dict[str, Any]:
    """A listed container in the state that a later inspect call found it in, so that its details fit its state."""
    state = inspected["State"]
    if state["Status"] == listed["State"]:
        return listed
    health = (state.get("Health") or {}).get("Status", "none")
    text = {"none": "", "starting": "(health: starting)"}.get(health, f"({health})")
    return listed | {"State": state["Status"], "Status": text}


def running_of(listed: dict[str, Any], details: Details, making: bool) -> Running | None:
    """One listed container as the supervisor sees it; None when its labels don't say whose it is.

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
    """Whether a container has another name than it was given, be it as the second one of its instance."""
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
    """The status word for a container, and why where that is not plain."""
    now = condition(listed)
    if now == "created":
        return (Status.STARTING, "") if making else (Status.FAILED, details.error or "was created but never started")
    if now.startswith("paused"):
        return Status.FAILED, "paused by someone"
    if now.startswith("restarting"):
        return Status.FAILED, f"{ended(details)}; restarting"
    if now == "exited":
        return (Status.STOPPED, "") if well_ended(details) else (Status.FAILED, _over(details))
    if not now.startswith("running"):
        return Status.STOPPING, ""
    if now.endswith("(health: starting)"):
        return Status.STARTING, "waiting for its healthcheck"
    if now.endswith("(unhealthy)"):
        return Status.FAILED, f"unhealthy: {details.output or 'its healthcheck fails without a word'}"
    return Status.RUNNING, ""


def over(listed: dict[str, Any], making: bool) -> bool:
    """Whether the container does not work and the Engine will not set it going again by itself."""
    return listed["State"] in ("exited", "dead", "paused") or (listed["State"] == "created" and not making)


def well_ended(details: Details) -> bool:
    """Whether it ended by itself and without a failure."""
    return details.exit_code == 0 and not details.error and not details.out_of_memory


def ended(details: Details) -> str:
    """How a container ended, with its last words."""
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


def epoch(text: str) -> float | None:
    """Seconds since the epoch of the Engine's time; None for its "never" (year 1) and for what is no time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.year > 1 else None

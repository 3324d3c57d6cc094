"""What only an inspect call says of a container; kept for as long as the container's condition stays the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.engine.body import CPU_PERIOD, MIB
from agent.engine.drift.compare import drift_of
from agent.runtime.restart_policy import RestartPolicy
from reconciler.wire.reports import Drift

OUTPUT_CHARACTERS_MAX = 500


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
    """Read the details in an inspect call's answer; `log` is the container's last lines, where it failed."""
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
        output=(last_check or log.strip())[-OUTPUT_CHARACTERS_MAX:],
        cpu_cores=inspected["HostConfig"].get("CpuQuota", 0) / (inspected["HostConfig"].get("CpuPeriod") or CPU_PERIOD),
        memory_mb=inspected["HostConfig"].get("Memory", 0) // MIB,
        drift=drift_of(inspected),
    )


def failed(inspected: dict[str, Any]) -> bool:
    """Tell whether the container ended otherwise than well, so that its log may say why."""
    state = inspected["State"]
    return not state.get("Running") or bool(state.get("Restarting"))


def epoch(text: str) -> float | None:
    """Read seconds since the epoch out of the Engine's time; None for its "never" (year 1) and for what is no time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.year > 1 else None

"""The fields in which a running container can differ from what was applied, by name, and which of them are ignored.

They are named as the spec names them where it has such a field, with `.NAME` for one entry of a map and `[TARGET]` for
one of a list; the others by their Compose or Engine name.
"""

from collections.abc import Iterable

from reconciler.manifest.model import LIVE_LIMITS
from reconciler.manifest.near_miss import near_miss

LIMITS = CPU, MEMORY = tuple(f"resource_requirements.{name}" for name in LIVE_LIMITS)
"""Limits that are compared with the spec itself, because a change of the spec is given to what runs."""

LIVE = frozenset({*LIMITS, "memswap_limit", "cpu_shares", "restart"})
"""Fields that a running container can be given back without a new one."""

FIELDS = (
    *("image", "name", "environment_variables", "command", "entrypoint", "working_dir", "user", "hostname"),
    *("volumes", "tmpfs", "ports", "publish_all_ports", "networks", "resource_requirements", "memswap_limit", "cpus"),
    *("cpu_shares", "cpuset", "pids_limit", "mem_reservation", "blkio_weight", "oom_score_adj", "oom_kill_disable"),
    *("restart", "cap_add", "cap_drop", "privileged", "read_only", "init", "labels", "stop_signal"),
    *("stop_grace_period", "healthcheck", "security_opt", "devices", "device_cgroup_rules", "gpus", "dns"),
    *("dns_search", "dns_opt", "extra_hosts", "sysctls", "ulimits", "shm_size", "runtime", "logging", "group_add"),
    *("pid", "uts", "ipc", "userns_mode", "cgroup_parent", "auto_remove", "tty", "stdin_open"),
)
"""Every field that can drift, without what follows the first `.` or `[`."""

ALIASES = {
    "environment": "environment_variables",
    "cpu_cores": CPU,
    "memory_mb": MEMORY,
    "mem_limit": MEMORY,
    "image_name": "image",
}
"""Other names that people know a field by."""


def full_name(field: str) -> str:
    """The field under its one name: `environment.DEBUG` is `environment_variables.DEBUG`."""
    head = head_of(field)
    return ALIASES.get(head, head) + field[len(head) :]


def head_of(field: str) -> str:
    """What comes before the first `.` or `[`."""
    return field.partition("[")[0].partition(".")[0]


def mistake(field: str) -> str | None:
    """What is wrong with the name of a field to ignore, None when there is such a field."""
    head = head_of(field)
    if head in FIELDS or head in ALIASES:
        return None
    near = near_miss(head, (*FIELDS, *ALIASES))
    hint = f"did you mean '{near}{field[len(head) :]}'?" if near else f"there are {', '.join(FIELDS)}"
    return f"'{field}' is no field that can drift; {hint}"


def ignores(ignored: Iterable[str], field: str) -> bool:
    """Whether a field is one of these, or within one of them, as `labels.tier` is within `labels`."""
    names = [full_name(name) for name in ignored]
    if field == "memswap_limit" and MEMORY in names:
        return True  # it goes with memory_mb
    return any(field == name or field.startswith((f"{name}.", f"{name}[")) for name in names)

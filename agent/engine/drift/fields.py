"""A container as a flat map from field to value, the same whether it is read from a create call or an inspect call.

What the Engine fills in by itself is left out or brought to one spelling, and the image's own defaults are merged in as
the Engine merges them. Fields that are empty, or as a container has them when nobody says anything, are left out.
"""

import posixpath
import re
import signal
from collections.abc import Iterable, Mapping
from typing import Any

from agent.engine.body import MIB, NANOSECONDS

Form = dict[str, Any]

DEFAULTS: Form = {
    "working_dir": "/",
    "stop_signal": "SIGTERM",
    "stop_grace_period": 10,
    "cpu_shares": 1024,
    "pids_limit": -1,
}
"""What a container has when nobody says anything."""

CONFIG = {"user": "User", "hostname": "Hostname", "tty": "Tty", "stdin_open": "OpenStdin"}

HOST = {
    "publish_all_ports": "PublishAllPorts",
    "cpu_shares": "CpuShares",
    "cpuset": "CpusetCpus",
    "pids_limit": "PidsLimit",
    "blkio_weight": "BlkioWeight",
    "oom_score_adj": "OomScoreAdj",
    "oom_kill_disable": "OomKillDisable",
    "privileged": "Privileged",
    "read_only": "ReadonlyRootfs",
    "init": "Init",
    "device_cgroup_rules": "DeviceCgroupRules",
    "dns": "Dns",
    "dns_search": "DnsSearch",
    "dns_opt": "DnsOptions",
    "extra_hosts": "ExtraHosts",
    "shm_size": "ShmSize",
    "runtime": "Runtime",
    "group_add": "GroupAdd",
    "pid": "PidMode",
    "uts": "UTSMode",
    "userns_mode": "UsernsMode",
    "cgroup_parent": "CgroupParent",
    "auto_remove": "AutoRemove",
}
"""Fields that stand in the Engine's HostConfig as they are."""

CHECK_TIMES = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start_period": "StartPeriod",
    "start_interval": "StartInterval",
}
ANONYMOUS = re.compile(r"[0-9a-f]{64}")


def applied_form(body: Mapping[str, Any], networks: Iterable[str], image: Mapping[str, Any]) -> Form:
    """Describe what a create call makes of this image (as inspected), once it is on its networks."""
    config = merged(body, image.get("Config") or {})
    host = body["HostConfig"]
    volumes = {absolute(target): {"type": "volume"} for target in config.get("Volumes") or {}}
    for entry in host.get("Binds") or ():
        source, target, mode = entry.rsplit(":", 2)
        volumes[absolute(target)] = mount("bind" if source.startswith("/") else "volume", source, mode == "ro")
    return _form(image["Id"], config, host, volumes, networks)


def observed_form(inspected: Mapping[str, Any]) -> Form:
    """Describe a container as an inspect call has it."""
    volumes = {}
    tmpfs = {}
    for one in inspected.get("Mounts") or ():
        target = absolute(one["Destination"])
        if one["Type"] == "tmpfs":
            tmpfs[target] = ""
            continue
        source = one.get("Name", "") if one["Type"] == "volume" else one.get("Source", "")
        volumes[target] = mount(one["Type"], source, not one.get("RW", True))
    host = inspected["HostConfig"]
    host = {**host, "Tmpfs": tmpfs | (host.get("Tmpfs") or {})}
    networks = (inspected.get("NetworkSettings") or {}).get("Networks") or {}
    return _form(inspected["Image"], inspected["Config"], host, volumes, networks)


def merged(config: Mapping[str, Any], image: Mapping[str, Any]) -> Form:
    """Merge a create call's configuration over that of its image, as the Engine does."""
    found = dict(config)
    for name in ("User", "WorkingDir", "StopSignal"):
        found[name] = config.get(name) or image.get(name)
    env = list(config.get("Env") or ())
    names = {entry.partition("=")[0] for entry in env}
    found["Env"] = env + [entry for entry in image.get("Env") or () if entry.partition("=")[0] not in names]
    found["Labels"] = (image.get("Labels") or {}) | (config.get("Labels") or {})
    found["Volumes"] = (image.get("Volumes") or {}) | (config.get("Volumes") or {})
    if not config.get("Entrypoint"):
        found["Cmd"] = config.get("Cmd") or image.get("Cmd")
        found["Entrypoint"] = config.get("Entrypoint", image.get("Entrypoint"))
    check, images = config.get("Healthcheck"), image.get("Healthcheck") or {}
    found["Healthcheck"] = images if check is None else images | {name: value for name, value in check.items() if value}
    return found


def _form(
    image_id: str,
    config: Mapping[str, Any],
    host: Mapping[str, Any],
    volumes: dict[str, Form],
    networks: Iterable[str],
) -> Form:
    tmpfs = {absolute(target): options for target, options in (host.get("Tmpfs") or {}).items()}
    found = {
        "image": image_id,
        "command": list(config.get("Cmd") or ()),
        "entrypoint": [] if config.get("Entrypoint") == [""] else list(config.get("Entrypoint") or ()),
        "working_dir": absolute(config.get("WorkingDir") or "/"),
        "stop_signal": signal_name(config.get("StopSignal") or "SIGTERM"),
        "stop_grace_period": 10 if config.get("StopTimeout") is None else config["StopTimeout"],
        "networks": sorted(networks),
        **{field: config.get(name) for field, name in CONFIG.items()},
        **_check(config.get("Healthcheck") or {}),
        **{
            f"volumes[{target}]": one
            for target, one in volumes.items()
            if one != {"type": "volume"} or target not in tmpfs
        },
        **{f"tmpfs[{target}]": ",".join(sorted(options.split(","))) or "rw" for target, options in tmpfs.items()},
        **_host(host),
    }
    plain = {field: value for field, value in found.items() if value and value != DEFAULTS.get(field)}
    if found["stop_grace_period"] == 0:
        plain["stop_grace_period"] = 0
    env = (entry.partition("=") for entry in config.get("Env") or ())
    return {
        **plain,
        **{f"environment_variables.{name}": value for name, _, value in env},
        **{f"labels.{name}": value for name, value in (config.get("Labels") or {}).items()},
        **{f"sysctls.{name}": value for name, value in (host.get("Sysctls") or {}).items()},
    }


def _host(host: Mapping[str, Any]) -> Form:
    """What HostConfig says."""
    found: Form = {field: _plain(host.get(name)) for field, name in HOST.items()}
    memory, swap = host.get("Memory") or 0, host.get("MemorySwap") or 0
    policy, log = host.get("RestartPolicy") or {}, host.get("LogConfig") or {}
    found |= {
        "cpus": (host.get("NanoCpus") or 0) / NANOSECONDS,
        "mem_reservation": size(host.get("MemoryReservation") or 0),
        "memswap_limit": ("2 x memory_mb" if swap == 2 * memory else size(swap)) if memory else None,
        "pids_limit": max(host.get("PidsLimit") or -1, -1),
        "restart": restart(policy),
        "ipc": host.get("IpcMode") if str(host.get("IpcMode", "")).startswith(("host", "container:")) else None,
        "cap_add": sorted(map(capability, host.get("CapAdd") or ())),
        "cap_drop": sorted(map(capability, host.get("CapDrop") or ())),
        "security_opt": sorted(set(host.get("SecurityOpt") or ()) - {"label=disable"}),
        "gpus": [_gpus(request) for request in host.get("DeviceRequests") or ()],
        "logging.driver": log.get("Type"),
    }
    found |= {f"ports[{port_name(name)}]": ports(given) for name, given in (host.get("PortBindings") or {}).items()}
    found |= {
        f"devices[{one['PathInContainer']}]": f"{one['PathOnHost']}:{''.join(sorted(one['CgroupPermissions']))}"
        for one in host.get("Devices") or ()
    }
    found |= {f"ulimits.{one['Name']}": [one["Soft"], one["Hard"]] for one in host.get("Ulimits") or ()}
    found |= {f"logging.options.{name}": value for name, value in (log.get("Config") or {}).items()}
    return found


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def _check(check: Mapping[str, Any]) -> Form:
    found: Form = {"healthcheck.test": list(check.get("Test") or ()), "healthcheck.retries": check.get("Retries")}
    if found["healthcheck.test"] == ["NONE"]:
        return {"healthcheck.test": ["NONE"]}
    return found | {f"healthcheck.{field}": (check.get(name) or 0) / NANOSECONDS for field, name in CHECK_TIMES.items()}


def _gpus(request: Mapping[str, Any]) -> Form:
    kinds = sorted(kind for group in request.get("Capabilities") or () for kind in group)
    return {
        "devices": sorted(request.get("DeviceIDs") or ()),
        "count": request.get("Count") or 0,
        "capabilities": kinds,
    }


def mount(kind: str, source: str, read_only: bool) -> Form:
    """Spell a mount as the spec has it; a volume without a name of its own has no source."""
    found: Form = {"type": kind}
    if kind == "bind":
        found["source"] = absolute(source)
    elif not ANONYMOUS.fullmatch(source):
        found["source"] = source
    return found | ({"read_only": True} if read_only else {})


def ports(bindings: Iterable[Mapping[str, str]] | None) -> list[Form]:
    """Spell the host ports of one port of the container; one that the Engine is to choose has no number."""
    found = []
    for one in bindings or ():
        number, host_ip = one.get("HostPort", ""), one.get("HostIp", "")
        published: Form = (
            {"published": int(number) if number.isdecimal() else number} if number not in ("", "0") else {}
        )
        found.append(published | ({"host_ip": host_ip} if host_ip else {}))
    return sorted(found, key=str)


def port_name(name: str) -> str:
    """Spell `80/tcp` as `80`, `53/udp` as it is."""
    return name.removesuffix("/tcp")


def restart(policy: Mapping[str, Any]) -> str:
    """Spell the Engine's restart policy as the spec has it."""
    name, most = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    return f"{name}:{most}" if most else str(name)


def capability(name: str) -> str:
    """Spell `net_admin` and `CAP_NET_ADMIN` as `NET_ADMIN`."""
    return name.upper().removeprefix("CAP_")


def signal_name(text: str) -> str:
    """Spell `15`, `term` and `SIGTERM` as `SIGTERM`; what is no signal as it is."""
    try:
        return signal.Signals(int(text)).name if text.isdecimal() else signal.Signals[f"SIG{bare(text)}"].name
    except (KeyError, ValueError):
        return text


def bare(text: str) -> str:
    """Strip SIG off a signal's name."""
    return text.upper().removeprefix("SIG")


def size(count: int) -> str | None:
    """Spell bytes for people, without losing any; -1 is no limit."""
    if count < 0:
        return "unlimited"
    if not count:
        return None
    return f"{count // MIB}m" if count % MIB == 0 else str(count)


def absolute(path: str) -> str:
    """Spell a path in one way."""
    return "/" + posixpath.normpath(path).strip("/") if path.startswith("/") else path

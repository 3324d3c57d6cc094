"""A component as the Engine's create call wants it: a pure translation, every field in one place."""

import hashlib
import math
import re
from typing import Any

from agent.runtime.restart_policy import RestartPolicy
from reconciler.manifest.model import Component, Healthcheck, Mount
from reconciler.wire.messages import Deploy, fencing

Body = dict[str, Any]

NANOSECONDS = 1_000_000_000
MIB = 1024 * 1024
CPU_PERIOD = 100_000
"""Microseconds over which CPU time is measured out."""
CPU_SHARES = 1024
"""The weight that the Engine gives a container of which nobody asked anything."""
SWAP_SHARE = 2
"""Memory and swap together, as a multiple of memory: the Engine's own default, which has to be said in a change."""
NETWORK_CHARACTERS_MAX = 60
START_INTERVAL_SINCE = (1, 44)
"""The Engine API version that knows a healthcheck's `start_interval`."""


LOG_DRIVER = "json-file"
LOG_LIMITS = {"max-size": "10m", "max-file": "3"}
"""What the Engine's usual logging driver keeps of a container's output, which without limits fills the disk."""


def container_body(deploy: Deploy, image: str, labels: dict[str, str], api_version: str, log_driver: str) -> Body:
    """Translate a deploy into the body of the Engine's `POST /containers/create`; `log_driver` is its default."""
    component = deploy.component
    body: Body = {
        "Image": image,
        "Env": [f"{name}={value}" for name, value in (component.environment_variables | fencing(deploy)).items()],
        "Labels": labels,
        "ExposedPorts": {f"{port.target}/{port.protocol}": {} for port in component.ports},
        "Volumes": {mount.target: {} for mount in component.volumes if is_anonymous(mount)},
        "StopTimeout": math.ceil(component.stop_grace_period),
        "HostConfig": host_config(deploy),
        "NetworkingConfig": {"EndpointsConfig": first_endpoint(deploy)},
    }
    body |= given(
        Cmd=component.command and list(component.command),
        Entrypoint=component.entrypoint if component.entrypoint is None else list(component.entrypoint) or [""],
        WorkingDir=component.working_dir,
        User=component.user,
        Hostname=component.hostname,
        StopSignal=component.stop_signal,
    )
    if component.healthcheck is not None:
        body["Healthcheck"] = healthcheck(component.healthcheck, api_version)
    if component.logging is None and log_driver == LOG_DRIVER:
        body["HostConfig"]["LogConfig"] = {"Type": LOG_DRIVER, "Config": LOG_LIMITS}
    return body


def host_config(deploy: Deploy) -> Body:
    """Translate what the container may use of its host."""
    component = deploy.component
    config: Body = {
        "CpuPeriod": CPU_PERIOD if cpu_quota(component) else 0,
        "CpuQuota": cpu_quota(component),
        "Memory": memory_bytes(component),
        "MemorySwap": SWAP_SHARE * memory_bytes(component),
        # A singleton is started by nobody but its agent: the Engine does not know whether it may run here.
        "RestartPolicy": restart_policy("no" if component.singleton else component.restart),
        "PortBindings": port_bindings(component),
        "Binds": [bind(mount) for mount in component.volumes if mount.type != "tmpfs" and not is_anonymous(mount)],
        "Tmpfs": tmpfs(component),
        "NetworkMode": component.network_mode or networks_of(deploy)[0],
        "Privileged": component.privileged,
        "ReadonlyRootfs": component.read_only,
        "CapAdd": list(component.cap_add),
        "CapDrop": list(component.cap_drop),
        "SecurityOpt": list(component.security_opt),
        "Dns": list(component.dns),
        "ExtraHosts": list(component.extra_hosts),
        "Sysctls": component.sysctls,
        "Ulimits": [
            {"Name": name, "Soft": limit.soft, "Hard": limit.hard} for name, limit in component.ulimits.items()
        ],
        "Devices": [
            {"PathOnHost": one.source, "PathInContainer": one.target, "CgroupPermissions": one.permissions}
            for one in component.devices
        ],
        "DeviceRequests": gpu_requests(deploy),
    }
    config |= given(
        Init=component.init or None,
        ShmSize=component.shm_size,
        PidsLimit=component.pids_limit,
        Runtime=component.runtime,
    )
    if component.logging is not None:
        config["LogConfig"] = {"Type": component.logging.driver, "Config": component.logging.options}
    return config


def cpu_quota(component: Component) -> int:
    """Return microseconds of CPU time for each `CPU_PERIOD`; 0 is no limit. Unlike NanoCpus it can be changed later."""
    return round(component.resource_requirements.cpu_cores * CPU_PERIOD)


def memory_bytes(component: Component) -> int:
    """Return the memory limit in bytes; 0 is none."""
    return component.resource_requirements.memory_mb * MIB


def resource_limits(deploy: Deploy) -> Body:
    """Say what an update of a running container changes: CPU and memory as the deploy has them, and its restarts."""
    quota, memory = cpu_quota(deploy.component), memory_bytes(deploy.component)
    return {
        "cpu_period": CPU_PERIOD if quota else None,
        "cpu_quota": quota or None,
        "cpu_shares": CPU_SHARES if "cpu_shares" in deploy.heal else None,
        "mem_limit": memory or None,
        "memswap_limit": SWAP_SHARE * memory or None,
        "restart_policy": host_config(deploy)["RestartPolicy"],
    }


def networks_of(deploy: Deploy) -> tuple[str, ...]:
    """Name the networks that the instance joins: its component's, or its business's where that says nothing."""
    component = deploy.component
    if component.network_mode:
        return ()
    return component.networks or (business_network(deploy.business_id),)


def business_network(business_id: str) -> str:
    """Name the network on which a business's components of one node find each other.

    Where the id is long or holds characters that a network's name can't have, a hash keeps names apart.
    """
    plain = f"reconciler-{business_id}"
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", plain)
    if name != plain or len(name) > NETWORK_CHARACTERS_MAX:
        name = f"{name[:NETWORK_CHARACTERS_MAX]}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}"
    return name


def first_endpoint(deploy: Deploy) -> Body:
    """Translate the first named network, which the create call itself joins; the others are joined afterwards."""
    return {name: endpoint(deploy.component) for name in networks_of(deploy)[:1]}


def endpoint(component: Component) -> Body:
    """Name the instance on a named network: by its component id, also as a host name can spell it."""
    host_name = re.sub(r"[^a-z0-9-]", "-", component.component_id.lower()).strip("-")
    return {"Aliases": [name for name in dict.fromkeys((component.component_id, host_name)) if name]}


def restart_policy(text: str) -> Body:
    """Translate a `restart` such as `on-failure:3`."""
    policy = RestartPolicy.parse(text)
    return {"Name": policy.name, "MaximumRetryCount": policy.retries}


def port_bindings(component: Component) -> dict[str, list[Body]]:
    """Translate published ports, several host ports for one container port included."""
    bindings: dict[str, list[Body]] = {}
    for port in component.ports:
        host_port = "" if port.published is None else str(port.published)
        binding = {"HostIp": port.host_ip, "HostPort": host_port}
        bindings.setdefault(f"{port.target}/{port.protocol}", []).append(binding)
    return bindings


def is_anonymous(mount: Mount) -> bool:
    """Tell whether this is a volume without a name, which ends with its container."""
    return mount.type == "volume" and not mount.source


def bind(mount: Mount) -> str:
    """Spell a host path or named volume in the short way, whose missing source the Engine makes, as Compose's does."""
    return f"{mount.source}:{mount.target}:{'ro' if mount.read_only else 'rw'}"


def tmpfs(component: Component) -> dict[str, str]:
    """Collect in-memory mounts by their target, from both places a component can have them."""
    mounts = dict(entry.partition(":")[::2] for entry in component.tmpfs)
    for mount in component.volumes:
        if mount.type == "tmpfs":
            options = [f"size={mount.size}"] if mount.size is not None else []
            mounts[mount.target] = ",".join([*options, *(["ro"] if mount.read_only else [])])
    return mounts


def gpu_requests(deploy: Deploy) -> list[Body]:
    """Ask for the reserved GPUs by index; for all of them where a GPU is asked for and nobody chose one."""
    capabilities = [["gpu"]]
    resources = deploy.component.resource_requirements
    if deploy.gpu_devices:
        return [{"DeviceIDs": [str(index) for index in deploy.gpu_devices], "Capabilities": capabilities}]
    if resources.gpu or resources.gpu_count:
        return [{"Count": resources.gpu_count or -1, "Capabilities": capabilities}]
    return []


def healthcheck(check: Healthcheck, api_version: str) -> Body:
    """Translate a healthcheck into nanoseconds; an empty test keeps the image's, a probe of ours disables it."""
    if check.http or check.tcp:
        return {"Test": ["NONE"]}
    body: Body = {
        "Test": list(check.test),
        "Interval": round(check.interval * NANOSECONDS),
        "Timeout": round(check.timeout * NANOSECONDS),
        "StartPeriod": round(check.start_period * NANOSECONDS),
        "Retries": check.retries,
    }
    known = tuple(map(int, api_version.split("."))) >= START_INTERVAL_SINCE
    if check.start_interval is not None and known:
        body["StartInterval"] = round(check.start_interval * NANOSECONDS)
    return body


def given(**fields: Any) -> Body:
    """Keep the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}

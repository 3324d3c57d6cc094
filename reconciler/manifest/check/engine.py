"""What no Docker Engine takes, refused where the spec is read: otherwise it would be tried on a node for ever.

Each rule was tried on the Engine itself. What only some nodes can not do (a runtime, a logging driver, an address) is
left to the message of the Engine.
"""

import ipaddress
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from reconciler.manifest.model import Component
from reconciler.manifest.near_miss import did_you_mean
from reconciler.manifest.paths import Path

Found = Iterator[tuple[Path, str]]

MEMORY_MB_MIN = 6
CPU_CORES_MIN = 0.01
CHECK_SECONDS_MIN = 0.001
HOSTNAME_CHARACTERS_MAX = 64
NAME_CHARACTERS_MAX = 255
USER_ID_MAX = 2**31 - 1

ULIMITS = (
    *("as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss"),
    *("rtprio", "rttime", "sigpending", "stack"),
)
SYSCTLS = (
    *("kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax"),
    *("kernel.shmmni", "kernel.shm_rmid_forced"),
)
CAPABILITIES = (
    *("ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN"),
    *("DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE"),
    *("LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST"),
    *("NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT"),
    *("SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG"),
    "WAKE_ALARM",
)
SECURITY_OPTIONS = ("apparmor", "label", "no-new-privileges", "seccomp", "systempaths")
SYSTEMS = ("linux", "windows", "darwin", "freebsd")
ARCHITECTURES = (
    *("amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "mips64le", "loong64"),
    *("x86_64", "x86-64", "aarch64", "armhf", "armel", "i386"),
)
LOG_OPTIONS = {
    "json-file": ("max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag", "mode"),
    "local": ("max-size", "max-file", "compress", "mode"),
}
TMPFS_FLAGS = (
    *("ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "sync", "async", "dirsync", "remount", "mand"),
    *("nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind", "private", "rprivate", "shared"),
    *("rshared", "slave", "rslave", "unbindable", "runbindable", "relatime", "norelatime", "strictatime"),
    *("nostrictatime", "defaults"),
)
TMPFS_VALUES = {
    "size": re.compile(r"[0-9]+[kmg%]?", re.IGNORECASE),
    "mode": re.compile(r"[0-7]{1,5}"),
    "uid": re.compile(r"[0-9]+"),
    "gid": re.compile(r"[0-9]+"),
    "nr_inodes": re.compile(r"[0-9]+[kmg]?", re.IGNORECASE),
    "nr_blocks": re.compile(r"[0-9]+[kmg]?", re.IGNORECASE),
    "mpol": re.compile(r".+"),
}
NOT_A_NETWORK = ("host", "none", "bridge", "default")
_SIZE = re.compile(r"[0-9]+(\.[0-9]+)?\s*([kmgt]i?)?b?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def engine_refusals(component: Component) -> Found:
    """Find what the Engine would refuse of a container: the path, and the message."""
    rules = (_numbers, _kernel, _mounts, _tmpfs, _program, _user, _rights, _names, _log, _platform, _files)
    return itertools.chain.from_iterable(rule(component) for rule in rules)


def _numbers(component: Component) -> Found:
    resources, check = component.resource_requirements, component.healthcheck
    if 0 < resources.memory_mb < MEMORY_MB_MIN:
        message = f"{resources.memory_mb} MB is too small: the Engine takes {MEMORY_MB_MIN} or more, or 0 for no limit"
        yield ("resource_requirements", "memory_mb"), message
    if 0 < resources.cpu_cores < CPU_CORES_MIN:
        message = f"{resources.cpu_cores:g} is too small: the Engine takes {CPU_CORES_MIN} or more, or 0 for no limit"
        yield ("resource_requirements", "cpu_cores"), message
    if check is not None and 0 < check.start_period < CHECK_SECONDS_MIN:
        yield ("healthcheck", "start_period"), "is too short: at least 1ms, or 0"
    if check is not None and check.start_interval is not None and check.start_interval < CHECK_SECONDS_MIN:
        yield ("healthcheck", "start_interval"), "is too short: at least 1ms"


def _kernel(component: Component) -> Found:
    for name in component.ulimits:
        if name.lower() not in ULIMITS:
            yield ("ulimits", name), _unknown(name, ULIMITS, "limit of the kernel")
    for name in component.sysctls:
        own = name.startswith(("net.", "fs.mqueue.")) or name in SYSCTLS
        if not own:
            own_ones = f"net.*, fs.mqueue.*, {', '.join(SYSCTLS)}"
            yield ("sysctls", name), f"'{name}' is no setting that a container has of its own: {own_ones}"
        elif name.startswith("net.") and component.network_mode == "host":
            yield ("sysctls", name), f"'{name}' would be the node's own with network_mode host"


def _mounts(component: Component) -> Found:
    for number, mount in enumerate(component.volumes):
        path: Path = ("volumes", number)
        for text in (mount.source, mount.target):
            if ":" in text or _CONTROL.search(text):
                yield path, f"{text!r} holds ':' or a control character"
        if mount.type == "volume" and mount.source and not 2 <= len(mount.source) <= NAME_CHARACTERS_MAX:
            yield path, f"'{mount.source[:60]}' is no volume name: it has 2 to {NAME_CHARACTERS_MAX} characters"


def _tmpfs(component: Component) -> Found:
    for number, entry in enumerate(component.tmpfs):
        for option in filter(None, entry.partition(":")[2].split(",")):
            name, equals, value = option.partition("=")
            allowed = TMPFS_VALUES.get(name)
            if equals and allowed is not None and not allowed.fullmatch(value):
                yield ("tmpfs", number), f"'{value}' is no {name}"
            elif allowed is None and (equals or name not in TMPFS_FLAGS):
                yield ("tmpfs", number), _unknown(option, (*TMPFS_VALUES, *TMPFS_FLAGS), "option of a tmpfs")


def _program(component: Component) -> Found:
    words = (*(component.entrypoint or ()), *(component.command or ()))
    if words and not words[0]:
        yield ("entrypoint" if component.entrypoint else "command",), "begins with an empty word: name the program"
    for field in ("entrypoint", "command", "pre_stop"):
        if any("\0" in word for word in getattr(component, field) or ()):
            yield (field,), "holds a NUL character"
    if component.working_dir is not None and _CONTROL.search(component.working_dir):
        yield ("working_dir",), f"{component.working_dir!r} holds a control character"


def _user(component: Component) -> Found:
    if component.user is None:
        return
    parts = component.user.split(":")
    numbers = [int(part) for part in parts if re.fullmatch(r"-?[0-9]{1,20}", part)]
    if len(parts) > 2 or any(not 0 <= number <= USER_ID_MAX for number in numbers):
        ways = f"write NAME or UID, or either with :GROUP; ids go from 0 to {USER_ID_MAX}"
        yield ("user",), f"'{component.user}' is no user: {ways}"


def _rights(component: Component) -> Found:
    for field in ("cap_add", "cap_drop"):
        for number, name in enumerate(getattr(component, field)):
            if name.upper().removeprefix("CAP_") not in CAPABILITIES:
                yield (field, number), _unknown(name.upper().removeprefix("CAP_"), CAPABILITIES, "capability")
    for number, option in enumerate(component.security_opt):
        name, value = re.fullmatch(r"(?s)([^:=]*)[:=]?(.*)", option).groups()  # type: ignore[union-attr]
        if name not in SECURITY_OPTIONS:
            yield ("security_opt", number), _unknown(name, SECURITY_OPTIONS, "security option")
        elif name == "seccomp" and value not in ("unconfined", "builtin") and not _is_json(value):
            yield ("security_opt", number), "seccomp takes 'unconfined' or a profile's JSON, no file's path"


def _names(component: Component) -> Found:
    if len(component.hostname or "") > HOSTNAME_CHARACTERS_MAX:
        yield ("hostname",), f"is too long: at most {HOSTNAME_CHARACTERS_MAX} characters"
    for number, entry in enumerate(component.extra_hosts):
        address = entry.partition(":")[2]
        if address and address != "host-gateway" and not _is_address(address.strip("[]")):
            yield ("extra_hosts", number), f"'{address}' is no IP address (or host-gateway)"
    for number, address in enumerate(component.dns):
        if not _is_address(address):
            yield ("dns", number), f"'{address}' is no IP address"
    for number, name in enumerate(component.networks):
        if name in NOT_A_NETWORK:
            yield ("networks", number), f"'{name}' is the Engine's own: write network_mode: {name}"
        if name in component.networks[:number]:
            yield ("networks", number), f"'{name}' is there twice"


def _log(component: Component) -> Found:
    logging = component.logging
    if logging is None or logging.driver not in LOG_OPTIONS:
        return
    known = LOG_OPTIONS[logging.driver]
    for name, value in logging.options.items():
        path: Path = ("logging", "options", name)
        if name not in known:
            yield path, _unknown(name, known, f"option of the {logging.driver} driver")
        elif name == "max-size" and value != "-1" and not (_SIZE.fullmatch(value) and value.strip("0. bBkKmMgGtTiI")):
            yield path, f"'{value}' is no size: write one such as 10m"
        elif name == "max-file" and not re.fullmatch(r"0*[1-9][0-9]*", value):
            yield path, f"'{value}' is no number of files: at least 1"


def _platform(component: Component) -> Found:
    if component.platform is None:
        return
    system, *rest = component.platform.lower().split("/")
    fits = system in ARCHITECTURES if not rest else system in SYSTEMS and rest[0] in ARCHITECTURES and len(rest) <= 2
    if not fits and not (system in SYSTEMS and not rest):
        yield ("platform",), f"'{component.platform}' is no platform: write one such as linux/amd64 or linux/arm/v7"


def _files(component: Component) -> Found:
    paths = [PurePosixPath("/", file.path) for file in component.config_files]
    for number, path in enumerate(paths):
        where: Path = ("config_files", number, "path")
        if any(len(part.encode()) > NAME_CHARACTERS_MAX for part in path.parts) or _CONTROL.search(str(path)):
            yield where, f"holds a name of more than {NAME_CHARACTERS_MAX} bytes, or a control character"
        above = set(path.parents) & set(paths)
        if above:
            yield where, f"'{path}' lies below {min(map(str, above))}, which is a file too"


def _unknown(name: str, known: Iterable[str], what: str) -> str:
    known = tuple(known)
    hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
    return f"'{name}' is no {what}; {hint}"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False

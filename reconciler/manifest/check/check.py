"""What no schema can say: things that contradict each other, or would do harm.

Each rule names the field, and the way out.
"""

import re
import signal
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from reconciler.manifest import windows
from reconciler.manifest.check.circles import circle, shown
from reconciler.manifest.check.engine import engine_refusals
from reconciler.manifest.drift import mistake
from reconciler.manifest.host_ports import claimed, conflicting, host_port
from reconciler.manifest.model import Business, Component
from reconciler.manifest.near_miss import did_you_mean
from reconciler.manifest.paths import Path
from reconciler.manifest.references import dependencies, mistakes

Found = Iterator[tuple[Path, str]]

NOT_FOR_PROCESSES = (
    *("image_url", "image_name", "image_sha256", "entrypoint", "volumes", "networks", "network_mode", "hostname"),
    *("init", "read_only", "tmpfs", "shm_size", "cap_add", "cap_drop", "security_opt", "privileged", "devices"),
    *("dns", "extra_hosts", "sysctls", "pids_limit", "logging", "runtime", "platform", "ignore_drift"),
)
_DEFAULT = Component(component_id="-", component_name="-")
_IMAGE = re.compile(
    r"(?:(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SIGNALS = {name for entry in signal.Signals for name in (entry.name, entry.name.removeprefix("SIG"), str(entry.value))}


def check(business: Business) -> Found:
    """Find everything wrong with a business that is well-formed: the path, and the message."""
    first: dict[str, int] = {}
    for number, component in enumerate(business.components):
        path: Path = ("components", number)
        other = first.setdefault(component.component_id, number)
        if other != number:
            message = f"'{component.component_id}' is the id of components[{other}] too: each needs its own"
            yield (*path, "component_id"), message
        for where, message in _component(component, business):
            yield (*path, *where), message
    for where, message in windows.mistakes(business.sync):
        yield ("sync", *where), message
    for number, name in enumerate(business.depends_on_businesses):
        if name == business.business_id:
            yield ("depends_on_businesses", number), f"'{name}' is this business itself"


def _component(component: Component, business: Business) -> Found:
    known = {other.component_id for other in business.components}
    for name in component.affinity.anti_affinity:
        if name not in known:
            yield ("affinity", "anti_affinity"), f"'{name}' is no component of this business"
    yield from mistakes(component, known)
    yield from _dependencies(component, business)
    for rule in FOR_PROCESSES if component.type == "process" else FOR_CONTAINERS:
        yield from rule(component)


def _dependencies(component: Component, business: Business) -> Found:
    others = {other.component_id: other for other in business.components}
    needs = {other.component_id: dependencies(other) for other in business.components}
    for name, dependency in needs[component.component_id].items():
        path: Path = ("depends_on", name) if name in component.depends_on else ()
        if name not in others and name not in component.depends_on:
            continue
        if name not in others:
            hint = did_you_mean(name, others) or f"it has {', '.join(others)}"
            yield path, f"'{name}' is no component of this business; {hint}"
            continue
        if dependency.condition == "service_completed_successfully" and others[name].runs_always:
            yield (
                path,
                f"'{name}' never completes: its restart is {others[name].restart}, a one-shot has restart: \"no\"",
            )
        way = circle(component.component_id, name, needs)
        # Told once, at the member that was written first.
        if way and min(way, key=list(others).index) == component.component_id:
            what = "" if path else f"what refers to {name} (${{{name}.…}}) "
            yield path, what + shown(way)


def _image(component: Component) -> Found:
    name, url = component.image_name, component.image_url
    if name is None:
        hint = ": name the image that the tar at image_url holds" if url else ""
        yield (), f"image_name is missing: a docker component needs one{hint}"
    elif not _IMAGE.fullmatch(name):
        yield (
            ("image_name",),
            f"'{name}' is no image name: write one such as nginx:1.27 or registry.example.com/shop/web:3",
        )
    if url is not None:
        try:
            parts = urlsplit(url)
            fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fine = False
        if not fine or any(character <= " " for character in url):
            yield ("image_url",), "is no address to download from: write one that begins with http:// or https://"
    if component.image_sha256 is not None and url is None:
        yield ("image_sha256",), "is the checksum of the tar at image_url, which is missing"


def _process(component: Component) -> Found:
    if not component.command:
        yield (), "command is missing: a process component needs the program to run"
    for field in NOT_FOR_PROCESSES:
        if getattr(component, field) != getattr(_DEFAULT, field):
            yield (field,), "is for containers only: a process component can't have it"


def _ports(component: Component) -> Found:
    taken: set[str] = set()
    for number, port in enumerate(component.ports):
        if port.published is None:
            continue
        written = host_port(port)
        if not taken.isdisjoint(conflicting(written)):
            yield ("ports", number), f"host port {written} is published twice"
        taken.update(claimed(written))


def _files(component: Component) -> Found:
    seen = set()
    for number, file in enumerate(component.config_files):
        path: Path = ("config_files", number, "path")
        parts = PurePosixPath(file.path).parts
        if "\0" in file.path or ".." in parts:
            yield path, f"{file.path!r} leaves its place: '..' is not allowed"
        elif component.type == "docker" and not file.path.startswith("/"):
            yield path, f"'{file.path}' is not absolute: begin it with /"
        elif file.path.endswith("/") or not [part for part in parts if part != "/"]:
            yield path, f"'{file.path}' is a directory: name a file"
        normal = str(PurePosixPath("/", file.path))
        if normal in seen:
            yield path, f"'{file.path}' is there twice"
        seen.add(normal)


def _mounts(component: Component) -> Found:
    taken: set[PurePosixPath] = set()
    targets = [(("volumes", number), mount.target) for number, mount in enumerate(component.volumes)]
    targets += [(("tmpfs", number), entry.partition(":")[0]) for number, entry in enumerate(component.tmpfs)]
    for path, target in targets:
        if not _inside(target):
            yield path, f"target '{target}' must be absolute, without '..', and not / itself"
        if _place(target) in taken:
            yield path, f"target '{target}' is mounted twice"
        taken.add(_place(target))
    if component.working_dir is not None and not component.working_dir.startswith("/"):
        yield ("working_dir",), f"'{component.working_dir}' is not absolute: begin it with /"


def _volumes(component: Component) -> Found:
    for number, mount in enumerate(component.volumes):
        path: Path = ("volumes", number)
        if mount.type == "bind" and not (mount.source.startswith("/") and ".." not in mount.source.split("/")):
            yield path, f"source '{mount.source}' must be an absolute path of the node, without '..'"
        if mount.type == "volume" and mount.source and not _VOLUME.fullmatch(mount.source):
            yield path, f"source '{mount.source}' is no volume name: use letters, digits, '_', '.' and '-'"
        if mount.type == "tmpfs" and mount.source:
            yield path, "a tmpfs has no source"
        if mount.type != "tmpfs" and mount.size is not None:
            yield path, "size is for tmpfs only"


def _place(target: str) -> PurePosixPath:
    """The place that is meant: `/data/` and `//data` are `/data`."""
    return PurePosixPath("/", target.lstrip("/"))


def _inside(target: str) -> bool:
    return target.startswith("/") and ".." not in target.split("/") and target.strip("/") != "" and "\0" not in target


def _names(component: Component) -> Found:
    for name, value in component.environment_variables.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            yield ("environment_variables",), f"{name[:60]!r} is no variable: names are not empty and hold no '='"
    for name in component.labels:
        if name.startswith("reconciler."):
            yield ("labels", name), "begins with reconciler., which is kept for Reconciler's own labels"
        if not name:
            yield ("labels",), "has a label without a name"


def _ending(component: Component) -> Found:
    sign = component.stop_signal
    if sign is not None and sign.upper() not in _SIGNALS:
        yield ("stop_signal",), f"'{sign}' is no signal: write one such as SIGTERM, INT or 15"
    check = component.healthcheck
    if check is not None:
        kinds = [name for name in ("test", "http", "tcp") if getattr(check, name)]
        if not kinds:
            yield ("healthcheck",), "test is missing: the command that tells whether it works (or give http or tcp)"
        elif len(kinds) > 1:
            yield ("healthcheck", kinds[1]), f"stands beside {kinds[0]}: keep one of them"
        elif check.test and check.test[0] in ("CMD", "CMD-SHELL") and len(check.test) < 2:
            yield ("healthcheck", "test"), f"has no command after {check.test[0]}"
        for field in ("interval", "timeout"):
            if getattr(check, field) < 0.001:
                yield ("healthcheck", field), "is too short: at least 1ms"


def _replicas(component: Component) -> Found:
    if component.mode == "global" and component.replicas != 1:
        yield ("replicas",), "can't be given with mode global, which runs one instance on every node"
    if component.singleton and (component.replicas > 1 or component.mode == "global"):
        field = "mode" if component.mode == "global" else "replicas"
        yield (field,), f"is {getattr(component, field)}, but a singleton runs once: leave {field} out"


def _update(component: Component) -> Found:
    if component.update.order != "start-first":
        return
    path: Path = ("update", "order")
    fixed = [port.published for port in component.ports if port.published is not None]
    if component.type == "process":
        yield path, "start-first is for containers only: a process is replaced stop-first"
    if component.singleton:
        yield path, "start-first runs two at a time, which a singleton never does: write stop-first"
    if fixed:
        yield path, f"start-first runs two side by side, and host port {fixed[0]} can be held by one: write stop-first"


def _drift(component: Component) -> Found:
    for number, field in enumerate(component.ignore_drift):
        wrong = mistake(field)
        if wrong:
            yield ("ignore_drift", number), wrong


def _network(component: Component) -> Found:
    mode = component.network_mode
    if mode is None:
        return
    if component.networks:
        yield ("network_mode",), "can't stand beside networks: keep one of them"
    if component.ports and mode in ("host", "none"):
        yield ("ports",), f"can't be published with network_mode {mode}"
    if component.hostname and mode == "host":
        yield ("hostname",), "can't be set with network_mode host"
    if mode not in ("host", "none", "bridge"):
        yield (
            ("network_mode",),
            f"'{mode}' is not allowed: must be host, none or bridge; join networks by name with networks",
        )


def _devices(component: Component) -> Found:
    for number, device in enumerate(component.devices):
        for path in (device.source, device.target):
            if not path.startswith("/") or ".." in path.split("/"):
                yield ("devices", number), f"'{path}' must be absolute, without '..'"
    for name, limit in component.ulimits.items():
        if limit.soft > limit.hard >= 0:
            yield ("ulimits", name), f"soft {limit.soft} is more than hard {limit.hard}"
    for number, entry in enumerate(component.extra_hosts):
        if not entry.partition(":")[0] or not entry.partition(":")[2]:
            yield ("extra_hosts", number), f"'{entry}' must be NAME:IP"


FOR_CONTAINERS = (
    *(_image, _ports, _mounts, _volumes, _names, _ending, _network, _devices, _replicas, _update, _drift, _files),
    engine_refusals,
)
FOR_PROCESSES = (_process, _ports, _names, _ending, _replicas, _update, _files)

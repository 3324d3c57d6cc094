"""Compose's short and long spellings, each turned into the normal form.

Parsers raise ValueError with what is allowed.
"""

import ipaddress
import re
import shlex
from typing import Any

from reconciler.manifest.form.units import seconds, size_bytes
from reconciler.manifest.scalars import text

PORTS_MAX = 1000
PORT_SPELLINGS = 'write 8080, "8080:80", "127.0.0.1:8080:80/udp", or a map with target and published'
Form = dict[str, Any]


def own(value: Form) -> Form:
    """A map without extension fields, and without fields that were left empty."""
    return {name: item for name, item in value.items() if not name.startswith("x-") and item is not None}


def words(value: str | list[Any]) -> list[str]:
    """A command as a list, or as one line that is split as a shell would, without running one."""
    if isinstance(value, list):
        return [text(word) for word in value]
    try:
        return shlex.split(value)
    except ValueError as error:
        raise ValueError(f"'{value}' can't be split into words ({error}): write it as a list") from None


def pairs(value: dict[str, Any] | list[Any]) -> dict[str, str]:
    """A map, or a list of `NAME=VALUE`."""
    if isinstance(value, dict):
        return {name: text(item) for name, item in value.items()}
    found: dict[str, str] = {}
    for item in value:
        name, equals, content = text(item).partition("=")
        if not equals:
            raise ValueError(f"'{name}' has no value: write {name}=VALUE")
        if name in found:
            raise ValueError(f"'{name}' is there twice")
        found[name] = content
    return found


def dependencies(value: dict[str, Any] | list[str]) -> dict[str, Form]:
    """Component ids and what is waited for of each, from a map or a list."""
    if isinstance(value, dict):
        return {name: own(item or {}) for name, item in value.items()}
    return {name: {} for name in value}


def hosts(value: dict[str, Any] | list[Any]) -> list[str]:
    """Extra hosts as `NAME:IP`, from a map or a list (also `NAME=IP`)."""
    if isinstance(value, dict):
        return [f"{name}:{text(address)}" for name, address in value.items()]
    return [text(item).replace("=", ":", 1) for item in value]


def ports(value: list[Any]) -> list[Form]:
    """Every port of the list; ranges become one entry each."""
    return [port for item in value for port in _port(item)]


def _port(value: Any) -> list[Form]:
    if isinstance(value, dict):
        return [_numbered(value)]
    whole = text(value)
    wanted = (
        f'\'{whole}\' is no port: write 8080, "8080:80", "127.0.0.1:8080:80/udp", or a map with target and published'
    )
    rest, _, protocol = whole.partition("/")
    host_ip = ""
    bracketed = re.fullmatch(r"\[([0-9a-fA-F:.]+)\]:(.*)", rest)
    if bracketed:
        host_ip, rest = bracketed[1], bracketed[2]
    parts = rest.split(":")
    if len(parts) == 3 and not host_ip:
        host_ip, *parts = parts
    if len(parts) > 2 or (protocol or "tcp") not in ("tcp", "udp", "sctp"):
        raise ValueError(wanted)
    if host_ip:
        try:
            ipaddress.ip_address(host_ip)
        except ValueError:
            raise ValueError(f"'{whole}': '{host_ip}' is no IP address") from None
    targets = _range(parts[-1], wanted)
    published: list[int | None] = [None] * len(targets)
    if len(parts) == 2 and parts[0]:
        published = list(_range(parts[0], wanted))
    if len(published) != len(targets):
        raise ValueError(f"'{whole}': both ranges must have the same number of ports")
    return [
        {
            "target": target,
            **({"published": host} if host else {}),
            **({"host_ip": host_ip} if host_ip else {}),
            **({"protocol": protocol} if protocol not in ("", "tcp") else {}),
        }
        for target, host in zip(targets, published, strict=True)
    ]


def _numbered(value: Form) -> Form:
    form = {name: item for name, item in own(value).items() if item != ""}
    if "published" in form:
        form["published"] = _range(text(form["published"]), f"'{form['published']}' is no port")[0]
    if "host_ip" in form:
        try:
            ipaddress.ip_address(form["host_ip"])
        except ValueError:
            raise ValueError(f"host_ip: '{form['host_ip']}' is no IP address") from None
    return form


def _range(value: str, wanted: str) -> list[int]:
    first, dash, last = value.partition("-")
    if not first.isascii() or not first.isdigit() or (dash and (not last.isascii() or not last.isdigit())):
        raise ValueError(wanted)
    if len(first) > 5 or len(last) > 5:
        raise ValueError(f"'{value}': ports go from 1 to 65535")
    low, high = int(first), int(last) if dash else int(first)
    if not 1 <= low <= high <= 65535:
        raise ValueError(f"'{value}': ports go from 1 to 65535")
    if high - low >= PORTS_MAX:
        raise ValueError(f"'{value}': at most {PORTS_MAX} ports in a range")
    return list(range(low, high + 1))


def mount(value: Any) -> Form:
    """A volume: `/host:/path:ro`, `name:/path`, or a map."""
    if isinstance(value, dict):
        form = own(value)
        form = own(form.pop("tmpfs", {})) | form
        if "size" in form:
            form["size"] = size_bytes(form["size"])
        return form
    parts = value.split(":")
    if len(parts) not in (2, 3) or not all(parts):
        raise ValueError(f"'{value}' is no volume: write /host/path:/path, name:/path, either with :ro, or a map")
    form = {"type": "bind" if parts[0].startswith("/") else "volume", "source": parts[0], "target": parts[1]}
    if len(parts) == 3:
        modes = parts[2].split(",")
        unknown = [mode for mode in modes if mode not in ("ro", "rw", "z", "Z")]
        if unknown:
            raise ValueError(f"'{value}': '{unknown[0]}' is no mode: write ro or rw")
        if "ro" in modes:
            form["read_only"] = True
    return form


def device(value: Any) -> Form:
    """A device: `/dev/a`, `/dev/a:/dev/b`, `/dev/a:/dev/b:rw`, or a map."""
    if isinstance(value, dict):
        return {"target": value["source"]} | own(value)
    parts = value.split(":")
    if len(parts) > 3 or not parts[0].startswith("/"):
        raise ValueError(f"'{value}' is no device: write /dev/a, /dev/a:/dev/b or /dev/a:/dev/b:rwm")
    form = {"source": parts[0], "target": parts[1] if len(parts) > 1 else parts[0]}
    if len(parts) == 3:
        form["permissions"] = parts[2]
    return form


def healthcheck(value: Form) -> Form:
    """Compose's healthcheck; `NONE` when the image's own is disabled."""
    form = own(value)
    if form.pop("disable", False):
        return {"test": ["NONE"]}
    test = form.get("test")
    if isinstance(test, str):
        form["test"] = ["CMD-SHELL", test]
    elif isinstance(test, list) and test and test[0] not in ("CMD", "CMD-SHELL", "NONE"):
        raise ValueError(f"test: begins with '{test[0]}': begin the list with CMD, CMD-SHELL or NONE")
    for name in ("http", "tcp"):
        if name in form:
            form[name] = own(form[name])
    for name in ("interval", "timeout", "start_period", "start_interval"):
        if name in form:
            form[name] = seconds(form[name])
    return form


def update(value: Form) -> Form:
    """How updates are rolled out; `max_surge` and `max_unavailable` each say order and parallelism in one."""
    form = own(value)
    if form.get("max_surge") and form.get("max_unavailable"):
        raise ValueError(
            "has max_surge, which starts the new ones first, and max_unavailable, which stops the old ones first: "
            "write one of them"
        )
    for spelling, order in (("max_surge", "start-first"), ("max_unavailable", "stop-first")):
        count = form.pop(spelling, 0)
        if not count:
            continue
        if {"order", "parallelism"} & form.keys():
            raise ValueError(
                f"{spelling}: {count} means order {order} with parallelism {count}: write one or the other"
            )
        form |= {"order": order, "parallelism": count}
    for name in ("delay", "monitor"):
        if name in form:
            form[name] = seconds(form[name])
    return form


def ulimit(value: Any) -> Form:
    """One number for both, or soft and hard."""
    return own(value) if isinstance(value, dict) else {"soft": value, "hard": value}

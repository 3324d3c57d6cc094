"""Changing single fields of a component in the text of a YAML file; everything else stays as it was written."""

import io
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from ruamel.yaml import YAML

from reconciler.manifest.secrets.redact import HIDDEN

PLAIN = frozenset(
    {
        *("command", "entrypoint", "working_dir", "user", "hostname", "restart", "stop_signal", "stop_grace_period"),
        *("read_only", "privileged", "init", "pids_limit", "shm_size", "runtime", "cap_add", "cap_drop"),
        *("security_opt", "dns", "extra_hosts", "networks"),
    }
)
"""Fields that drift under the name, and in the form, that the spec has for them."""

MAPS = {
    "environment_variables": ("environment_variables", "environment"),
    "labels": ("labels",),
    "sysctls": ("sysctls",),
}
"""Maps from names to text, and how the spec may spell the map's own name."""

SHORT_PORT = re.compile(r"(?:.*:)?(?P<target>\d+)(?:/(?P<protocol>[a-z]+))?")
WIDTH = 4096


class CannotAdopt(Exception):
    """A field can't be written into a spec; the text names it, and says why."""


def rewritten(text: str, business_id: str, component_id: str, changes: Mapping[str, Any]) -> str:
    """Write these fields of the component into the text; None takes one away. Raises CannotAdopt."""
    for field, value in changes.items():
        check(field, value)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.indent(**indents(text))
    documents = list(yaml.load_all(text))
    for document in documents:
        if isinstance(document, MutableMapping) and str(document.get("business_id")) == business_id:
            for component in document["components"]:
                if str(component.get("component_id")) == component_id:
                    for field, value in sorted(changes.items()):
                        write(component, field, value)
    out = io.StringIO()
    yaml.dump_all(documents, out)
    return out.getvalue()


def indents(text: str) -> dict[str, int]:
    """Find out how the file indents its maps and its lists."""
    found = re.search(r"^(?P<outer> *)[^\s#-][^\n]*:[ ]*(?:#[^\n]*)?\n(?P<dash> *)- ", text, re.MULTILINE)
    offset = len(found["dash"]) - len(found["outer"]) if found else 0
    return {"mapping": 2, "sequence": offset + 2, "offset": offset}


def check(field: str, value: Any) -> None:
    """Refuse what no spec can say. Raises CannotAdopt."""
    if HIDDEN in str(value):
        raise CannotAdopt(f"{field} is a secret that the manager does not show: write it into the file yourself")
    if value == "(long)":
        raise CannotAdopt(f"{field} is too long to be told: write it into the file yourself")
    head = re.split(r"[.\[]", field, maxsplit=1)[0]
    known = head in PLAIN or head in MAPS or head in ("resource_requirements", "volumes", "ports")
    if not known:
        why = (
            "give the image as image_name" if field == "image" else "the spec has no such field, or another form of it"
        )
        raise CannotAdopt(f"{field} can't be adopted: {why}; set it back, or add ignore_drift: [{field}]")


def write(component: MutableMapping[str, Any], field: str, value: Any) -> None:
    """Write one field."""
    head, _, name = field.partition("[") if "[" in field else field.partition(".")
    if head in MAPS:
        write_entry(component, MAPS[head], name, value)
    elif head == "resource_requirements":
        part = component.setdefault(head, {})
        part[name] = number(value)
    elif head in ("volumes", "ports"):
        write_item(component, head, name.removesuffix("]"), value)
    elif value is None:
        component.pop(head, None)
    else:
        component[head] = value


def number(value: Any) -> Any:
    """Read `64` and `0.5` as numbers."""
    text = str(value or 0)
    return int(text) if text.isdecimal() else float(text)


def write_entry(component: MutableMapping[str, Any], spellings: tuple[str, ...], name: str, value: Any) -> None:
    """Write one entry of a map, which may be written as a list of `NAME=VALUE`."""
    head = next((spelling for spelling in spellings if spelling in component), spellings[0])
    entries = component.setdefault(head, {})
    if isinstance(entries, MutableMapping):
        if value is None:
            entries.pop(name, None)
        else:
            entries[name] = value
        return
    places = [place for place, entry in enumerate(entries) if str(entry).partition("=")[0] == name]
    for place in reversed(places):
        del entries[place]
    if value is not None:
        entries.insert(places[0] if places else len(entries), f"{name}={value}")


def write_item(component: MutableMapping[str, Any], head: str, name: str, value: Any) -> None:
    """Write the mounts of one target, or the host ports of one port, in place of those there were."""
    items = component.setdefault(head, [])
    is_it = mounts_at if head == "volumes" else publishes
    kept = [place for place, item in enumerate(items) if is_it(item, name)]
    for place in reversed(kept):
        del items[place]
    place = kept[0] if kept else len(items)
    if value is None:
        return
    new = [value | {"target": name}] if head == "volumes" else [port(one, name) for one in value]
    for offset, item in enumerate(new):
        items.insert(place + offset, item)


def mounts_at(item: Any, target: str) -> bool:
    """Tell whether a volume, in either spelling, is mounted at this target."""
    if isinstance(item, Mapping):
        return str(item.get("target", "")).rstrip("/") == target
    words = str(item).split(":")
    return (words[1] if len(words) > 1 else words[0]).rstrip("/") == target


def publishes(item: Any, name: str) -> bool:
    """Tell whether a port, in either spelling, is this port of the container (`80`, `53/udp`)."""
    if isinstance(item, Mapping):
        found = str(item.get("target")), item.get("protocol", "tcp")
    else:
        matched = SHORT_PORT.fullmatch(str(item))
        if matched is None:
            return False
        found = matched["target"], matched["protocol"] or "tcp"
    return name == (found[0] if found[1] == "tcp" else f"{found[0]}/{found[1]}")


def port(published: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Write a published port in the long spelling."""
    target, _, protocol = name.partition("/")
    return {"target": int(target), **published, **({"protocol": protocol} if protocol else {})}

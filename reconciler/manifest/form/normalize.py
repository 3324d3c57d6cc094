"""From a document the schema accepts to its normal form: one spelling of everything, defaults left to the model."""

from collections.abc import Callable, Collection
from typing import Any

from reconciler.manifest.form import spellings
from reconciler.manifest.form.units import cores, seconds, size_bytes, size_mb
from reconciler.manifest.paths import Path
from reconciler.manifest.scalars import text

Problems = list[tuple[Path, str]]
Parse = Callable[[Any], Any]


def _each(parse: Parse) -> Parse:
    return lambda items: [parse(item) for item in items]


def _one_or_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def _mode(value: Any) -> str:
    return f"{value:04d}" if isinstance(value, int) else value.rjust(4, "0")


def _networks(value: Any) -> list[str]:
    return list(value)


def _ulimits(value: Any) -> dict[str, Any]:
    return {name: spellings.ulimit(item) for name, item in value.items()}


FIELDS: dict[str, Parse] = {
    "environment_variables": spellings.pairs,
    "command": spellings.words,
    "entrypoint": spellings.words,
    "user": text,
    "ports": spellings.ports,
    "volumes": _each(spellings.mount),
    "networks": _networks,
    "depends_on": spellings.dependencies,
    "healthcheck": spellings.healthcheck,
    "update": spellings.update,
    "restart": lambda value: "no" if value is False else value,
    "stop_signal": text,
    "stop_grace_period": seconds,
    "pre_stop": spellings.words,
    "tmpfs": _one_or_list,
    "shm_size": size_bytes,
    "ulimits": _ulimits,
    "devices": _each(spellings.device),
    "dns": _one_or_list,
    "extra_hosts": spellings.hosts,
    "sysctls": spellings.pairs,
    "labels": spellings.pairs,
    "ignore_drift": _one_or_list,
}
"""The component's fields that have more than one spelling."""

PARTS: dict[str, dict[str, Parse]] = {
    "resource_requirements": {"cpu_cores": cores, "memory_mb": size_mb, "gpu_memory_mb": size_mb},
    "affinity": {"node_labels": spellings.pairs},
    "logging": {"options": spellings.pairs},
}
"""The same for fields inside the component's maps."""


def normalized(data: dict[str, Any]) -> tuple[dict[str, Any], Problems]:
    """The normal form, and what could not be understood: the path and the message of each."""
    problems: Problems = []
    business = spellings.own(data)
    business.setdefault("business_name", business["business_id"])
    business["components"] = [
        _component(component, ("components", number), problems)
        for number, component in enumerate(business["components"])
    ]
    if "sync" in business:
        business["sync"] = sync_form(business["sync"], ("sync",), problems)
    return business, problems


def sync_form(data: dict[str, Any], path: Path, problems: Problems) -> dict[str, Any]:
    """The normal form of a sync policy; what could not be understood is added to the problems."""
    form = spellings.own(data)
    if "windows" in form:
        form["windows"] = [spellings.own(window) for window in form["windows"]]
        for number, window in enumerate(form["windows"]):
            _replace(window, "duration", seconds, (*path, "windows", number), problems)
    return form


def misspelt(data: dict[str, Any], wrong: Collection[Path]) -> Problems:
    """What could not be understood in a document that the schema refuses, beside the fields that are `wrong` anyway."""
    problems: Problems = []
    components = data.get("components")
    for number, component in enumerate(components if isinstance(components, list) else ()):
        if isinstance(component, dict):
            path: Path = ("components", number)
            refused = {place[2] for place in wrong if place[:2] == path and len(place) > 2}
            sound = {field: value for field, value in component.items() if field not in refused}
            _component({"component_id": ""} | sound, path, problems)
    return problems


def _component(data: dict[str, Any], path: Path, problems: Problems) -> dict[str, Any]:
    form = spellings.own(data)
    form.setdefault("component_name", form["component_id"])
    if "environment" in form:
        if "environment_variables" in form:
            problems.append(((*path, "environment"), "is there beside environment_variables: keep one of them"))
        form.setdefault("environment_variables", form.pop("environment"))
    _replace_all(form, FIELDS, path, problems)
    for part, fields in PARTS.items():
        if part in form:
            form[part] = spellings.own(form[part])
            _replace_all(form[part], fields, (*path, part), problems)
    form["config_files"] = [_file(file) for file in form.get("config_files", ())]
    if form.get("resource_requirements"):
        _count_gpus(form["resource_requirements"])
    return form


def _file(value: dict[str, Any]) -> dict[str, Any]:
    file = spellings.own(value)
    return file | {"mode": _mode(file["mode"])} if "mode" in file else file


def _count_gpus(resources: dict[str, Any]) -> None:
    if resources.get("gpu") and not resources.get("gpu_count"):
        resources["gpu_count"] = 1
    resources["gpu"] = resources.get("gpu_count", 0) > 0


def _replace_all(form: dict[str, Any], parsers: dict[str, Parse], path: Path, problems: Problems) -> None:
    for field, parse in parsers.items():
        if field in form:
            _replace(form, field, parse, path, problems)


def _replace(form: dict[str, Any], field: str, parse: Parse, path: Path, problems: Problems) -> None:
    try:
        form[field] = parse(form[field])
    except ValueError as error:
        problems.append(((*path, field), str(error)))
        del form[field]

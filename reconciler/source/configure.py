"""From a file that lists sources, or from options, to the sources themselves."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.form.units import seconds
from reconciler.manifest.load import load_sync
from reconciler.manifest.near_miss import did_you_mean
from reconciler.manifest.paths import shown
from reconciler.manifest.yaml.document import Document, read_yaml
from reconciler.source.directory.source import DirectorySource
from reconciler.source.git.source import GitSource, inner_path
from reconciler.source.source import Source, SourceConfig, SourceError, check_names

POLL_SECONDS_MIN = 1.0


def build_sources(configs: Sequence[SourceConfig], mirrors: Path) -> tuple[Source, ...]:
    """Make the sources of a manager; git's are kept under `mirrors`. Raises SourceError."""
    made: list[Source] = []
    for config in configs:
        if config.directory is not None:
            made.append(DirectorySource(config.directory, config.name, config.sync))
        else:
            made.append(GitSource(config, mirrors))
    check_names([source.name for source in made])
    return tuple(made)


def load_sources(data: bytes, name: str, base: Path) -> tuple[SourceConfig, ...]:
    """Read the sources that a file lists; paths in it are relative to `base`. Raises SpecError with every problem."""
    documents = read_yaml(data, name)
    if len(documents) != 1 or not isinstance(documents[0].data, list) or not documents[0].data:
        raise SpecError(
            [Problem(name, None, "", "must be a list of sources, such as '- git: URL' or '- directory: DIR'")]
        )
    document = documents[0]
    problems: list[Problem] = []
    found = [_source(document, name, number, entry, base, problems) for number, entry in enumerate(document.data)]
    if problems:
        raise SpecError(problems)
    return tuple(found)


def _source(
    document: Document, name: str, number: int, entry: Any, base: Path, problems: list[Problem]
) -> SourceConfig:
    """One entry; what is wrong with it is added to the problems."""

    def wrong(message: str, *where: str | int) -> None:
        problems.append(Problem(name, document.line((number, *where)), shown((number, *where)), message))

    if not isinstance(entry, dict):
        wrong("must be a map with 'git' or 'directory'")
        return SourceConfig()
    if ("git" in entry) == ("directory" in entry):
        wrong("must have one of 'git' and 'directory'")
    values: dict[str, Any] = {}
    for key, value in entry.items():
        if "directory" in entry and key in GIT_ONLY:
            wrong("is for git repositories only", key)
        if key == SYNC:
            values[key], found = load_sync(value)
            for where, message in found:
                wrong(message, key, *where)
            continue
        try:
            values[key] = _field(key)(value)
        except ValueError as error:
            wrong(str(error), str(key))
    if isinstance(values.get("directory"), Path):
        values["directory"] = base / values["directory"]
    return SourceConfig(**values)


def _field(name: Any) -> Callable[[Any], Any]:
    """How the value of a field is read. Raises ValueError for one that a source does not have."""
    if name in FIELDS:
        return FIELDS[name]
    hint = did_you_mean(name, (*FIELDS, SYNC)) or f"there are {', '.join((*FIELDS, SYNC))}"
    raise ValueError(f"is no field of a source: {hint}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("must be text in one line")
    return value


def _path(value: Any) -> str:
    try:
        return inner_path(_text(value))
    except SourceError as error:
        raise ValueError(str(error)) from None


def _yes(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _poll(value: Any) -> float:
    found = seconds(value) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, int | float) or found < POLL_SECONDS_MIN:
        raise ValueError(f"must be a time such as 15s, at least {POLL_SECONDS_MIN:g} s")
    return float(found)


FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "git": _text,
    "directory": lambda value: Path(_text(value)),
    "name": _text,
    "branch": _text,
    "path": _path,
    "poll": _poll,
    "verify_signatures": _yes,
}
"""What an entry of a file of sources may have, and how each value is read: ValueError says what is wrong with it."""

SYNC = "sync"
"""The field that is a policy, read as a business's own is."""

GIT_ONLY = ("branch", "path", "poll", "verify_signatures")

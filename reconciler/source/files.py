"""Reading a directory of specs as one batch: every file as a whole, and what is wrong named by file and line.

A file that is being written is read again until two looks agree. A file that can't be read or holds no acceptable
spec is *broken*: it stops only itself, and what it declared before stays as it is.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.spec.errors import Problem, SpecError
from reconciler.spec.load import MAX_BYTES, load_text
from reconciler.spec.model import Business

SUFFIXES = (".yaml", ".yml", ".json")
LOOKS = 5
"""How often a file that changes under our eyes is read again."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A business and the file that declares it, relative to where people look (`desired/shop.yaml`)."""

    business: Business
    file: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a directory says now.

    `unreadable` says why the directory itself could not be read ("" when it could). `silent` files were read and
    declare nothing. Files in `broken` have at least one entry in `problems`.
    """

    declared: dict[str, Declared] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    unreadable: str = ""


def read_directory(root: Path) -> Snapshot:
    """Everything the spec files under `root` declare. Hidden files and directories are left out."""
    name = root.name or str(root)
    try:
        paths = sorted(_spec_files(root))
    except OSError as error:
        return Snapshot(unreadable=f"{root}: {error.strerror or error}")
    declared: dict[str, Declared] = {}
    problems: list[Problem] = []
    broken, silent = set(), set()
    for path in paths:
        file = f"{name}/{path.relative_to(root).as_posix()}"
        try:
            businesses = load_text(_read(path), file)
        except SpecError as error:
            broken.add(file)
            problems += error.problems
            continue
        except OSError as error:
            broken.add(file)
            problems.append(Problem(file, None, "", f"can't be read: {error.strerror or error}"))
            continue
        if not businesses:
            silent.add(file)
        for business in businesses:
            other = declared.get(business.business_id)
            if other is not None:
                broken.add(file)
                message = f"'{business.business_id}' is already declared in {other.file}: give one of them another id"
                problems.append(Problem(file, None, "business_id", message))
            else:
                declared[business.business_id] = Declared(business, file)
    return Snapshot(declared, frozenset(broken), frozenset(silent), tuple(problems))


def fingerprint(root: Path) -> object:
    """A value that differs when the directory or a spec file in it was changed, by a look at names and times only."""
    try:
        directory = root.stat()
        files = tuple(
            (str(path), status.st_mtime_ns, status.st_size, status.st_ino)
            for path in sorted(_spec_files(root))
            for status in (path.stat(),)
        )
    except OSError as error:
        return str(error)
    return (directory.st_dev, directory.st_ino, files)


def _spec_files(root: Path) -> list[Path]:
    found = []

    def refuse(error: OSError) -> None:
        raise error

    for directory, directories, names in os.walk(root, onerror=refuse):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        found += [Path(directory, name) for name in names if name.endswith(SUFFIXES) and not name.startswith(".")]
    return found


def _read(path: Path) -> bytes:
    """The file's bytes, once two looks at it agree; at most one more than is allowed, so that too large shows."""
    for _ in range(LOOKS):
        before = path.stat()
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        after = path.stat()
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size):
            return data
    raise OSError("it changes while it is being read; it is read again when it rests")

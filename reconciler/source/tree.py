"""The spec files of a source as one batch of bytes: what a directory holds now, or what a git commit holds.

Environments are resolved and specs are parsed on such a tree, so both are the same for a directory and for git. What
can't be read stops only itself: it is named in `problems`, and what it declared before stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.manifest.errors import Problem
from reconciler.plan.model.desired import Commit

SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Tree:
    """Content by path relative to the tree (`team/shop.yaml`); `file(path)` is where people look for it.

    `broken` are paths of files, and of folders, that could not be read; each has a problem. `unreadable` says why
    nothing could be read at all, without naming the tree ("" when it could). `commit` is the one this is the tree of.
    `at` is where in its repository the tree is (`environments/prod`); `bases` are the folders outside of it that were
    read with it, by paths that lead there (`../../base`), as are their files in `files`. `unfinished` says that
    somebody was writing a file of it.
    """

    name: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    unreadable: str = ""
    commit: Commit | None = None
    at: str = ""
    bases: tuple[str, ...] = ()
    unfinished: bool = False

    def file(self, path: str) -> str:
        """Name a path as people know it: `desired/team/shop.yaml`."""
        return f"{self.name}/{path}"


def is_spec_path(path: str) -> bool:
    """Tell whether a file of this relative path is read: YAML or JSON, and neither hidden nor in a hidden folder."""
    return path.endswith(SUFFIXES) and not any(part.startswith(".") for part in path.split("/"))


def outside(file: str, target: str) -> Problem:
    """Refuse a link that leads out of the tree."""
    return Problem(file, None, "", f"is a link to {target}, outside of what is read here: put the file itself there")

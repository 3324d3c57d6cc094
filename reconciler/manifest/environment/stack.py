"""Which folders an environment is made of, in the order in which they are laid over each other."""

from collections.abc import Callable, Collection, Mapping
from posixpath import join, normpath
from typing import Any

from reconciler.manifest.environment.environment import ENVIRONMENT, Environment, read_environment
from reconciler.manifest.errors import Problem, SpecError

FOLDERS_MAX = 32
"""How many folders an environment may be made of."""


def folder_at(folder: str, base: str) -> str:
    """Where a base of a folder is; both are paths in the repository, "" is the repository itself."""
    path = normpath(join(folder, base))
    return "" if path == "." else path


def leaves(at: str) -> bool:
    """Whether a folder's path leads out of the repository."""
    return at == ".." or at.startswith("../")


def is_in(path: str, folder: str) -> bool:
    """Whether a file or folder is within a folder, at any depth."""
    return path.startswith(f"{folder}/") if folder else bool(path)


class Stack:
    """The folders of an environment, those that others are laid over first, and the variables of all of them."""

    def __init__(
        self, files: Mapping[str, bytes], name: Callable[[str], str], unread: Collection[str], outermost: str
    ) -> None:
        self.files, self.name, self.unread, self.outermost = files, name, unread, outermost
        self.folders: list[str] = []
        self.variables: dict[str, Any] = {}
        self.problems: list[Problem] = []

    def visit(self, folder: str, inner: tuple[str, ...]) -> None:
        """Take in what a folder is based on, then the folder; one that was taken in already has its place."""
        if folder in self.folders:
            return
        path = join(folder, ENVIRONMENT)
        file = self.name(path)
        try:
            environment = read_environment(self.files[path], file) if path in self.files else Environment()
        except SpecError as error:
            self.problems += error.problems
            return
        for base, line in environment.bases:
            at = folder_at(folder, base)
            refusal = self._refusal(at, base, (*inner, folder))
            if refusal:
                self.problems.append(Problem(file, line, "base", refusal))
            else:
                self.visit(at, (*inner, folder))
        self.folders.append(folder)
        self.variables |= environment.variables

    def _refusal(self, at: str, base: str, chain: tuple[str, ...]) -> str:
        """Why a folder can't be a base of the last of the chain; "" when it can."""
        if leaves(at):
            return f"'{base}' leads out of what can be read here: a base is in the same git repository"
        if at in chain:
            circle = [*chain[chain.index(at) :], at]
            return f"goes round in a circle: {' → '.join(normpath(self.name(folder)) for folder in circle)}"
        if any(is_in(folder, at) for folder in chain):
            return f"'{base}' holds the folder that is based on it: name a folder beside it"
        if len(chain) + len(self.folders) >= FOLDERS_MAX:
            return f"is one folder too many: an environment is made of at most {FOLDERS_MAX}"
        if at in self.unread:
            return f"'{base}' can't be read"
        if not any(is_in(path, at) for path in (*self.files, *self.unread)):
            return f"'{base}' holds no specs: there is no *.yaml, *.yml or *.json in {normpath(self.name(at))}"
        return ""

    def of(self, folder: str, paths: Collection[str]) -> list[str]:
        """Those of the paths that are the folder's own and not another layer's."""
        others = [other for other in self.folders if other != folder and is_in(other, folder)]
        return sorted(path for path in paths if is_in(path, folder) and not any(is_in(path, o) for o in others))

"""Reading a directory into a tree: every file as a whole, nothing from outside of it.

A file that is being written is read again until two looks at it agree; one that somebody still has open for writing
is left for later, because its beginning may well be a spec too.
"""

import errno
import fcntl
import os
import posixpath
import signal
import stat
import time
from dataclasses import replace
from pathlib import Path

from reconciler.manifest.environment.environment import ENVIRONMENT
from reconciler.manifest.errors import Problem
from reconciler.manifest.yaml.document import TEXT_BYTES_MAX
from reconciler.source.bases import with_bases
from reconciler.source.tree import Tree, is_spec_path, outside

LOOKS_MAX = 5
"""How often a file that changes under our eyes is read again."""

WRITING_SECONDS = 1.0
"""A file that is open for writing and has not changed for this long is taken as it is."""


def directory_name(root: Path) -> str:
    """Name the directory as it stands in front of its files' names."""
    return root.name or str(root)


def read_directory_tree(root: Path, name: str | None = None) -> Tree:
    """Read every spec file under `root`, and the folders it is based on. Hidden files and directories are left out.

    Links to outside are refused; bases are in the same git repository.
    """
    own = _one(root, name or directory_name(root))
    if ENVIRONMENT not in own.files:
        return own
    here = root.resolve()
    repository = _repository(here)
    top = repository or here.parent
    at = here.relative_to(top).as_posix()
    tree = replace(own, at="" if at == "." else at)

    def base(path: str) -> Tree:
        found = top / path
        if not found.resolve().is_relative_to(top):
            return Tree(path, unreadable="is a link that leads out of the repository: put the folder itself there")
        if repository is None:
            why = (
                "is outside of the directory, and there is no git repository that holds both: run 'git init' above them"
            )
            return Tree(path, unreadable=why)
        return _one(found, tree.file(posixpath.relpath(path, tree.at or ".")))

    return with_bases(tree, base)


def _one(root: Path, name: str) -> Tree:
    """The folder's own files."""
    reader = _Reader(name, root)
    try:
        reader.top = root.resolve(strict=True)
        reader.folder(root, "")
    except (OSError, RuntimeError) as error:
        return Tree(name, unreadable=str(getattr(error, "strerror", None) or error))
    broken, problems = frozenset(reader.broken), tuple(reader.problems)
    return Tree(name, reader.files, broken, problems, unfinished=reader.unfinished)


def _repository(folder: Path) -> Path | None:
    """The nearest folder around it that is a git work tree."""
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)


def fingerprint(root: Path) -> object:
    """Make a value that differs when the directory or a spec file in it was changed, by names and times only."""
    try:
        directory = root.stat()
        files = tuple(sorted(_looks(str(root), "")))
    except OSError as error:
        return str(error)
    return (directory.st_dev, directory.st_ino, files)


class _UnfinishedError(OSError):
    """A file that somebody writes now."""


class _Reader:
    """Goes through a directory; what stops it in one place is noted, and the rest is read."""

    def __init__(self, name: str, root: Path) -> None:
        self.top = root
        self.files: dict[str, bytes] = {}
        self.broken: set[str] = set()
        self.problems: list[Problem] = []
        self.unfinished = False
        self._name = name

    def folder(self, folder: Path, prefix: str) -> None:
        """Read what is in this folder. Raises OSError when the folder can't be listed."""
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            path = f"{prefix}{entry.name}"
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_symlink() and not self._inside(entry, path):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    self.folder(Path(entry.path), f"{path}/")
                elif is_spec_path(path) and not entry.is_dir():
                    self.files[path] = _read(Path(entry.path).resolve())
            except (OSError, RuntimeError) as error:
                why = getattr(error, "strerror", None) or error
                self._note(path, Problem(f"{self._name}/{path}", None, "", f"can't be read: {why}"))
                self.unfinished |= isinstance(error, _UnfinishedError)

    def _inside(self, entry: os.DirEntry[str], path: str) -> bool:
        """Whether a link leads to something in this directory; one that leads out of it is noted."""
        target = Path(entry.path).resolve()
        if target.is_relative_to(self.top):
            return True
        if is_spec_path(path) or target.is_dir():
            self._note(path, outside(f"{self._name}/{path}", os.readlink(entry.path)))
        return False

    def _note(self, path: str, problem: Problem) -> None:
        self.broken.add(path)
        self.problems.append(problem)


def _looks(folder: str, prefix: str) -> list[tuple[str, int, int, int]]:
    """Name, time, size and inode of every spec file; a folder that can't be listed has a look of its own."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{prefix}{entry.name}"
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    found += _looks(entry.path, f"{path}/")
                elif is_spec_path(path) or entry.is_symlink():
                    status = entry.stat()
                    found.append((path, status.st_mtime_ns, status.st_size, status.st_ino))
            except OSError as error:
                found.append((path, -(error.errno or 0), 0, 0))
    return found


def _read(path: Path) -> bytes:
    """The file's bytes, once two looks at it agree; at most one more than is allowed, so that too large shows."""
    for _ in range(LOOKS_MAX):
        # The path was resolved: a link found here now was put there since. A pipe must not make us wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise OSError("it is no regular file")
            if _is_being_written(descriptor, before):
                raise _UnfinishedError("it is being written; it is read again when that is done")
            data = file.read(TEXT_BYTES_MAX + 1)
            after = path.stat()
        if _same(before, after):
            return data
    raise _UnfinishedError("it changes while it is being read; it is read again when it rests")


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_mtime_ns, before.st_size, before.st_ino) == (after.st_mtime_ns, after.st_size, after.st_ino)


def _is_being_written(descriptor: int, status: os.stat_result) -> bool:
    """Whether somebody has a file that just changed open for writing, as far as the kernel tells.

    It grants a lease on a file that nobody writes, for the moment until we give it back. Some file systems of other
    machines never do, so that says nothing about a file that rests.
    """
    if not 0 <= time.time() - status.st_mtime < WRITING_SECONDS or not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        # Whoever opens the file meanwhile has us told by a signal; this one is ignored, the usual one ends a process.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False

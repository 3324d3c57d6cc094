"""Reading a git commit, or an index, into a tree: two calls of git, no checkout."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.manifest.errors import Problem
from reconciler.manifest.yaml.document import TEXT_BYTES_MAX
from reconciler.plan.model.desired import Commit
from reconciler.source.bases import with_bases
from reconciler.source.git.command import GitError, git
from reconciler.source.tree import Tree, is_spec_path, outside

LINK = "120000"
SUBMODULE = "160000"
HOPS_MAX = 8
LINK_BYTES_MAX = 4096
"""The length of a path (bytes): a link that says more leads nowhere."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file or a link as git has it; `size` in bytes, 0 where git does not tell."""

    mode: str
    sha: str
    size: int = 0


def read_git_tree(
    repository: Path, commit: Commit, path: str = "", name: str = "", env: Mapping[str, str] | None = None
) -> Tree:
    """Read every spec file that the commit has under `path`, and the folders it is based on.

    Links that lead out of it are refused.
    """
    tree = replace(_of_commit(repository, commit, path, name or posixpath.basename(path) or ".", env), at=path)
    return with_bases(tree, lambda at: _of_commit(repository, commit, at, _beside(tree, at), env))


def _of_commit(repository: Path, commit: Commit, path: str, name: str, env: Mapping[str, str] | None) -> Tree:
    """The folder's own files, as a commit has them."""
    try:
        listed = git("ls-tree", "-r", "-l", "-z", "--full-tree", f"{commit.sha}:{path}", at=repository, env=env)
        return _tree(repository, name, dict(_entries(listed)), commit, env)
    except GitError as error:
        missing = f"the commit {commit.sha[:12]} has no folder '{path}'" if path else ""
        why = missing if "Not a valid object name" in str(error) or "not a tree object" in str(error) else ""
        return Tree(name, unreadable=why or str(error), commit=commit)


def read_index_tree(repository: Path, path: str, name: str, env: Mapping[str, str] | None = None) -> Tree:
    """Read every spec file that the next commit will have under `path`, and the folders it is based on."""
    tree = replace(_of_index(repository, path, name, env), at=path)
    return with_bases(tree, lambda at: _of_index(repository, at, _beside(tree, at), env))


def _beside(tree: Tree, at: str) -> str:
    """What another folder of the repository is called in this tree."""
    return tree.file(posixpath.relpath(at or ".", tree.at or "."))


def _of_index(repository: Path, path: str, name: str, env: Mapping[str, str] | None) -> Tree:
    """The folder's own files, as the next commit will have them."""
    try:
        listed = git("ls-files", "-s", "-z", "--full-name", "--", *([path] if path else []), at=repository, env=env)
        found = dict(_entries(listed, path))
        return _tree(repository, name, found, None, env)
    except GitError as error:
        return Tree(name, unreadable=str(error))


def _entries(listed: bytes, below: str = "") -> Iterator[tuple[str, _Entry]]:
    """Path and entry of everything in the output of ls-tree or ls-files -s; submodules are left out."""
    for line in listed.split(b"\0"):
        words, _, path = line.decode("utf-8", "replace").partition("\t")
        if not path:
            continue
        mode, *more = words.split()
        if mode == SUBMODULE:
            continue
        # A line is of an index, `MODE SHA STAGE`, or of a tree, `MODE TYPE SHA SIZE`.
        sha, size = (more[0], 0) if len(more[0]) >= 40 else (more[1], int(more[2]))
        yield (path.removeprefix(f"{below}/") if below else path), _Entry(mode, sha, size)


def _tree(
    repository: Path, name: str, entries: dict[str, _Entry], commit: Commit | None, env: Mapping[str, str] | None
) -> Tree:
    wanted: dict[str, str] = {}
    targets = _contents(
        repository,
        [entry.sha for entry in entries.values() if entry.mode == LINK and entry.size <= LINK_BYTES_MAX],
        env,
    )
    links = {
        path: targets.get(entry.sha, b"/").decode("utf-8", "replace")
        for path, entry in entries.items()
        if entry.mode == LINK
    }
    broken: dict[str, Problem] = {}
    for path, entry in sorted(entries.items()):
        if any(part.startswith(".") for part in path.split("/")):
            continue
        target = _resolved(path, links)
        if target is None:
            broken[path] = outside(f"{name}/{path}", links[path])
        elif is_spec_path(path) and target in entries and entries[target].size > TEXT_BYTES_MAX:
            broken[path] = Problem(f"{name}/{path}", None, "", f"is too large: more than {TEXT_BYTES_MAX} bytes")
        elif is_spec_path(path) and target in entries:
            wanted[path] = entries[target].sha
        elif is_spec_path(path) and entry.mode == LINK:
            broken[path] = Problem(f"{name}/{path}", None, "", f"is a link to {links[path]}, which is no file there")
    contents = _contents(repository, list(wanted.values()), env)
    files = {path: contents[sha] for path, sha in wanted.items()}
    return Tree(name, files, frozenset(broken), tuple(broken.values()), commit=commit)


def _resolved(path: str, links: Mapping[str, str]) -> str | None:
    """Where a path leads within the tree; None when that is outside of it, or nowhere."""
    for _ in range(HOPS_MAX):
        if path not in links:
            return path
        target = links[path]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if target.startswith("/") or path == ".." or path.startswith("../"):
            return None
    return None


def _contents(repository: Path, shas: list[str], env: Mapping[str, str] | None) -> dict[str, bytes]:
    """The objects by their names, at most one byte more of each than is allowed, so that too large shows."""
    if not shas:
        return {}
    asked = list(dict.fromkeys(shas))
    output = git("cat-file", "--batch", at=repository, data="".join(f"{sha}\n" for sha in asked).encode(), env=env)
    found = {}
    start = 0
    for sha in asked:
        end = output.index(b"\n", start)
        *_, size = output[start:end].split(b" ")
        if not size.isdigit():
            raise GitError(f"the object {sha} is missing")
        found[sha] = output[end + 1 : end + 1 + min(int(size), TEXT_BYTES_MAX + 1)]
        start = end + 1 + int(size) + 1
    return found

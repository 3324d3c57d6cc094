"""The folders that an environment is based on, read beside it: they lie outside of what is watched."""

import posixpath
from collections.abc import Callable
from dataclasses import replace

from reconciler.manifest.environment.environment import ENVIRONMENT, read_environment
from reconciler.manifest.environment.stack import FOLDERS_MAX, folder_at, is_in, leaves
from reconciler.manifest.errors import Problem, SpecError
from reconciler.source.tree import Tree


def with_bases(tree: Tree, read: Callable[[str], Tree]) -> Tree:
    """Add to a tree the files of all that it is based on, by paths such as `../../base/shop.yaml`.

    `read` reads a folder, by its path in the repository, into a tree of its own.
    """
    if tree.unreadable or ENVIRONMENT not in tree.files:
        return tree
    files, broken, problems = dict(tree.files), set(tree.broken), list(tree.problems)
    outside: list[str] = []
    unfinished = tree.unfinished
    seen: set[str] = set()
    todo = [tree.at]
    while todo and len(seen) < FOLDERS_MAX:
        folder = todo.pop()
        if folder in seen:
            continue
        seen.add(folder)
        for at in _bases(files, tree, folder):
            if leaves(at) or at == tree.at or is_in(tree.at, at):
                continue
            path = posixpath.relpath(at, tree.at or ".")
            if not is_in(at, tree.at) and path not in outside:
                outside.append(path)
                found = read(at)
                if found.unreadable:
                    broken.add(path)
                    problems.append(Problem(tree.file(path), None, "", found.unreadable))
                files |= {f"{path}/{name}": data for name, data in found.files.items()}
                broken |= {f"{path}/{name}" for name in found.broken}
                problems += found.problems
                unfinished |= found.unfinished
            todo.append(at)
    return replace(
        tree,
        files=files,
        broken=frozenset(broken),
        problems=tuple(problems),
        bases=tuple(outside),
        unfinished=unfinished,
    )


def _bases(files: dict[str, bytes], tree: Tree, folder: str) -> list[str]:
    """The folders that this one is based on; none where that can't be read, which is told elsewhere."""
    path = posixpath.normpath(posixpath.join(posixpath.relpath(folder or ".", tree.at or "."), ENVIRONMENT))
    try:
        environment = read_environment(files.get(path, b""), tree.file(path))
    except SpecError:
        return []
    return [folder_at(folder, base) for base, _ in environment.bases]

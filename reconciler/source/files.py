"""What the files of a tree declare, and what is wrong with them, named by file and line.

A file that can't be read or holds no acceptable spec is *broken*: it stops only itself, and what it declared before
stays as it is. A business that two files claim is applied from neither of them.
"""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from reconciler.manifest.environment.environment import ENVIRONMENT
from reconciler.manifest.environment.layers import layered, load_file
from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.model import Business, Sync
from reconciler.plan.model.desired import Commit
from reconciler.source.tree import Tree


@dataclass(frozen=True, slots=True)
class Declared:
    """A business and the file that declares it, as people know it (`desired/shop.yaml`)."""

    business: Business
    file: str


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What the source called `name` says now.

    `unreadable` says why the source itself could not be read ("" when it could). `silent` files were read and
    declare nothing. `contested` are the files that claim the same business. Those, and `broken` files and folders, have
    at least one entry in `problems`.
    """

    name: str
    declared: Mapping[str, Declared] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    contested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    unreadable: str = ""
    commit: Commit | None = None

    def owns(self, source: str) -> bool:
        """Tell whether what comes from a file (`desired/shop.yaml`) comes from this source."""
        return source.startswith(f"{self.name}/")

    def may_mean(self, business_id: str, source: str) -> bool:
        """Tell whether a business that came from a file may still be meant, though it is not declared."""
        if self.unreadable or business_id in self.contested:
            return True
        return any(source == place or source.startswith(f"{place}/") for place in self.broken)

    def under(self, policy: Sync) -> "SourceReading":
        """Fill in what businesses leave open of their own sync policy, from this one."""
        declared = {key: Declared(_under(one.business, policy), one.file) for key, one in self.declared.items()}
        return self if policy == Sync() else replace(self, declared=declared)


def _under(business: Business, policy: Sync) -> Business:
    return msgspec.structs.replace(business, sync=business.sync.over(policy))


def read_specs(tree: Tree) -> SourceReading:
    """Read everything that the files of a tree declare."""
    if tree.unreadable:
        return SourceReading(tree.name, unreadable=tree.unreadable, commit=tree.commit)
    if ENVIRONMENT in tree.files or ENVIRONMENT in tree.broken:
        return _environment(tree)
    claims: dict[str, list[Declared]] = {}
    problems = list(tree.problems)
    broken = {tree.file(path) for path in tree.broken}
    silent = set()
    inner = [path.removesuffix(ENVIRONMENT) for path in tree.files if path.endswith(f"/{ENVIRONMENT}")]
    for folder in inner:
        message = f"{tree.file(folder).rstrip('/')} is an environment: apply or watch it by itself"
        problems.append(Problem(tree.file(folder + ENVIRONMENT), None, "", message))
        broken.add(tree.file(folder).rstrip("/"))
    for path, data in sorted(tree.files.items()):
        file = tree.file(path)
        if path.startswith(tuple(inner)):
            continue
        try:
            businesses = load_file(data, file)
        except SpecError as error:
            broken.add(file)
            problems += error.problems
            continue
        if not businesses:
            silent.add(file)
        for business in businesses:
            claims.setdefault(business.business_id, []).append(Declared(business, file))
    contested = {key: tuple(one.file for one in claimed) for key, claimed in claims.items() if len(claimed) > 1}
    for key, files in sorted(contested.items()):
        problems += contest_problems(key, files)
    return SourceReading(
        tree.name,
        {key: claimed[0] for key, claimed in claims.items() if key not in contested},
        frozenset(broken),
        frozenset(silent),
        contested,
        tuple(problems),
        commit=tree.commit,
    )


def _environment(tree: Tree) -> SourceReading:
    """What a tree declares that has bases and variables."""

    def within(path: str) -> str:
        return posixpath.normpath(posixpath.join(tree.at, path))

    layers = layered(
        {within(path): data for path, data in tree.files.items()},
        lambda path: tree.file(posixpath.relpath(path or ".", tree.at or ".")),
        {within(path) for path in tree.broken},
        tree.at,
    )
    problems = [*tree.problems, *layers.problems]
    for key, files in sorted(layers.contested.items()):
        problems += contest_problems(key, files) if len(files) > 1 else []
    everything = layers.everything or ENVIRONMENT in tree.broken
    return SourceReading(
        tree.name,
        {} if everything else {business.business_id: Declared(business, file) for business, file in layers.declared},
        frozenset([tree.name]) if everything else layers.broken | {tree.file(path) for path in tree.broken},
        layers.silent,
        layers.contested,
        tuple(problems),
        commit=tree.commit,
    )


def contest_problems(business_id: str, files: Iterable[str]) -> list[Problem]:
    """Complain about each of the files that claim one business."""
    names = sorted(files)
    return [
        Problem(
            file,
            None,
            "business_id",
            f"'{business_id}' is declared in {', '.join(other for other in names if other != file)} too: "
            "neither is applied and what runs stays; give one of them another id",
        )
        for file in names
    ]


def drop_contested(readings: Iterable[SourceReading]) -> list[SourceReading]:
    """Drop from the readings what several sources claim: it is applied from none of them."""
    read = list(readings)
    claims: dict[str, list[tuple[str, ...]]] = {}
    for reading in read:
        for key, declared in reading.declared.items():
            claims.setdefault(key, []).append((declared.file,))
        for key, files in reading.contested.items():
            claims.setdefault(key, []).append(files)
    contested = {key: tuple(sum(files, ())) for key, files in claims.items() if len(files) > 1}
    return [_without(reading, contested) for reading in read] if contested else read


def _without(reading: SourceReading, contested: Mapping[str, tuple[str, ...]]) -> SourceReading:
    ours = {key: reading.declared[key].file for key in sorted(contested) if key in reading.declared}
    problems = [
        problem
        for key, file in ours.items()
        for problem in contest_problems(key, contested[key])
        if problem.file == file
    ]
    return replace(
        reading,
        declared={key: declared for key, declared in reading.declared.items() if key not in ours},
        contested={**reading.contested, **{key: contested[key] for key in ours}},
        problems=(*reading.problems, *problems),
    )

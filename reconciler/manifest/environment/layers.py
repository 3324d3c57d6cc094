"""An environment as a whole: its bases' documents, its own laid over them, its variables' values in their places.

Pure: the files are handed in, by their paths in the repository (`environments/prod/shop.yaml`, `base/shop.yaml`). What
can't be said for certain is not declared: a business of a base never comes up without an overlay that is there but
can't be read.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from posixpath import dirname, normpath

from reconciler.manifest.environment.environment import ENVIRONMENT
from reconciler.manifest.environment.merge import PATCH, Merge
from reconciler.manifest.environment.nodes import Node, document_of, node_of
from reconciler.manifest.environment.stack import Stack
from reconciler.manifest.environment.variables import substituted
from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.load import load_document, load_documents
from reconciler.manifest.model import Business
from reconciler.manifest.near_miss import near_miss
from reconciler.manifest.yaml.document import Document
from reconciler.manifest.yaml.read import read_documents


@dataclass(frozen=True, slots=True)
class Layers:
    """What an environment comes to. Files are called as `name` calls them.

    `declared` are businesses with the file each is from: the overlay, where there is one. `broken` files may still mean
    what they meant before; `everything` says that this goes for all of them.
    """

    declared: tuple[tuple[Business, str], ...] = ()
    broken: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    contested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    everything: bool = False


def load_file(data: bytes, file: str) -> tuple[Business, ...]:
    """The businesses of a file that is part of no environment, and so has no variables. Raises SpecError."""
    documents = read_documents(data, file)
    if b"${var." in data:
        problems: list[Problem] = []
        nodes = [substituted(node_of(document, file), {}, problems) for document in documents]
        if problems:
            raise SpecError(problems)
        documents = [document_of(node) for node in nodes]
    return load_documents(documents, file)


def layered(
    files: Mapping[str, bytes], name: Callable[[str], str], unread: Collection[str] = (), folder: str = ""
) -> Layers:
    """What the environment in this folder says; `unread` are files and folders that are there and can't be read."""
    stack = Stack(files, name, unread, folder)
    stack.visit(folder, ())
    if stack.problems:
        return Layers(problems=tuple(stack.problems), everything=True)
    return _Reading(stack).layers()


@dataclass(slots=True)
class _Document:
    """A document as it is so far, the file it is from, and whether something is wrong with it."""

    node: Node
    file: str
    wrong: bool = False
    based: bool = False


class _Reading:
    """Reads the folders' documents one over the other."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._problems: list[Problem] = []
        self._broken: set[str] = set()
        self._silent: set[str] = set()
        self._contested: dict[str, tuple[str, ...]] = {}
        self._known: dict[str, _Document] = {}
        self._loose: list[_Document] = []
        self._blind = ""

    def layers(self) -> Layers:
        for folder in self._stack.folders:
            outermost = folder == self._stack.outermost
            self._lay(folder, outermost)
            if self._blind and not outermost:
                return Layers(problems=tuple(self._problems), everything=True)
        self._hold_back()
        declared = []
        for document in (*self._known.values(), *self._loose):
            business = self._loaded(document)
            if business is not None:
                declared.append((business, document.file))
        return Layers(
            tuple(declared),
            frozenset(self._broken),
            frozenset(self._silent),
            self._contested,
            tuple(sorted(dict.fromkeys(self._problems), key=lambda problem: (problem.file, problem.line or 0))),
        )

    def _lay(self, folder: str, outermost: bool) -> None:
        """Lay a folder's documents over what there is."""
        own: dict[str, list[_Document]] = {}
        for path in self._stack.of(folder, self._stack.files):
            for document in self._read(path, folder):
                name = document.node.get("business_id")
                if isinstance(name, str):
                    own.setdefault(name, []).append(document)
                else:
                    self._loose.append(document)
        for path in self._stack.of(folder, self._stack.unread):
            self._blind = self._stack.name(path)
        for business_id, documents in own.items():
            if len(documents) > 1:
                self._contend(business_id, documents)
            else:
                self._over(business_id, documents[0], outermost)

    def _read(self, path: str, folder: str) -> list[_Document]:
        file = self._stack.name(path)
        if path.rpartition("/")[2] == ENVIRONMENT:
            if dirname(path) != folder:
                message = f"is an environment of its own: apply or watch {normpath(dirname(file))} itself"
                self._problems.append(Problem(file, None, "", message))
                self._broken.add(file)
            return []
        try:
            documents = read_documents(self._stack.files[path], file)
        except SpecError as error:
            self._problems += error.problems
            self._broken.add(file)
            self._blind = file
            return []
        if not documents:
            self._silent.add(file)
        return [self._substituted(document, file) for document in documents]

    def _substituted(self, document: Document, file: str) -> _Document:
        before = len(self._problems)
        node = substituted(node_of(document, file), self._stack.variables, self._problems)
        return _Document(node, file, wrong=len(self._problems) > before)

    def _contend(self, business_id: str, documents: Sequence[_Document]) -> None:
        files = sorted({document.file for document in documents})
        self._known.pop(business_id, None)
        self._contested[business_id] = tuple(files)
        if len(files) == 1:
            message = f"'{business_id}' is in this file twice: each business needs its own id"
            self._problems.append(Problem(files[0], documents[1].node.line, "business_id", message))
            self._broken.add(files[0])

    def _over(self, business_id: str, document: _Document, outermost: bool) -> None:
        """Lay a document over the one of the same business, if there is one."""
        below = self._known.get(business_id)
        if business_id in self._contested:
            return
        if below is None:
            below = _Document(Node({}, document.file, document.node.line), document.file, based=not outermost)
            word = document.node.get(PATCH)
            if word is None:
                self._known[business_id] = replace(document, based=not outermost)
                return
            if word == "delete":
                known = ", ".join(self._known) or "none"
                message = f"there is no business '{business_id}' in the bases to delete; there are: {known}"
                self._problems.append(Problem(document.file, document.node.line, "", message))
                self._broken.add(document.file)
                return
        merge = Merge()
        node = merge.merged(below.node, document.node)
        self._problems += merge.problems
        if node is None:
            self._known.pop(business_id, None)
            return
        wrong = below.wrong or document.wrong or bool(merge.problems)
        self._known[business_id] = _Document(node, document.file, wrong, below.based)

    def _hold_back(self) -> None:
        """Leave out what an overlay that can't be read may be about."""
        own = {self._stack.name(path) for path in self._stack.of(self._stack.outermost, self._stack.files)}
        held = [name for name, document in self._known.items() if document.based and document.file not in own]
        if not self._blind or not held:
            return
        for name in held:
            self._broken.add(self._known.pop(name).file)
        message = f"can't be read, and may change {', '.join(held)}: what runs of these stays as it is until it can"
        self._problems.append(Problem(self._blind, None, "", message))

    def _loaded(self, document: _Document) -> Business | None:
        """The business of a document; None, and a problem that says why."""
        try:
            business = load_document(document_of(document.node), document.file)
        except SpecError as error:
            self._problems += error.problems
            self._hint(document)
        else:
            if not document.wrong:
                return business
        self._broken |= set(document_of(document.node).files.values()) | {document.file}
        return None

    def _hint(self, document: _Document) -> None:
        """Say which business of the bases was probably meant by a part of one that is in none."""
        name = document.node.get("business_id")
        bases = [known for known, other in self._known.items() if other.based and other is not document]
        near = near_miss(name, bases) if not document.based else ""
        if near:
            node = document.node.value["business_id"]
            message = f"no base declares '{name}'; did you mean '{near}'?"
            self._problems.append(Problem(document.file, node.line, "business_id", message))

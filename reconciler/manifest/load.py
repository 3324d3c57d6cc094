"""From text to businesses: read, check against the schema, normalize, check what no schema can say.

Every problem of a text is found in one go and raised together, in the order of its lines.
"""

from collections.abc import Sequence

import msgspec

from reconciler.manifest.check.check import check
from reconciler.manifest.check.complaints import complaints
from reconciler.manifest.check.schema import sync_validator
from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.form.normalize import misspelt, normalized, sync_form
from reconciler.manifest.model import Business, Sync
from reconciler.manifest.paths import Path, shown
from reconciler.manifest.windows import mistakes
from reconciler.manifest.yaml.document import Document
from reconciler.manifest.yaml.read import read_documents, read_json


def load_text(text: str | bytes, name: str) -> tuple[Business, ...]:
    """The businesses in a file's text: YAML with any number of documents, or JSON when `name` ends in .json.

    A text without content holds none. Raises SpecError with every problem; SyntaxProblems when it can't be read.
    """
    return load_documents(read_documents(text, name), name)


def load_documents(documents: Sequence[Document], name: str) -> tuple[Business, ...]:
    """The businesses of a file's documents. Raises SpecError with every problem."""
    problems: list[Problem] = []
    businesses: dict[str, Business] = {}
    for document in documents:
        business, found = _business(document, name)
        problems += found
        if business is None:
            continue
        if business.business_id in businesses:
            message = f"'{business.business_id}' is in this file twice: each business needs its own id"
            problems.append(_problem(name, document, ("business_id",), message))
        businesses[business.business_id] = business
    if problems:
        raise _all(problems)
    return tuple(businesses.values())


def load_json(data: str | bytes, name: str) -> Business:
    """The one business in a JSON text. Raises SpecError, SyntaxProblems."""
    return load_document(read_json(data, name), name)


def load_sync(data: object) -> tuple[Sync, list[tuple[Path, str]]]:
    """A sync policy that stands by itself, and all that is wrong with it: the path, and the message."""
    found = list(complaints(data, sync_validator()))
    if found or not isinstance(data, dict):
        return Sync(), found
    form = sync_form(data, (), found)
    if found:
        return Sync(), found
    sync = msgspec.convert(form, Sync, strict=True)
    return sync, list(mistakes(sync))


def load_document(document: object, name: str) -> Business:
    """The business in data that was read already, a Document where its places are known. Raises SpecError."""
    business, problems = _business(document if isinstance(document, Document) else Document(document), name)
    if business is None or problems:
        raise _all(problems)
    return business


def _business(document: Document, name: str) -> tuple[Business | None, list[Problem]]:
    """The document's business, or None and why not; a business may have problems too."""
    data = document.data
    if not isinstance(data, dict):
        message = "is no business: it must be a map with business_id, business_name and components"
        return None, [_problem(name, document, (), message)]
    found = list(complaints(data))
    if found:
        found += misspelt(data, [path for path, _ in found])
        return None, [_problem(name, document, path, message) for path, message in found]
    form, found = normalized(data)
    if found:
        return None, [_problem(name, document, path, message) for path, message in found]
    try:
        business = msgspec.convert(form, Business, strict=True)
    except msgspec.ValidationError as error:
        return None, [_problem(name, document, (), str(error))]
    return business, [_problem(name, document, path, message) for path, message in check(business)]


def _problem(name: str, document: Document, path: Path, message: str) -> Problem:
    return Problem(document.file(path) or name, document.line(path), shown(path), message)


def _all(problems: list[Problem]) -> SpecError:
    """Each of them once, in the order of their lines."""
    return SpecError(sorted(dict.fromkeys(problems), key=lambda problem: problem.line or 0))

"""Reading request bodies: their type, their size, and the specs in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from reconciler.control.desired.changes import BODY
from reconciler.manifest.errors import Problem, SpecError, SyntaxProblems
from reconciler.manifest.load import load_document, load_json, load_text
from reconciler.manifest.model import Business
from reconciler.manifest.yaml.document import TEXT_BYTES_MAX
from reconciler.plan.ask.suppose import NOTHING_SUPPOSED, NewNode, Suppose
from reconciler.plan.keep.saved import SavedPlan
from reconciler.wire.codec import decode
from reconciler.wire.exec_stream import check_exec
from reconciler.wire.messages import ExecRequest

JSON_TYPES = ("application/json",)
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
MAX_PLAN_BYTES = 32 * TEXT_BYTES_MAX
MAX_EXEC_BYTES = 1024 * 1024
MAX_REPLICAS = 10_000
MAX_DEADLINE = 7 * 86400
MAX_NEW_NODES = 1_000
MAX_NEW_GPUS = 64


def read_business() -> Business:
    """The one business in the body. Raises SpecError, UnsupportedMediaType, RequestEntityTooLarge."""
    data = body(TEXT_BYTES_MAX, JSON_TYPES + YAML_TYPES)
    if request.mimetype in JSON_TYPES:
        return load_json(data, BODY)
    businesses = load_text(data, BODY)
    if len(businesses) != 1:
        message = f"holds {len(businesses)} businesses: send one at a time"
        raise SpecError([Problem(BODY, None, "", message)])
    return businesses[0]


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What to plan for: businesses (None: what the files say), whether others of the directory go, and what else."""

    businesses: list[Business] | None = None
    prune: bool = False
    suppose: Suppose = NOTHING_SUPPOSED


def read_plan_request() -> PlanRequest:
    """What a plan is asked for. Raises SpecError."""
    data = body(MAX_PLAN_BYTES, JSON_TYPES)
    if not data.strip():
        return PlanRequest()
    document = _json(data)
    if not isinstance(document, dict):
        raise SpecError([Problem(BODY, None, "", 'must be an object such as {"businesses": [...]}')])
    unknown = sorted(set(document) - {"businesses", "prune", "suppose"})
    if unknown:
        raise SpecError([Problem(BODY, None, unknown[0], "is unknown here; allowed are: businesses, prune, suppose")])
    suppose = _suppose(document.get("suppose", {}))
    prune = document.get("prune", False)
    if not isinstance(prune, bool):
        raise SpecError([Problem(BODY, None, "prune", "must be true or false")])
    entries = document.get("businesses")
    if entries is None:
        return PlanRequest(None, prune, suppose)
    if not isinstance(entries, list):
        raise SpecError([Problem(BODY, None, "businesses", "must be a list of businesses")])
    return PlanRequest(_businesses(entries), prune, suppose)


def _suppose(document: object) -> Suppose:
    try:
        suppose = msgspec.convert(document, Suppose)
    except msgspec.ValidationError as error:
        raise SpecError([Problem(BODY, None, "suppose", str(error))]) from None
    problems = [
        Problem(BODY, None, "suppose", f"add_nodes: {wrong}") for node in suppose.add_nodes for wrong in _new_node(node)
    ]
    if problems:
        raise SpecError(problems)
    return suppose


def _new_node(node: NewNode) -> Iterator[str]:
    for field, most in (("count", MAX_NEW_NODES), ("gpus", MAX_NEW_GPUS)):
        if not 0 <= getattr(node, field) <= most:
            yield f"{field} {getattr(node, field)} is out of range: 0 to {most}"


def read_replicas() -> dict[str, int]:
    """How many replicas each named component shall have: `{"web": 3}`."""
    document = _json(body(TEXT_BYTES_MAX, JSON_TYPES))
    if not isinstance(document, dict) or not document:
        raise SpecError([Problem(BODY, None, "", 'must be an object such as {"web": 3}')])
    problems = [
        Problem(BODY, None, name, f"{json.dumps(count)[:60]} is no number of replicas: 0 to {MAX_REPLICAS}")
        for name, count in document.items()
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MAX_REPLICAS
    ]
    if problems:
        raise SpecError(problems)
    return document


def read_deadline() -> float | None:
    """Within how many seconds a node is to be empty: `{"deadline": 600}`; no body for no deadline. Raises SpecError."""
    data = body(TEXT_BYTES_MAX, JSON_TYPES) if request.content_length else b""
    document = _json(data) if data.strip() else {}
    if not isinstance(document, dict) or set(document) - {"deadline"}:
        raise SpecError([Problem(BODY, None, "", 'must be an object such as {"deadline": 600}')])
    found = document.get("deadline")
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= MAX_DEADLINE:
        message = f"{json.dumps(found)[:60]} is no number of seconds from 0 to {MAX_DEADLINE}"
        raise SpecError([Problem(BODY, None, "deadline", message)])
    return float(found)


def read_businesses() -> list[Business]:
    """The businesses to plan for: `{"businesses": [...]}`. Raises SpecError."""
    asked = read_plan_request()
    if not asked.businesses:
        raise SpecError([Problem(BODY, None, "businesses", "must be a list of at least one business")])
    return asked.businesses


def read_saved_plan() -> tuple[SavedPlan, list[Business]]:
    """A saved plan and the specs in it. Raises SpecError."""
    document = _json(body(MAX_PLAN_BYTES, JSON_TYPES))
    try:
        saved = msgspec.convert(document, SavedPlan)
    except msgspec.ValidationError as error:
        message = f"is no saved plan: {error}: write one with `reconciler diff --out plan.json PATH`"
        raise SpecError([Problem(BODY, None, "plan", message)]) from None
    return saved, _businesses(list(saved.businesses))


def read_business_ids() -> list[str]:
    """The businesses that are meant: `{"businesses": ["shop"]}`."""
    document = _json(body(TEXT_BYTES_MAX, JSON_TYPES))
    names = document.get("businesses") if isinstance(document, dict) and set(document) == {"businesses"} else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SpecError([Problem(BODY, None, "", 'must be an object such as {"businesses": ["shop"]}')])
    return names


def read_exec() -> ExecRequest:
    """The command to run: `{"command": ["ls", "-l"], "timeout": 60}`. Raises MessageError."""
    asked = decode(body(MAX_EXEC_BYTES, JSON_TYPES), ExecRequest)
    check_exec(asked.command, asked.timeout)
    return asked


def read_revision() -> int | None:
    """The revision to go back to: `{"revision": 3}`. No body, or an empty object, leaves it open."""
    data = body(1024, JSON_TYPES)
    document = _json(data) if data.strip() else {}
    if not isinstance(document, dict) or set(document) - {"revision"}:
        raise SpecError([Problem(BODY, None, "", 'must be empty or {"revision": 3}')])
    number = document.get("revision")
    if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 1):
        raise SpecError([Problem(BODY, None, "revision", f"{json.dumps(number)[:60]} is no revision: 1 or more")])
    return number


class SyncRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a sync may be asked for: the yes to large removals, and the businesses to accept in manual mode too."""

    prune: bool = False
    businesses: tuple[str, ...] = ()


def read_sync() -> SyncRequest:
    """What a sync is asked for: `{"prune": true, "businesses": ["shop"]}`. No body at all asks for nothing more."""
    data = body(TEXT_BYTES_MAX, JSON_TYPES)
    try:
        return msgspec.convert(_json(data), SyncRequest) if data.strip() else SyncRequest()
    except msgspec.ValidationError as error:
        message = f'{error}: the body must be empty or such as {{"prune": true, "businesses": ["shop"]}}'
        raise SpecError([Problem(BODY, None, "", message)]) from None


def body(limit: int, types: tuple[str, ...]) -> bytes:
    """The body, if it is of one of these types (an empty one may have none) and at most `limit` bytes."""
    if request.content_length is not None and request.content_length > limit:
        raise RequestEntityTooLarge(f"the body is too large: at most {limit} bytes are taken here")
    data = request.stream.read(limit + 1)
    if len(data) > limit:
        raise RequestEntityTooLarge(f"the body is too large: at most {limit} bytes are taken here")
    if request.mimetype not in types and (data or request.mimetype):
        raise UnsupportedMediaType
    return data


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SyntaxProblems([Problem(BODY, None, "", f"is no JSON: {error}")]) from None


def _businesses(entries: list[Any]) -> list[Business]:
    """Every one of them, or all that is wrong with any."""
    found: dict[str, Business] = {}
    problems: list[Problem] = []
    for number, entry in enumerate(entries):
        try:
            business = load_document(entry, f"businesses[{number}]")
        except SpecError as error:
            problems += error.problems
            continue
        if business.business_id in found:
            message = f"'{business.business_id}' is there twice"
            problems.append(Problem(f"businesses[{number}]", None, "business_id", message))
        found[business.business_id] = business
    if problems:
        raise SpecError(problems)
    return list(found.values())

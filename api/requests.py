"""Request bodies: their type, their size, the struct that each is, and the specs in them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from reconciler.control.desired.changes import BODY
from reconciler.manifest.errors import Problem, SpecError, SyntaxProblems
from reconciler.manifest.load import load_document, load_json, load_text
from reconciler.manifest.model import Business
from reconciler.manifest.yaml.document import TEXT_BYTES_MAX
from reconciler.plan.ask.suppose import NOTHING_SUPPOSED, NewNode, Suppose
from reconciler.plan.keep.saved import SavedPlan, SavedPlanError, read_saved
from reconciler.wire.codec import decode
from reconciler.wire.exec_stream import check_exec
from reconciler.wire.streams import ExecRequest

JSON_TYPES = ("application/json",)
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
PLAN_BYTES_MAX = 32 * TEXT_BYTES_MAX
EXEC_BYTES_MAX = 1024 * 1024
REPLICAS_MAX = 10_000
DEADLINE_SECONDS_MAX = 7 * 86400
NEW_NODES_MAX = 1_000
NEW_GPUS_MAX = 64
SHOWN_LETTERS = 60

Kind = TypeVar("Kind", bound=msgspec.Struct)


class PlanBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/plan` and `POST /api/plans`: specs (None: what the files say), and what is supposed besides."""

    businesses: list[Any] | None = None
    prune: bool = False
    suppose: Suppose = NOTHING_SUPPOSED


class DrainBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/nodes/ID/drain`: within how many seconds the node is to be empty, None for no limit."""

    deadline: Annotated[float, msgspec.Meta(ge=0, le=DEADLINE_SECONDS_MAX)] | None = None


class ApproveBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/approvals`: the businesses whose stops are approved."""

    businesses: tuple[str, ...]


class RollbackBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/businesses/ID/rollback`: the revision to go back to, None for the newest that differs."""

    revision: Annotated[int, msgspec.Meta(ge=1)] | None = None


class SyncBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/sync`: the yes to large removals, and the businesses to accept in manual mode too."""

    prune: bool = False
    businesses: tuple[str, ...] = ()


PLAN_EXAMPLE = '{"businesses": [...], "prune": false}, with a list of specs'
DRAIN_EXAMPLE = f'{{"deadline": 600}}, in seconds up to {DEADLINE_SECONDS_MAX}'
APPROVE_EXAMPLE = '{"businesses": ["shop"]}'
ROLLBACK_EXAMPLE = '{"revision": 3}'
SYNC_EXAMPLE = '{"prune": true, "businesses": ["shop"]}'


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What to plan for: businesses (None: what the files say), whether others of the directory go, and what else."""

    businesses: list[Business] | None = None
    prune: bool = False
    suppose: Suppose = NOTHING_SUPPOSED


def read_business() -> Business:
    """Read the one business in the body. Raises SpecError, UnsupportedMediaType, RequestEntityTooLarge."""
    data = body(TEXT_BYTES_MAX, JSON_TYPES + YAML_TYPES)
    if request.mimetype in JSON_TYPES:
        return load_json(data, BODY)
    businesses = load_text(data, BODY)
    if len(businesses) != 1:
        message = f"holds {len(businesses)} businesses: send one at a time"
        raise SpecError([Problem(BODY, None, "", message)])
    return businesses[0]


def read_plan_request() -> PlanRequest:
    """Read what a plan is asked for; no body for what the files say. Raises SpecError."""
    asked = read(PlanBody, PLAN_EXAMPLE, PLAN_BYTES_MAX, empty=PlanBody())
    problems = [
        Problem(BODY, None, "suppose", f"add_nodes: {wrong}")
        for node in asked.suppose.add_nodes
        for wrong in _new_node_problems(node)
    ]
    if problems:
        raise SpecError(problems)
    businesses = None if asked.businesses is None else _businesses(asked.businesses)
    return PlanRequest(businesses, asked.prune, asked.suppose)


def read_businesses() -> list[Business]:
    """Read the businesses of a plan to save, at least one. Raises SpecError."""
    asked = read_plan_request()
    if not asked.businesses:
        raise SpecError([Problem(BODY, None, "businesses", "must be a list of at least one business")])
    return asked.businesses


def read_saved_plan() -> tuple[SavedPlan, list[Business]]:
    """Read a saved plan and the specs in it. Raises SpecError."""
    document = _json(body(PLAN_BYTES_MAX, JSON_TYPES))
    try:
        saved = read_saved(document)
    except SavedPlanError as error:
        raise SpecError([Problem(BODY, None, "plan", str(error))]) from None
    return saved, _businesses(list(saved.businesses))


def read_replicas() -> Mapping[str, int]:
    """Read how many replicas each named component shall have: `{"web": 3}`. Raises SpecError."""
    document = _json(body(TEXT_BYTES_MAX, JSON_TYPES))
    if not isinstance(document, dict) or not document:
        raise SpecError([Problem(BODY, None, "", 'must be an object such as {"web": 3}')])
    problems = [
        Problem(BODY, None, name, f"{json.dumps(count)[:SHOWN_LETTERS]} is no number of replicas: 0 to {REPLICAS_MAX}")
        for name, count in document.items()
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= REPLICAS_MAX
    ]
    if problems:
        raise SpecError(problems)
    return document


def read_deadline() -> float | None:
    """Read within how many seconds a node is to be empty, None for no limit. Raises SpecError."""
    return read(DrainBody, DRAIN_EXAMPLE, empty=DrainBody()).deadline


def read_business_ids() -> tuple[str, ...]:
    """Read which businesses are meant. Raises SpecError."""
    return read(ApproveBody, APPROVE_EXAMPLE).businesses


def read_revision() -> int | None:
    """Read the revision to go back to, None where the body leaves it open. Raises SpecError."""
    return read(RollbackBody, ROLLBACK_EXAMPLE, empty=RollbackBody()).revision


def read_sync() -> SyncBody:
    """Read what a sync is asked for; no body for nothing more. Raises SpecError."""
    return read(SyncBody, SYNC_EXAMPLE, empty=SyncBody())


def read_exec() -> ExecRequest:
    """Read the command to run: `{"command": ["ls", "-l"], "timeout": 60}`. Raises MessageError."""
    asked = decode(body(EXEC_BYTES_MAX, JSON_TYPES), ExecRequest)
    check_exec(asked.command, asked.timeout)
    return asked


def read(kind: type[Kind], example: str, bytes_max: int = TEXT_BYTES_MAX, empty: Kind | None = None) -> Kind:
    """Read the JSON body as this struct; `empty` stands for no body. Raises SpecError, with the field's path."""
    data = body(bytes_max, JSON_TYPES)
    if empty is not None and not data.strip():
        return empty
    try:
        return msgspec.convert(_json(data), kind)
    except msgspec.ValidationError as error:
        # msgspec tells of a field only in its text: "Expected `bool`, got `str` - at `$.prune`".
        what, _, where = str(error).partition(" - at `$")
        path = where.removeprefix(".").removesuffix("`")
        raise SpecError([Problem(BODY, None, path, f"{what}: write it such as {example}")]) from None


def body(bytes_max: int, types: tuple[str, ...]) -> bytes:
    """Read the body, if it is of one of these types (an empty one may have none) and not too large.

    Raises UnsupportedMediaType, RequestEntityTooLarge.
    """
    data = request.stream.read(bytes_max + 1) if (request.content_length or 0) <= bytes_max else None
    if data is None or len(data) > bytes_max:
        raise RequestEntityTooLarge(f"the body is too large: at most {bytes_max} bytes are taken here")
    if request.mimetype not in types and (data or request.mimetype):
        raise UnsupportedMediaType
    return data


def _json(data: bytes) -> Any:
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SyntaxProblems([Problem(BODY, None, "", f"is no JSON: {error}")]) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _new_node_problems(node: NewNode) -> Iterator[str]:
    """What is wrong with the numbers of nodes that are supposed."""
    for field, most in (("count", NEW_NODES_MAX), ("gpus", NEW_GPUS_MAX)):
        if not 0 <= getattr(node, field) <= most:
            yield f"{field} {getattr(node, field)} is out of range: 0 to {most}"


def _businesses(entries: list[Any]) -> list[Business]:
    """Load every business of a list. Raises SpecError with all that is wrong with any."""
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

"""Every error as the mission's reply: `{"status": "error", "message": ..., "errors": [...]}`, never HTML."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from api.replies import failure
from reconciler.control.dispatch.agent_client import AgentError
from reconciler.control.errors import (
    Busy,
    Conflict,
    NotRunning,
    PlanOutdated,
    UnknownBusiness,
    UnknownInstance,
    UnknownNodeId,
    UnknownPlan,
    UnknownRevision,
)
from reconciler.manifest.errors import Problem, SpecError, SyntaxProblems
from reconciler.store.model import StoreError, UnknownNode
from reconciler.wire.codec import MessageError

log = logging.getLogger(__name__)

Failure = tuple[Response, int]

HINTS = {
    404: "there is no such path",
    405: "this path does not take this method",
    413: "the body is too large",
    415: "the body must be JSON or YAML: set Content-Type to application/json or application/yaml",
}

STATUSES: Mapping[type[Exception], int] = {
    UnknownBusiness: 404,
    UnknownNodeId: 404,
    UnknownInstance: 404,
    UnknownRevision: 404,
    UnknownNode: 404,
    UnknownPlan: 404,
    Conflict: 409,
    NotRunning: 409,
    Busy: 503,
}
"""The status of errors whose text says everything."""

AGENT_STATUSES = (404, 409, 422)
"""What an agent answers and the manager passes on; any other answer of an agent is a 503 of ours."""


def register_errors(app: Flask) -> None:
    """Have the app answer every error in the mission's form."""
    for kind, code in STATUSES.items():
        app.register_error_handler(kind, lambda error, code=code: failure(code, str(error)))
    for kind, answer in ANSWERS.items():
        app.register_error_handler(kind, answer)


def _unreadable(error: SyntaxProblems) -> Failure:
    return failure(400, f"the body can't be read: {error.problems[0].message}", error.problems)


def _unacceptable(error: SpecError) -> Failure:
    first = error.problems[0]
    more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
    where = f"{first.path}: " if first.path else ""
    return failure(422, f"{where}{first.message}{more}", error.problems)


def _no_message(error: MessageError) -> Failure:
    return failure(422, str(error)) if error.readable else failure(400, f"the body can't be read: {error}")


def _outdated(error: PlanOutdated) -> Failure:
    return failure(409, str(error), [Problem("plan", None, path, why) for path, why in error.facts])


def _unavailable(error: StoreError) -> Failure:
    log.error("%s", error)
    return failure(503, str(error))


def _agent_failed(error: AgentError) -> Failure:
    return failure(error.status if error.status in AGENT_STATUSES else 503, str(error))


def _refused(error: HTTPException) -> Failure:
    """Answer what Flask refuses: in its words where they are of the request, else with a hint."""
    code = error.code or 500
    if error.response is not None:
        return failure(code, error.description or error.name)
    specific = error.description != type(error).description
    return failure(code, (error.description if specific else HINTS.get(code)) or error.description or error.name)


def _broken(error: Exception) -> Failure:
    log.exception("a request failed")
    return failure(500, f"the manager failed on this request ({type(error).__name__}); its log says more")


ANSWERS: Mapping[type[Exception], Callable[[Any], Failure]] = {
    SyntaxProblems: _unreadable,
    SpecError: _unacceptable,
    MessageError: _no_message,
    PlanOutdated: _outdated,
    StoreError: _unavailable,
    AgentError: _agent_failed,
    HTTPException: _refused,
    Exception: _broken,
}
"""How other errors are answered; the most specific kind counts."""

"""Every error as the mission's reply: `{"status": "error", "message": ..., "errors": [...]}`, never HTML."""

import logging
from collections.abc import Sequence

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

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

HINTS = {
    404: "there is no such path",
    405: "this path does not take this method",
    413: "the body is too large",
    415: "the body must be JSON or YAML: set Content-Type to application/json or application/yaml",
}


def failure(code: int, message: str, problems: Sequence[Problem] = ()) -> tuple[Response, int]:
    """An error reply."""
    body: dict[str, object] = {"status": "error", "message": message}
    if problems:
        body["errors"] = [problem_form(problem) for problem in problems]
    return jsonify(body), code


def problem_form(problem: Problem) -> dict[str, object]:
    """One problem as the API tells it."""
    return {"file": problem.file, "line": problem.line, "path": problem.path, "message": problem.message}


def register_errors(app: Flask) -> None:
    """Have the app answer every error in our form."""

    @app.errorhandler(SyntaxProblems)
    def unreadable(error: SyntaxProblems) -> tuple[Response, int]:
        return failure(400, f"the body can't be read: {error.problems[0].message}", error.problems)

    @app.errorhandler(SpecError)
    def unacceptable(error: SpecError) -> tuple[Response, int]:
        first = error.problems[0]
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        where = f"{first.path}: " if first.path else ""
        return failure(422, f"{where}{first.message}{more}", error.problems)

    @app.errorhandler(MessageError)
    def no_message(error: MessageError) -> tuple[Response, int]:
        return failure(422, str(error)) if error.readable else failure(400, f"the body can't be read: {error}")

    @app.errorhandler(UnknownBusiness)
    @app.errorhandler(UnknownNodeId)
    @app.errorhandler(UnknownInstance)
    @app.errorhandler(UnknownRevision)
    @app.errorhandler(UnknownNode)
    @app.errorhandler(UnknownPlan)
    def unknown(error: Exception) -> tuple[Response, int]:
        return failure(404, str(error))

    @app.errorhandler(Conflict)
    @app.errorhandler(NotRunning)
    def conflict(error: Exception) -> tuple[Response, int]:
        return failure(409, str(error))

    @app.errorhandler(PlanOutdated)
    def moved(error: PlanOutdated) -> tuple[Response, int]:
        return failure(409, str(error), [Problem("plan", None, path, why) for path, why in error.facts])

    @app.errorhandler(StoreError)
    def unavailable(error: StoreError) -> tuple[Response, int]:
        log.error("%s", error)
        return failure(503, str(error))

    @app.errorhandler(AgentError)
    def unreached(error: AgentError) -> tuple[Response, int]:
        return failure(error.status if error.status in (404, 409, 422) else 503, str(error))

    @app.errorhandler(Busy)
    def busy(error: Busy) -> tuple[Response, int]:
        return failure(503, str(error))

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[Response, int]:
        code = error.code or 500
        if error.response is not None:
            return failure(code, error.description or error.name)
        ours = error.description != type(error).description
        return failure(code, (error.description if ours else HINTS.get(code)) or error.description or error.name)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> tuple[Response, int]:
        log.exception("a request failed")
        return failure(500, f"the manager failed on this request ({type(error).__name__}); its log says more")

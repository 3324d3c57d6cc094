"""What every resource answers alike: the mission's reply to a write, errors, and times."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify, request

from reconciler.manifest.errors import Problem
from reconciler.store.model import Accepted

Reply = Response | tuple[Response, int]
Form = dict[str, Any]


def who() -> str:
    """Name who asks, for the record: the address that the request comes from."""
    return f"api {request.remote_addr}"


def done(message: str, business_id: str, accepted: Accepted, code: int = 200) -> Reply:
    """Answer a write that worked as the mission has it, with the revision that holds and whether anything changed."""
    form = {"status": "success", "message": message, "business_id": business_id}
    return jsonify(form | {"revision": accepted.revision, "changed": accepted.changed}), code


def told(message: str, code: int = 200) -> Reply:
    """Answer what worked and concerns no business."""
    return jsonify({"status": "success", "message": message}), code


def failure(code: int, message: str, problems: Sequence[Problem] = ()) -> tuple[Response, int]:
    """Answer with an error as the mission has it, and every problem by its field."""
    form: Form = {"status": "error", "message": message}
    if problems:
        form["errors"] = [problem_form(problem) for problem in problems]
    return jsonify(form), code


def problem_form(problem: Problem) -> Form:
    """Show a problem: where it is, and what is wrong."""
    return {"file": problem.file, "line": problem.line, "path": problem.path, "message": problem.message}


def iso(at: float | None) -> str | None:
    """Show seconds since the epoch as ISO 8601 in UTC, to the second: `2026-11-25T22:00:00Z`."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

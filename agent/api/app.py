"""The agent's HTTP API: deploy, stop, commands inside instances, what runs here, and whether the process answers."""

import logging
from functools import partial

import msgspec
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from agent.api.guard import register_guard
from agent.api.requests import read_deploy, read_exec, read_log_query, read_stop
from agent.runtime.contract import NotRunnable, NotRunning, RuntimeFailure
from agent.supervisor.instance import Superseded
from agent.supervisor.inventories import UnknownInstance, UnknownRuntime
from agent.supervisor.supervisor import Supervisor
from reconciler.wire.codec import MessageError
from reconciler.wire.exec_stream import frame_line

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 16 * 1024 * 1024

HINTS = {
    404: "there is no such path; there are POST /api/deploy, POST /api/stop, POST /api/exec, GET /api/components, "
    "GET /api/logs, GET /healthz",
    405: "this path does not take this method",
    413: f"the body is too large; at most {BODY_BYTES_MAX // 1024 // 1024} MB are read",
    415: "the body must be JSON: set Content-Type to application/json",
}

STATUS: dict[type[Exception], int] = {
    UnknownRuntime: 422,
    UnknownInstance: 404,
    Superseded: 409,
    NotRunning: 409,
    NotRunnable: 422,
    RuntimeFailure: 503,
}
"""The status that each refusal is answered with; its text is the message."""

Reply = Response | tuple[Response, int]


def build_app(supervisor: Supervisor, node_id: str, token: str | None) -> Flask:
    """The API over this supervisor. Without a token, web pages are refused; the caller listens on loopback only."""
    app = Flask("agent", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    register_guard(app, token)
    _register_errors(app)

    @app.post("/api/deploy")
    def deploy() -> Reply:
        message = read_deploy(_json_body(), supervisor)
        accepted = supervisor.deploy(message)
        word = "runs already" if accepted.container_id else "accepted"
        return jsonify({"status": "success", "message": f"{message.key} {word}", "container_id": accepted.container_id})

    @app.post("/api/stop")
    def stop() -> Reply:
        message = read_stop(_json_body(), supervisor)
        supervisor.stop(message)
        return jsonify({"status": "success", "message": f"{message.key} is being stopped"})

    @app.post("/api/exec")
    def exec_() -> Reply:
        frames = supervisor.exec_sessions.start(read_exec(_json_body()))
        reply = Response(map(frame_line, frames), mimetype="application/x-ndjson")
        reply.call_on_close(frames.close)
        return reply

    @app.get("/api/components")
    def components() -> Reply:
        return Response(msgspec.json.encode(supervisor.instances()), mimetype="application/json")

    @app.get("/api/logs")
    def logs() -> Reply:
        key, wanted = read_log_query(request.args)
        return Response(msgspec.json.encode(supervisor.inventories.logs(key, wanted)), mimetype="application/json")

    @app.get("/healthz")
    def healthz() -> Reply:
        return jsonify({"status": "success", "message": "alive", "node_id": node_id})

    return app


def _json_body() -> bytes:
    if not request.is_json:
        raise _NotJson
    return request.get_data(cache=False)


class _NotJson(HTTPException):
    code = 415


def _failure(code: int, message: str) -> tuple[Response, int]:
    return jsonify({"status": "error", "message": message}), code


def _register_errors(app: Flask) -> None:
    for kind, code in STATUS.items():
        app.register_error_handler(kind, partial(_refused, code))

    @app.errorhandler(MessageError)
    def no_message(error: MessageError) -> Reply:
        return _failure(422 if error.readable else 400, str(error))

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Reply:
        code = error.code if error.code is not None else 500
        return _failure(code, HINTS.get(code) or error.description or error.name)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Reply:
        log.exception("a request failed")
        return _failure(500, f"the agent failed on this request ({type(error).__name__}); its log says more")


def _refused(code: int, error: Exception) -> Reply:
    return _failure(code, str(error))

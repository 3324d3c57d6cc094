"""`POST /api/hooks/git`: a forge tells that somebody pushed. The secret is what lets it in, not the shared token."""

import time

from flask import Blueprint, Response, jsonify, request

from api.bodies import JSON_TYPES, body
from api.errors import failure
from reconciler.control.manager import Manager
from reconciler.control.webhook import PUSHES, BadDelivery, event_of, marks_of, push_of, refusal
from reconciler.source.git.source import GitSource

Reply = Response | tuple[Response, int]
MAX_HOOK_BYTES = 1024 * 1024
TYPES = (*JSON_TYPES, "application/x-www-form-urlencoded")


def hook_routes(manager: Manager, secret: str | None) -> Blueprint:
    """The route; without a secret it refuses everything."""
    routes = Blueprint("hooks", __name__)

    @routes.post("/api/hooks/git")
    def pushed() -> Reply:
        if secret is None:
            return failure(403, "this manager takes no webhooks: start it with --hook-secret-file FILE")
        data = body(MAX_HOOK_BYTES, TYPES)
        refused = refusal(request.headers, data, secret, time.time())
        if refused:
            return failure(401, refused)
        event = event_of(request.headers)
        if event not in PUSHES:
            return told(f"'{event}' changes nothing here", 200)
        try:
            push = push_of(request.mimetype, data)
        except BadDelivery as error:
            return failure(422, str(error))
        git = [source for source in manager.sources.watched if isinstance(source, GitSource)]
        ours = [source for source in git if push.concerns(source)]
        if not ours:
            names = ", ".join(sorted(push.repositories)[:3]) or "a repository without a name"
            return failure(404, f"no source here follows {names}")
        moved = [source for source in ours if push.moves(source)]
        if not moved:
            return told(f"no source follows the branch '{push.branch[:200]}'", 200)
        if not manager.store.deliveries.record(marks_of(request.headers, data), time.time()):
            return failure(409, "this delivery was taken before: it is not taken again")
        for source in moved:
            source.poke()
        return told(f"fetching {', '.join(source.name for source in moved)}", 202)

    return routes


def told(message: str, code: int) -> Reply:
    """A reply that a forge shows as a success."""
    return jsonify({"status": "success", "message": message}), code

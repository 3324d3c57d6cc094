"""`POST /api/hooks/git`: a forge tells that somebody pushed. The secret is what lets it in, not the shared token."""

import time

from flask import Blueprint, request

from api.replies import Reply, failure, told
from api.requests import JSON_TYPES, body
from reconciler.control.manager import Manager
from reconciler.control.webhook import PUSHES, BadDelivery, event_of, marks_of, push_of, refusal
from reconciler.source.git.source import GitSource

HOOK_BYTES_MAX = 1024 * 1024
TYPES = (*JSON_TYPES, "application/x-www-form-urlencoded")


def hook_routes(manager: Manager, secret: str | None) -> Blueprint:
    """Make the route; without a secret it refuses everything."""
    routes = Blueprint("hooks", __name__)

    @routes.post("/api/hooks/git")
    def pushed() -> Reply:
        if secret is None:
            return failure(403, "this manager takes no webhooks: start it with --hook-secret-file FILE")
        data = body(HOOK_BYTES_MAX, TYPES)
        refused = refusal(request.headers, data, secret, time.time())
        if refused:
            return failure(401, refused)
        event = event_of(request.headers)
        if event not in PUSHES:
            return told(f"'{event}' changes nothing here")
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
            return told(f"no source follows the branch '{push.branch[:200]}'")
        if not manager.deliveries.record(marks_of(request.headers, data), time.time()):
            return failure(409, "this delivery was taken before: it is not taken again")
        for source in moved:
            source.poke()
        return told(f"fetching {', '.join(source.name for source in moved)}", 202)

    return routes

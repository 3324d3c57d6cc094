"""Whether the manager is alive, and whether it is ready."""

from flask import Blueprint

from api.replies import Reply, failure, told
from reconciler.control.manager import Manager


def health_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/healthz` and `/readyz`."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Reply:
        return told("alive")

    @routes.get("/readyz")
    def readyz() -> Reply:
        return told("ready") if manager.is_alive else failure(503, "the loop does not turn")

    return routes

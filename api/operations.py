"""What an operator does to a business that is there: stop, restart, scale, promote, pause, resume."""

from flask import Blueprint, request

from api.lookups import status_of
from api.replies import Reply, done, who
from api.requests import read_replicas
from reconciler.control.manager import Manager
from reconciler.store.model import Accepted


def operation_routes(manager: Manager) -> Blueprint:
    """Make the routes of the operations below `/api/businesses/ID`."""
    routes = Blueprint("operations", __name__)

    @routes.post("/api/businesses/<business_id>/stop")
    def stop(business_id: str) -> Reply:
        return done("is being stopped", business_id, manager.desired.stop(business_id, who()), 202)

    @routes.post("/api/businesses/<business_id>/restart")
    def restart(business_id: str) -> Reply:
        return done("is being restarted", business_id, manager.desired.restart(business_id, who()), 202)

    @routes.post("/api/businesses/<business_id>/pause")
    def pause(business_id: str) -> Reply:
        return done("is paused", business_id, manager.desired.pause(business_id, who()))

    @routes.post("/api/businesses/<business_id>/resume")
    def resume(business_id: str) -> Reply:
        return done("goes on", business_id, manager.desired.resume(business_id, who()))

    @routes.post("/api/businesses/<business_id>/scale")
    def scale(business_id: str) -> Reply:
        status_of(manager.view(), business_id)
        accepted = manager.specs.scale(business_id, read_replicas(), who())
        message = f"accepted as revision {accepted.revision}" if accepted.changed else "unchanged"
        return done(message, business_id, accepted, 202)

    @routes.post("/api/businesses/<business_id>/promote")
    def promote(business_id: str) -> Reply:
        promotion = manager.desired.promote(business_id, request.args.get("component"), who())
        message = f"{', '.join(promotion.components)} promoted"
        return done(message, business_id, Accepted(promotion.revision, changed=True), 202)

    return routes

"""Plans before they happen, and questions about them."""

import msgspec
from flask import Blueprint, Response, jsonify, request

from api.forms import deferred_fields
from api.replies import Reply
from api.requests import read_plan_request
from reconciler.control.manager import Manager
from reconciler.plan.ask.answers import explanation_form, survival_form
from reconciler.plan.keep.state_json import to_json
from reconciler.plan.show.document import preview_document
from reconciler.wire.messages import InstanceKey


def plan_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/api/plan`, `/api/survive`, `/api/snapshot`, and `explain` of an instance."""
    routes = Blueprint("plans", __name__)

    @routes.post("/api/plan")
    def plan() -> Reply:
        asked = read_plan_request()
        preview = manager.dry_runs.preview(asked.businesses, asked.prune, asked.suppose)
        deferred = [deferred_fields(one, preview.desired) for one in preview.deferred]
        shown = preview_document(
            preview.plan, preview.desired, preview.at, preview.problems, preview.prune_blocked, deferred
        )
        return jsonify(msgspec.to_builtins(shown))

    @routes.get("/api/survive")
    def survive() -> Reply:
        return jsonify(survival_form(manager.dry_runs.survival(request.args.get("by"))))

    @routes.get("/api/snapshot")
    def snapshot() -> Response:
        return Response(to_json(manager.dry_runs.state()), mimetype="application/json")

    @routes.get("/api/businesses/<business_id>/components/<component_id>/<int:instance>/explain")
    def explanation(business_id: str, component_id: str, instance: int) -> Reply:
        return jsonify(explanation_form(manager.dry_runs.explain(InstanceKey(business_id, component_id, instance))))

    return routes

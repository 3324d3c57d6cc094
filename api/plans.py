"""Plans before they happen, and questions about them."""

from flask import Blueprint, Response, jsonify, request

from api.bodies import read_plan_request
from api.errors import problem_form
from api.views import explanation_form
from reconciler.control.controller import Controller
from reconciler.plan.document import document
from reconciler.plan.facts import facts
from reconciler.wire.messages import InstanceKey

Reply = Response | tuple[Response, int]


def plan_routes(controller: Controller) -> Blueprint:
    """`/api/plan`, `/api/survive`, and `explain` of an instance."""
    routes = Blueprint("plans", __name__)

    @routes.post("/api/plan")
    def plan() -> Reply:
        asked = read_plan_request()
        preview = controller.questions.preview(asked.businesses, asked.prune, asked.suppose)
        return jsonify(
            document(preview.plan, preview.desired)
            | facts(preview.plan, preview.at)
            | {"problems": [problem_form(problem) for problem in preview.problems], "held": preview.held or None}
        )

    @routes.get("/api/survive")
    def survive() -> Reply:
        found = controller.questions.survival(request.args.get("by"))
        return jsonify(
            [
                {"lost": name, "homeless": {str(key): why for key, why in homeless.items()}}
                for name, homeless in found.items()
            ]
        )

    @routes.get("/api/businesses/<business_id>/components/<component_id>/<int:instance>/explain")
    def explanation(business_id: str, component_id: str, instance: int) -> Reply:
        return jsonify(explanation_form(controller.questions.explain(InstanceKey(business_id, component_id, instance))))

    return routes

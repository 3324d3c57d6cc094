"""What waits for a yes because it is beyond a limit, and the yes."""

from flask import Blueprint, Response, jsonify

from api.bodies import read_business_ids
from api.businesses import who
from api.views import held_form
from reconciler.control.manager import Controller

Reply = Response | tuple[Response, int]


def approval_routes(controller: Controller) -> Blueprint:
    """`/api/approvals` and `/api/plans/HASH/approve`."""
    routes = Blueprint("approvals", __name__)

    @routes.get("/api/approvals")
    def held() -> Reply:
        return jsonify(held_form(controller.approvals.held()))

    @routes.post("/api/approvals")
    def approve_own() -> Reply:
        left = controller.approvals.approve_own(read_business_ids(), who())
        return jsonify({"status": "success"} | held_form(left))

    @routes.post("/api/plans/<plan_hash>/approve")
    def approve(plan_hash: str) -> Reply:
        approved = controller.approvals.approve(plan_hash, who())
        count = len(approved.actions)
        message = f"{count} {'stop' if count == 1 else 'stops'} approved"
        return jsonify({"status": "success", "message": message} | held_form(approved))

    return routes

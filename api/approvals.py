"""What waits for a yes because it is beyond a limit, and the yes."""

from flask import Blueprint, Response, jsonify

from api.bodies import read_business_ids
from api.businesses import who
from api.views import held_form
from reconciler.control.manager import Manager

Reply = Response | tuple[Response, int]


def approval_routes(manager: Manager) -> Blueprint:
    """`/api/approvals` and `/api/plans/HASH/approve`."""
    routes = Blueprint("approvals", __name__)

    @routes.get("/api/approvals")
    def held() -> Reply:
        return jsonify(held_form(manager.approvals.pending()))

    @routes.post("/api/approvals")
    def approve_own() -> Reply:
        left = manager.approvals.approve_own(read_business_ids(), who())
        return jsonify({"status": "success"} | held_form(left))

    @routes.post("/api/plans/<plan_hash>/approve")
    def approve(plan_hash: str) -> Reply:
        approved = manager.approvals.approve(plan_hash, who())
        count = len(approved.actions)
        message = f"{count} {'stop' if count == 1 else 'stops'} approved"
        return jsonify({"status": "success", "message": message} | held_form(approved))

    return routes

"""Saved plans: made, carried out to the letter or refused, and what became of them."""

from flask import Blueprint, Response, jsonify

from api.bodies import read_businesses, read_saved_plan
from api.businesses import who
from api.views import execution_form, saved_form
from reconciler.control.manager import Manager

Reply = Response | tuple[Response, int]


def saved_routes(manager: Manager) -> Blueprint:
    """`/api/plans`, `/api/plans/apply` and `/api/plans/HASH`."""
    routes = Blueprint("saved", __name__)

    @routes.post("/api/plans")
    def save() -> Reply:
        return jsonify(saved_form(manager.saved_plans.save(read_businesses())))

    @routes.post("/api/plans/apply")
    def apply() -> Reply:
        saved, businesses = read_saved_plan()
        done = manager.saved_plans.apply(saved, businesses, who())
        count = len(saved.actions())
        message = f"accepted, with {count} {'action' if count == 1 else 'actions'}"
        return jsonify({"status": "success", "message": message} | execution_form(done)), 202

    @routes.get("/api/plans/<plan_hash>")
    def show(plan_hash: str) -> Reply:
        done = manager.saved_plans.get(plan_hash)
        return jsonify(execution_form(done) | {"document": done.saved.document})

    return routes

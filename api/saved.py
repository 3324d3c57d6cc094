"""Saved plans: made, carried out to the letter or refused, and what became of them."""

import msgspec
from flask import Blueprint, jsonify

from api.replies import Form, Reply, iso, who
from api.requests import read_businesses, read_saved_plan
from reconciler.control.manager import Manager
from reconciler.plan.keep.saved import SavedPlan
from reconciler.store.tables.executions import Execution


def saved_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/api/plans`, `/api/plans/apply` and `/api/plans/HASH`."""
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
        return jsonify(execution_form(done) | {"document": msgspec.to_builtins(done.saved.document)})

    return routes


def saved_form(saved: SavedPlan) -> Form:
    """Show a plan to save, but for the specs it is for, which its maker has."""
    form: Form = msgspec.to_builtins(saved)
    del form["businesses"]
    return form


def execution_form(execution: Execution) -> Form:
    """Show a saved plan that was applied, and what became of it."""
    return {
        "hash": execution.saved.hash,
        "businesses": list(execution.saved.needs.businesses),
        "revisions": dict(execution.revisions),
        "state": execution.state,
        "who": execution.who,
        "at": iso(execution.at),
        "departures": list(execution.departures),
    }

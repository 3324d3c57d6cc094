"""What somebody changed on nodes by hand, and having it set back again."""

import msgspec
from flask import Blueprint, jsonify

from api.lookups import status_of
from api.replies import Form, Reply, done, iso, who
from reconciler.control.manager import Manager
from reconciler.plan.reconcile.drift import Found, found


def drift_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/api/businesses/ID/drift` and `.../components/ID/thaw`."""
    routes = Blueprint("drift", __name__)

    @routes.get("/api/businesses/<business_id>/drift")
    def drift(business_id: str) -> Reply:
        view = manager.view()
        status_of(view, business_id)
        entry = view.desired.businesses[business_id]
        allocations = (
            allocation for allocation in view.observed.allocations if allocation.key.business_id == business_id
        )
        return jsonify([_form(one) for one in found(entry, allocations, view.plan.drifted)])

    @routes.post("/api/businesses/<business_id>/components/<component_id>/thaw")
    def thaw(business_id: str, component_id: str) -> Reply:
        accepted = manager.desired.thaw(business_id, component_id, who())
        message = "thawed" if accepted.changed else "nothing of it was set back lately: there is nothing to thaw"
        return done(message, business_id, accepted)

    return routes


def _form(one: Found) -> Form:
    """A changed field; its values are in the form that specs have them in."""
    drift = one.drift
    return {
        "component_id": one.key.component_id,
        "instance": one.key.instance,
        "node_id": one.node_id,
        "field": drift.field,
        "expected": None if drift.expected is None else msgspec.json.decode(drift.expected),
        "actual": None if drift.actual is None else msgspec.json.decode(drift.actual),
        "first_seen": iso(drift.first_seen) if drift.first_seen else None,
        "fate": one.fate,
    }

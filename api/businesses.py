"""The mission's paths for businesses, to the letter: what there is, and the specs of it."""

from collections.abc import Sequence

from flask import Blueprint, jsonify

from api.components import component_forms
from api.forms import commit_form
from api.lookups import status_of
from api.replies import Form, Reply, done, iso, who
from api.requests import read_business
from reconciler.control.ask.instances import Reports
from reconciler.control.manager import Manager
from reconciler.control.view import View
from reconciler.manifest.errors import Problem, SpecError
from reconciler.manifest.secrets.redact import redacted
from reconciler.plan.ask.status import BusinessStatus


def business_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/api/businesses` and `/api/businesses/ID`."""
    routes = Blueprint("businesses", __name__)

    def _forms(view: View, statuses: Sequence[BusinessStatus]) -> list[Form]:
        times, reports = manager.statuses.times(), manager.instances.reports()
        return [
            business_form(view, status, times.get(status.business_id, (view.at, view.at)), reports)
            for status in statuses
        ]

    @routes.post("/api/businesses")
    def create() -> Reply:
        business = read_business()
        accepted = manager.specs.create(business, who())
        return done(f"accepted as revision {accepted.revision}", business.business_id, accepted, 201)

    @routes.get("/api/businesses")
    def list_all() -> Reply:
        view = manager.view()
        return jsonify(_forms(view, list(view.statuses.values())))

    @routes.get("/api/businesses/<business_id>")
    def show(business_id: str) -> Reply:
        view = manager.view()
        (form,) = _forms(view, [status_of(view, business_id)])
        return jsonify(form | {"spec": redacted(view.desired.businesses[business_id].business)})

    @routes.put("/api/businesses/<business_id>")
    def replace(business_id: str) -> Reply:
        status_of(manager.view(), business_id)
        business = read_business()
        if business.business_id != business_id:
            message = f"is '{business.business_id}', but the address says '{business_id}': they must agree"
            raise SpecError([Problem("body", None, "business_id", message)])
        accepted = manager.specs.replace(business, who())
        if accepted.changed:
            return done(f"accepted as revision {accepted.revision}", business_id, accepted)
        return done(f"unchanged: revision {accepted.revision} says the same", business_id, accepted)

    @routes.delete("/api/businesses/<business_id>")
    def remove(business_id: str) -> Reply:
        return done("is being removed", business_id, manager.desired.remove(business_id, who()), 202)

    return routes


def business_form(view: View, status: BusinessStatus, times: tuple[float, float], reports: Reports) -> Form:
    """Show a business as the mission's section 3.2 has it, and what else people ask about it.

    `times` are when it was created and last changed, in seconds since the epoch.
    """
    entry = view.desired.businesses[status.business_id]
    created, updated = times
    return {
        "business_id": status.business_id,
        "business_name": entry.business.business_name,
        "status": status.status,
        "message": status.message,
        "desired": "stopped" if entry.stopped else "running",
        "source": entry.source,
        "revision": entry.revision,
        "pinned": entry.pinned,
        "paused": entry.paused,
        "commit": commit_form(entry.commit),
        "created_at": iso(created),
        "updated_at": iso(updated),
        "components": component_forms(view, status, reports),
    }

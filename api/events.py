"""What happened, with its cause and the plan that it is of."""

from flask import Blueprint, jsonify, request

from api.queries import number
from api.replies import Form, Reply, iso
from reconciler.control.manager import Manager
from reconciler.store.model import Event

EVENTS_MAX = 1000
EPOCH_SECONDS_MAX = 2**40


def event_routes(manager: Manager) -> Blueprint:
    """Make the route of `/api/events`."""
    routes = Blueprint("events", __name__)

    @routes.get("/api/events")
    def events() -> Reply:
        found = manager.events.find(
            business_id=request.args.get("business"),
            node_id=request.args.get("node"),
            after=number("after", 0) or None,
            limit=number("limit", 100, EVENTS_MAX),
            since=float(number("since", 0, EPOCH_SECONDS_MAX)),
        )
        return jsonify([event_form(event) for event in found])

    return routes


def event_form(event: Event) -> Form:
    """Show an event."""
    return {
        "id": event.id,
        "at": iso(event.at),
        "kind": event.kind,
        "business_id": event.business_id,
        "component_id": event.component_id,
        "instance": event.instance,
        "node_id": event.node_id,
        "message": event.message,
        "cause": event.cause or None,
        "plan_hash": event.plan_hash or None,
    }

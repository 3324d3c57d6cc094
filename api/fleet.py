"""Nodes, the reports of their agents, events, and the manager's own health."""

import msgspec
from flask import Blueprint, Response, jsonify, request

from api.bodies import JSON_TYPES, body, read_deadline
from api.businesses import who
from api.errors import failure
from api.numbers import number
from api.views import event_form, node_forms
from reconciler.control.errors import UnknownNodeId
from reconciler.control.manager import Manager
from reconciler.wire.codec import decode
from reconciler.wire.messages import REPORT_BYTES_MAX, ComponentReport, NodeReport, ReportAck

Reply = Response | tuple[Response, int]
MAX_EVENTS = 1000


def fleet_routes(manager: Manager) -> Blueprint:
    """`/api/nodes`, `/api/report`, `/api/report/component`, `/api/events`, `/healthz`, `/readyz`."""
    routes = Blueprint("fleet", __name__)
    taken = msgspec.to_builtins(ReportAck(status="success", message="taken", lease_seconds=manager.nodes.lease_seconds))

    @routes.post("/api/report")
    def report() -> Reply:
        manager.nodes.report(decode(body(REPORT_BYTES_MAX, JSON_TYPES), NodeReport))
        return jsonify(taken)

    @routes.post("/api/report/component")
    def report_component() -> Reply:
        manager.nodes.report_component(decode(body(REPORT_BYTES_MAX, JSON_TYPES), ComponentReport))
        return jsonify(taken)

    @routes.get("/api/nodes")
    def nodes() -> Reply:
        return jsonify(node_forms(manager.view()))

    @routes.get("/api/nodes/<node_id>")
    def node(node_id: str) -> Reply:
        forms = {form["node_id"]: form for form in node_forms(manager.view())}
        if node_id not in forms:
            raise UnknownNodeId(node_id, forms)
        return jsonify(forms[node_id])

    @routes.post("/api/nodes/<node_id>/cordon")
    def cordon(node_id: str) -> Reply:
        manager.nodes.cordon(node_id, who())
        return jsonify({"status": "success", "message": f"{node_id} gets nothing new"})

    @routes.post("/api/nodes/<node_id>/drain")
    def drain(node_id: str) -> Reply:
        manager.nodes.drain(node_id, read_deadline(), who())
        return jsonify({"status": "success", "message": f"{node_id} gives away what it runs, and gets nothing new"})

    @routes.post("/api/nodes/<node_id>/uncordon")
    def uncordon(node_id: str) -> Reply:
        manager.nodes.uncordon(node_id, who())
        return jsonify({"status": "success", "message": f"{node_id} gets instances again"})

    @routes.get("/api/events")
    def events() -> Reply:
        found = manager.store.events.find(
            business_id=request.args.get("business"),
            node_id=request.args.get("node"),
            after=number("after", 0, 2**62),
            limit=number("limit", 100, MAX_EVENTS),
            since=float(number("since", 0, 2**40)),
        )
        return jsonify([event_form(event) for event in found])

    @routes.get("/healthz")
    def healthz() -> Reply:
        return jsonify({"status": "success", "message": "alive"})

    @routes.get("/readyz")
    def readyz() -> Reply:
        if not manager.is_alive:
            return failure(503, "the loop does not turn")
        return jsonify({"status": "success", "message": "ready"})

    return routes

"""What agents report: a node with all its instances, and one component of it."""

import msgspec
from flask import Blueprint, jsonify

from api.replies import Reply
from api.requests import JSON_TYPES, body
from reconciler.control.manager import Manager
from reconciler.wire.codec import decode
from reconciler.wire.reports import REPORT_BYTES_MAX, ComponentReport, NodeReport, ReportAck


def report_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/api/report` and `/api/report/component`."""
    routes = Blueprint("reports", __name__)
    taken = msgspec.to_builtins(ReportAck(status="success", message="taken", lease_seconds=manager.nodes.lease_seconds))

    @routes.post("/api/report")
    def report() -> Reply:
        manager.nodes.report(decode(body(REPORT_BYTES_MAX, JSON_TYPES), NodeReport))
        return jsonify(taken)

    @routes.post("/api/report/component")
    def report_component() -> Reply:
        manager.nodes.report_component(decode(body(REPORT_BYTES_MAX, JSON_TYPES), ComponentReport))
        return jsonify(taken)

    return routes

"""Instances of a business: what they do, what they write, and commands inside them."""

import msgspec
from flask import Blueprint, Response, jsonify, request

from api.lookups import status_of
from api.replies import Form, Reply, iso, who
from api.requests import read_exec
from reconciler.control.ask.instances import Reports
from reconciler.control.manager import Manager
from reconciler.control.view import View
from reconciler.plan.ask.status import BusinessStatus, InstanceStatus
from reconciler.wire.exec_stream import frame_line
from reconciler.wire.messages import InstanceKey
from reconciler.wire.reports import InstanceReport
from reconciler.wire.streams import Exec

INSTANCE = "/api/businesses/<business_id>/components/<component_id>/<int:instance>"
LOG_QUERY = ("tail", "since", "cursor")


def component_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/api/businesses/ID/components`, and of logs and commands below it."""
    routes = Blueprint("components", __name__)

    @routes.get("/api/businesses/<business_id>/components")
    def components(business_id: str) -> Reply:
        view = manager.view()
        return jsonify(component_forms(view, status_of(view, business_id), manager.instances.reports()))

    @routes.get(f"{INSTANCE}/logs")
    def logs(business_id: str, component_id: str, instance: int) -> Reply:
        status_of(manager.view(), business_id)
        query = {name: request.args[name] for name in LOG_QUERY if name in request.args}
        chunk = manager.instances.logs(InstanceKey(business_id, component_id, instance), query)
        return Response(msgspec.json.encode(chunk), mimetype="application/json")

    @routes.post(f"{INSTANCE}/exec")
    def exec_(business_id: str, component_id: str, instance: int) -> Reply:
        asked = read_exec()
        relay = manager.instances.exec(
            Exec(
                business_id=business_id,
                component_id=component_id,
                instance=instance,
                command=asked.command,
                timeout=asked.timeout,
            ),
            who(),
        )
        reply = Response(map(frame_line, relay), mimetype="application/x-ndjson")
        reply.call_on_close(relay.close)
        return reply

    return routes


def component_forms(view: View, status: BusinessStatus, reports: Reports) -> list[Form]:
    """Show every instance of a business; `reports` has the newest of each by where it is."""
    return [_component_form(item, reports.get((item.key, item.node_id or "")), view.at) for item in status.instances]


def _component_form(item: InstanceStatus, report: InstanceReport | None, at: float) -> Form:
    usage = report.resource_usage if report else None
    return {
        "component_id": item.key.component_id,
        "component_name": item.component.component_name,
        "instance": item.key.instance,
        "type": item.component.type,
        "node_id": item.node_id,
        "status": item.status,
        "message": item.message,
        "progress": report.progress if report else None,
        "container_id": item.container_id,
        "image_name": item.component.image_name,
        "restart_count": report.restart_count if report else 0,
        "host_ports": list(report.reservation.host_ports) if report else [],
        "resource_usage": {
            "cpu_percent": round(usage.cpu_percent, 1) if usage else 0.0,
            "memory_mb": round(usage.memory_mb, 1) if usage else 0.0,
            "gpu_percent": round(usage.gpu_percent, 1) if usage else 0.0,
        },
        "started_at": iso(item.started_at),
        "updated_at": iso(at),
    }

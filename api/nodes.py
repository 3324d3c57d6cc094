"""Nodes: what they have, what they run, and keeping them from getting more."""

from collections import defaultdict

import msgspec
from flask import Blueprint, jsonify

from api.replies import Form, Reply, iso, told, who
from api.requests import read_deadline
from reconciler.control.errors import UnknownNodeId
from reconciler.control.manager import Manager
from reconciler.control.view import View
from reconciler.plan.model.observed import Allocation


def node_routes(manager: Manager) -> Blueprint:
    """Make the routes of `/api/nodes` and `/api/nodes/ID`."""
    routes = Blueprint("nodes", __name__)

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
        return told(f"{node_id} gets nothing new")

    @routes.post("/api/nodes/<node_id>/drain")
    def drain(node_id: str) -> Reply:
        manager.nodes.drain(node_id, read_deadline(), who())
        return told(f"{node_id} gives away what it runs, and gets nothing new")

    @routes.post("/api/nodes/<node_id>/uncordon")
    def uncordon(node_id: str) -> Reply:
        manager.nodes.uncordon(node_id, who())
        return told(f"{node_id} gets instances again")

    return routes


def node_forms(view: View) -> list[Form]:
    """Show every node, with what its instances reserve."""
    allocations: dict[str, list[Allocation]] = defaultdict(list)
    for allocation in view.observed.allocations:
        allocations[allocation.node_id].append(allocation)
    return [_node_form(view, node_id, allocations[node_id]) for node_id in sorted(view.observed.nodes)]


def _node_form(view: View, node_id: str, allocations: list[Allocation]) -> Form:
    node = view.observed.nodes[node_id]
    return {
        "node_id": node_id,
        "state": view.node_health.get(node_id, "suspect"),
        "cordoned": node.cordoned,
        "draining": node.draining,
        "drain_by": None if node.drain_by is None else iso(node.drain_by),
        "address": node.address,
        "capacity": {"cpu_cores": node.cpu_cores, "memory_mb": node.memory_mb},
        "allocated": {
            "cpu_cores": round(sum(allocation.reservation.cpu_cores for allocation in allocations), 3),
            "memory_mb": sum(allocation.reservation.memory_mb for allocation in allocations),
            "gpus": sorted(device for allocation in allocations for device in allocation.reservation.gpu_devices),
        },
        "usage": {"cpu_percent": node.cpu_percent, "memory_mb": node.memory_used_mb},
        "labels": node.labels,
        "gpus": [msgspec.to_builtins(gpu) | {"index": gpu.index} for gpu in node.gpus],
        "runtimes": list(node.runtimes),
        "instances": len(allocations),
        "last_seen": iso(node.last_seen),
    }

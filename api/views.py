"""What the API shows: the mission's structures, from a view. Secrets are hidden here, before anything leaves."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from reconciler.control.loop.approvals import PendingApproval
from reconciler.control.loop.view import View
from reconciler.manifest.secrets.redact import redacted
from reconciler.plan.ask.status import BusinessStatus, InstanceStatus
from reconciler.plan.keep.saved import SavedPlan
from reconciler.plan.model.desired import Commit, Desired
from reconciler.plan.model.observed import Allocation
from reconciler.plan.model.plan import Change
from reconciler.plan.wants.changes import business_changes
from reconciler.source.deferral import Deferred
from reconciler.store.model import Event
from reconciler.store.store import Store
from reconciler.store.tables.executions import Execution
from reconciler.wire.messages import InstanceReport

Form = dict[str, Any]


def iso(at: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601 in UTC, to the second."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def commit_form(commit: Commit | None) -> Form | None:
    """A git commit, None for what came another way."""
    if commit is None:
        return None
    return {"sha": commit.sha, "author": commit.author, "subject": commit.subject, "at": iso(commit.at)}


def business_form(view: View, store: Store, status: BusinessStatus) -> Form:
    """A business as the mission's section 3.2 has it, and what else people ask about it."""
    entry = view.desired.businesses[status.business_id]
    created, updated = store.statuses.times().get(status.business_id, (view.at, view.at))
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
        "components": component_forms(view, store, status),
    }


def spec_form(view: View, business_id: str) -> Form:
    """The business's spec in its normal form, secrets hidden."""
    return redacted(view.desired.businesses[business_id].business)


def component_forms(view: View, store: Store, status: BusinessStatus) -> list[Form]:
    """Every instance of a business."""
    reports = store.observed.reports()
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


def held_form(pending: PendingApproval) -> Form:
    """What waits for an approval, and the hash of the plan that holds it."""
    return {
        "hash": pending.plan_hash,
        "held": [
            {
                "business_id": action.key.business_id,
                "component_id": action.key.component_id,
                "instance": action.key.instance,
                "node_id": action.node_id,
                "reason": action.reason,
                "held": action.held,
                "exceeds": list(action.exceeds),
            }
            for action in pending.actions
        ],
    }


def saved_form(saved: SavedPlan) -> Form:
    """A plan to save, but for the specs it is for, which its maker has."""
    form: Form = msgspec.to_builtins(saved)
    del form["businesses"]
    return form


def execution_form(execution: Execution) -> Form:
    """A saved plan that was applied, and what became of it."""
    return {
        "hash": execution.saved.hash,
        "businesses": list(execution.saved.needs.businesses),
        "state": execution.state,
        "who": execution.who,
        "at": iso(execution.at),
        "departures": list(execution.departures),
    }


def node_forms(view: View) -> list[Form]:
    """Every node, with what it has promised."""
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


def deferred_form(deferred: Deferred, desired: Desired) -> Form:
    """What a source says of a business and is not accepted now, and how that differs from what is."""
    known, declared = desired.businesses.get(deferred.business_id), deferred.declared
    changes = business_changes(known.business, declared) if known and declared else ()
    return {
        "business_id": deferred.business_id,
        "file": deferred.file,
        "reason": deferred.reason,
        "until": iso(deferred.until),
        "changes": change_forms(changes),
    }


def change_forms(changes: Iterable[Change]) -> list[Form]:
    """Fields that differ."""
    return [{"field": change.field, "old": change.old, "new": change.new} for change in changes]


def event_form(event: Event) -> Form:
    """An event."""
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

"""Between the planner's values and table rows: one pair of functions a table."""

import hashlib
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row

from reconciler.manifest.model import Business, Component
from reconciler.plan.model.desired import Commit, DesiredBusiness
from reconciler.plan.model.observed import Allocation, Node
from reconciler.store.model import Revision
from reconciler.wire.messages import InstanceKey, Reservation, Status
from reconciler.wire.reports import Drift, Gpu

T = TypeVar("T")


def to_json(value: object) -> str:
    """Write the canonical JSON of a value: equal values, equal text."""
    return msgspec.json.encode(value, order="deterministic").decode()


def from_json(text: str, kind: type[T]) -> T:
    """Read what `to_json` wrote."""
    return msgspec.json.decode(text, type=kind)


def spec_digest(spec: str) -> str:
    """sha256 (64 hex digits) of a spec's canonical JSON."""
    return hashlib.sha256(spec.encode()).hexdigest()


def revision_of(row: Row[Any]) -> Revision:
    """Read the revision in a row of `revisions`."""
    commit = None
    if row.git_commit:
        commit = Commit(row.git_commit, row.author or "", row.subject or "", row.committed_at or 0.0)
    business = from_json(row.spec, Business)
    return Revision(row.number, business, row.source, row.who, row.at, row.digest, commit, row.operation)


def commit_columns(commit: Commit | None) -> dict[str, object]:
    """Write a commit as `revisions` has it."""
    if commit is None:
        return {}
    return {
        "git_commit": commit.sha,
        "author": commit.author,
        "subject": commit.subject,
        "committed_at": commit.at,
    }


def component_row(business_id: str, component: Component, at: float) -> dict[str, object]:
    """Write a component as `business_components` has it before anything of it runs."""
    return {
        "business_id": business_id,
        "component_id": component.component_id,
        "component_name": component.component_name,
        "type": component.type,
        "image_url": component.image_url,
        "image_name": component.image_name,
        "resource_requirements": to_json(component.resource_requirements),
        "environment_variables": to_json(component.environment_variables),
        "config_files": to_json(component.config_files),
        "affinity": to_json(component.affinity),
        "status": Status.PENDING.value,
        "updated_at": at,
    }


def business_row(entry: DesiredBusiness, status: str, created_at: float, updated_at: float) -> dict[str, object]:
    """Write a business as `businesses` has it."""
    return {
        "business_id": entry.business.business_id,
        "business_name": entry.business.business_name,
        "status": status,
        "created_at": created_at,
        "updated_at": updated_at,
        "source": entry.source,
        "revision": entry.revision,
    } | settings_columns(entry)


def settings_columns(entry: DesiredBusiness) -> dict[str, object]:
    """Write what operators say of a business, as `businesses` has it."""
    return {
        "stopped": entry.stopped,
        "restarts": entry.restarts,
        "paused": entry.paused,
        "pinned": entry.pinned,
        "quarantined": to_json(sorted(entry.quarantined)),
    }


def agent_row(node: Node, reported_at: float) -> dict[str, object]:
    """Write a node as `agents` has it."""
    return {
        "agent_id": node.node_id,
        "address": node.address,
        "cpu_cores": node.cpu_cores,
        "memory_mb": node.memory_mb,
        "labels": to_json(node.labels),
        "gpus": to_json(node.gpus),
        "runtimes": to_json(node.runtimes),
        "cpu_percent": node.cpu_percent,
        "memory_used_mb": node.memory_used_mb,
        "cordoned": node.cordoned,
        "draining": node.draining,
        "drain_by": node.drain_by,
        "images": to_json(node.images),
        "disk_free_mb": node.disk_free_mb,
        "reported_at": reported_at,
        "last_seen": node.last_seen,
    }


def node_of(row: Row[Any]) -> Node:
    """Read the node in a row of `agents`."""
    return Node(
        node_id=row.agent_id,
        address=row.address,
        cpu_cores=row.cpu_cores,
        memory_mb=row.memory_mb,
        labels=from_json(row.labels, dict[str, str]),
        gpus=from_json(row.gpus, tuple[Gpu, ...]),
        runtimes=from_json(row.runtimes, tuple[str, ...]),
        cpu_percent=row.cpu_percent,
        memory_used_mb=row.memory_used_mb,
        cordoned=row.cordoned,
        draining=row.draining,
        drain_by=row.drain_by,
        images=from_json(row.images, dict[str, int]),
        disk_free_mb=row.disk_free_mb,
        last_seen=row.last_seen,
    )


def instance_row(allocation: Allocation) -> dict[str, object]:
    """Write an allocation as `instances` has it."""
    return {
        "business_id": allocation.key.business_id,
        "component_id": allocation.key.component_id,
        "instance": allocation.key.instance,
        "node_id": allocation.node_id,
        "status": allocation.status.value,
        "digest": allocation.digest,
        "version": allocation.version,
        "reservation": to_json(allocation.reservation),
        "container_id": allocation.container_id,
        "confirmed": allocation.confirmed,
        "message": allocation.message,
        "started_at": allocation.started_at,
        "ended": allocation.ended,
        "updated_at": allocation.since,
        "failed_digest": allocation.failed_digest,
        "drift": to_json(allocation.drift),
    }


def allocation_of(row: Row[Any]) -> Allocation:
    """Read the allocation in a row of `instances`."""
    return Allocation(
        key=InstanceKey(row.business_id, row.component_id, row.instance),
        node_id=row.node_id,
        status=Status(row.status),
        digest=row.digest,
        version=row.version,
        reservation=from_json(row.reservation, Reservation),
        container_id=row.container_id,
        confirmed=row.confirmed,
        message=row.message,
        started_at=row.started_at,
        ended=row.ended,
        since=row.updated_at,
        failed_digest=row.failed_digest,
        drift=from_json(row.drift, tuple[Drift, ...]),
    )

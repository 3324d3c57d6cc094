"""Businesses, reports and copies as the tests need them."""

import sqlite3
from pathlib import Path
from typing import Any

from reconciler.manifest.model import Business, Component
from reconciler.plan.model.observed import Allocation
from reconciler.store import Accepted, Store
from reconciler.wire.messages import InstanceKey, Reservation, Status
from reconciler.wire.reports import ComponentReport, InstanceReport, NodeCapacity, NodeReport, Usage


def business(business_id: str = "shop", image: str = "nginx:1", components: tuple[str, ...] = ("web",)) -> Business:
    return Business(
        business_id=business_id,
        business_name=business_id.title(),
        components=tuple(
            Component(component_id=name, component_name=name, image_name=image, environment_variables={"A": "1"})
            for name in components
        ),
    )


def accept(store: Store, spec: Business, at: float = 1.0, source: str = "api") -> Accepted:
    return store.desired.accept(spec, source=source, who="tester", at=at)


def key(component: str = "web", instance: int = 0, business_id: str = "shop") -> InstanceKey:
    return InstanceKey(business_id, component, instance)


def instance(where: InstanceKey | None = None, status: Status = Status.RUNNING, **more: Any) -> InstanceReport:
    where = where or key()
    fields: dict[str, Any] = {"digest": "d1", "version": 1, "container_id": "c1"} | more
    return InstanceReport(
        business_id=where.business_id,
        component_id=where.component_id,
        instance=where.instance,
        status=status,
        **fields,
    )


def component(where: InstanceKey, status: Status, timestamp: float, **more: Any) -> ComponentReport:
    fields: dict[str, Any] = {"digest": "d1", "version": 1, "container_id": "c1"} | more
    return ComponentReport(
        business_id=where.business_id,
        component_id=where.component_id,
        instance=where.instance,
        status=status,
        node_id="n1",
        timestamp=timestamp,
        **fields,
    )


def report(*instances: InstanceReport, node_id: str = "n1", timestamp: float = 1.0, **more: Any) -> NodeReport:
    fields: dict[str, Any] = {"capacity": NodeCapacity(cpu_cores=4, memory_mb=8192)} | more
    return NodeReport(node_id=node_id, address="http://n1:7701", instances=instances, timestamp=timestamp, **fields)


def using(cpu: float, memory: float = 100.0) -> InstanceReport:
    return instance(resource_usage=Usage(cpu_percent=cpu, memory_mb=memory))


def unconfirmed(where: InstanceKey | None = None, version: int = 1, node_id: str = "n1") -> Allocation:
    return Allocation(
        where or key(), node_id, Status.PENDING, "d1", version, Reservation(cpu_cores=1.0), confirmed=False
    )


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What another program sees in the database."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()

"""What the database has of a business beside its desired state: its saved status, and when what changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from reconciler.manifest.model import Business
from reconciler.store.db.database import Work
from reconciler.store.db.schema import business_components, businesses
from reconciler.store.model import ComponentRow
from reconciler.wire.messages import Status


@dataclass(frozen=True, slots=True)
class BusinessRecord:
    """A business's saved status, when it was created, and when it or its status last changed (epoch seconds).

    `components` has the saved status of each component.
    """

    status: str
    created_at: float
    updated_at: float
    components: Mapping[str, ComponentRow] = field(default_factory=dict)


BusinessRecords = Mapping[str, BusinessRecord]
"""Records by business id."""


def record_after(business: Business, before: BusinessRecord | None, at: float) -> BusinessRecord:
    """Make the record once this spec holds: components that stay keep their status, new ones are pending."""
    known = before.components if before else {}
    components = {}
    for component in business.components:
        name = component.component_id
        new = ComponentRow(business.business_id, name, Status.PENDING.value)
        components[name] = known.get(name, new)
    return BusinessRecord(
        status=before.status if before else Status.PENDING.value,
        created_at=before.created_at if before else at,
        updated_at=at,
        components=components,
    )


def read_records(work: Work) -> BusinessRecords:
    """Read the records of every business."""
    components: dict[str, dict[str, ComponentRow]] = {}
    for row in work.execute(select(business_components)):
        saved = ComponentRow(
            row.business_id, row.component_id, row.status, row.node_id, row.container_id, row.started_at
        )
        components.setdefault(row.business_id, {})[row.component_id] = saved
    return {
        row.business_id: BusinessRecord(row.status, row.created_at, row.updated_at, components.get(row.business_id, {}))
        for row in work.execute(select(businesses))
    }

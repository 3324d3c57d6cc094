"""The derived statuses, saved so that they can be read with any SQL tool and outlive the manager."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import bindparam, select, update

from reconciler.store.db.database import Committed, Database
from reconciler.store.db.schema import agents, business_components, businesses
from reconciler.store.model import BusinessRow, ComponentRow
from reconciler.store.tables.business_records import BusinessRecord, BusinessRecords

# A node that was forgotten meanwhile becomes NULL instead of breaking the foreign key.
KNOWN_NODE = select(agents.c.agent_id).where(agents.c.agent_id == bindparam("node")).scalar_subquery()

SAVE_COMPONENT = (
    update(business_components)
    .where(
        business_components.c.business_id == bindparam("business"),
        business_components.c.component_id == bindparam("component"),
    )
    .values(
        status=bindparam("new_status"),
        node_id=KNOWN_NODE,
        container_id=bindparam("container"),
        started_at=bindparam("started"),
        updated_at=bindparam("now"),
    )
)

SAVE_BUSINESS = (
    update(businesses)
    .where(businesses.c.business_id == bindparam("business"))
    .values(status=bindparam("new_status"), updated_at=bindparam("now"))
)


class Statuses:
    """The saved statuses of businesses and components, and when they last changed."""

    def __init__(self, database: Database, records: Committed[BusinessRecords]) -> None:
        self._database = database
        self._records = records

    def times(self) -> dict[str, tuple[float, float]]:
        """Tell when each business was created, and when it or its status last changed."""
        return {key: (record.created_at, record.updated_at) for key, record in self._records.get().items()}

    def save(self, business_rows: Iterable[BusinessRow], component_rows: Iterable[ComponentRow], at: float) -> None:
        """Save the statuses that differ from the saved ones; rows of what is unknown are skipped."""
        with self._database.transaction() as work:
            records = self._records.get()
            changed: dict[str, BusinessRecord] = {}
            saved_businesses, saved_components = [], []
            for row in business_rows:
                record = records.get(row.business_id)
                if record is not None and record.status != row.status:
                    changed[row.business_id] = replace(record, status=row.status, updated_at=at)
                    saved_businesses.append({"business": row.business_id, "new_status": row.status, "now": at})
            for component in component_rows:
                key = component.business_id
                record = changed.get(key, records.get(key))
                if record is not None and _differs(record, component):
                    components = {**record.components, component.component_id: component}
                    changed[key] = replace(record, components=components)
                    saved_components.append(_parameters(component, at))
            if saved_businesses:
                work.execute(SAVE_BUSINESS, saved_businesses)
            if saved_components:
                work.execute(SAVE_COMPONENT, saved_components)
            if changed:
                self._records.set({**records, **changed})


def _differs(record: BusinessRecord, component: ComponentRow) -> bool:
    """Whether a component of the business has another status than the saved one."""
    saved = record.components.get(component.component_id)
    return saved is not None and saved != component


def _parameters(row: ComponentRow, at: float) -> dict[str, object]:
    """What `SAVE_COMPONENT` needs to save this row."""
    return {
        "business": row.business_id,
        "component": row.component_id,
        "new_status": row.status,
        "node": row.node_id,
        "container": row.container_id,
        "started": row.started_at,
        "now": at,
    }

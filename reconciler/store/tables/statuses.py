"""The derived statuses, saved so that they can be read with any SQLite tool and outlive the manager."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import bindparam, select, update

from reconciler.store.db.schema import agents, business_components, businesses
from reconciler.store.model import BusinessRow, ComponentRow
from reconciler.store.tables.desired import DesiredStore, Kept

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


class StatusStore(DesiredStore):
    """Saving statuses, only those that changed."""

    def save_statuses(
        self, business_rows: Iterable[BusinessRow], component_rows: Iterable[ComponentRow], at: float
    ) -> None:
        """Save the statuses that differ from the saved ones; rows of what is unknown are skipped."""
        with self._database.lock:
            changed: dict[str, Kept] = {}
            saved_businesses, saved_components = [], []
            for row in business_rows:
                kept = self._kept.get(row.business_id)
                if kept is not None and kept.status != row.status:
                    changed[row.business_id] = replace(kept, status=row.status, updated_at=at)
                    saved_businesses.append({"business": row.business_id, "new_status": row.status, "now": at})
            for component in component_rows:
                key = component.business_id
                kept = changed.get(key) or self._kept.get(key)
                if kept is None or component.component_id not in kept.components:
                    continue
                if kept.components[component.component_id][0] != component:
                    components = kept.components | {component.component_id: (component, at)}
                    changed[key] = replace(kept, components=components)
                    saved_components.append(parameters(component, at))
            if not changed:
                return
            with self._database.transaction() as connection:
                if saved_businesses:
                    connection.execute(SAVE_BUSINESS, saved_businesses)
                if saved_components:
                    connection.execute(SAVE_COMPONENT, saved_components)
            self._kept.update(changed)


def parameters(row: ComponentRow, at: float) -> dict[str, object]:
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

"""The first schema. History: never change it, add the next number."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    """
    CREATE TABLE agents (
        agent_id TEXT NOT NULL,
        address TEXT NOT NULL,
        cpu_cores FLOAT NOT NULL,
        memory_mb INTEGER NOT NULL,
        labels TEXT NOT NULL,
        gpus TEXT NOT NULL,
        runtimes TEXT NOT NULL,
        cpu_percent FLOAT NOT NULL,
        memory_used_mb FLOAT NOT NULL,
        cordoned BOOLEAN NOT NULL,
        reported_at TIMESTAMP NOT NULL,
        last_seen TIMESTAMP NOT NULL,
        PRIMARY KEY (agent_id)
    )
    """,
    """
    CREATE TABLE businesses (
        business_id TEXT NOT NULL,
        business_name TEXT NOT NULL,
        status TEXT NOT NULL,
        created_at TIMESTAMP NOT NULL,
        updated_at TIMESTAMP NOT NULL,
        source TEXT NOT NULL,
        revision INTEGER NOT NULL,
        stopped BOOLEAN NOT NULL,
        restarts INTEGER NOT NULL,
        PRIMARY KEY (business_id)
    )
    """,
    """
    CREATE TABLE counters (
        name TEXT NOT NULL,
        value INTEGER NOT NULL,
        PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE events (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        at TIMESTAMP NOT NULL,
        kind TEXT NOT NULL,
        business_id TEXT,
        component_id TEXT,
        instance INTEGER,
        node_id TEXT,
        message TEXT NOT NULL
    )
    """,
    """
    CREATE INDEX events_by_business ON events (business_id, id)
    """,
    """
    CREATE INDEX events_by_node ON events (node_id, id)
    """,
    """
    CREATE TABLE revisions (
        business_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        spec TEXT NOT NULL,
        digest TEXT NOT NULL,
        source TEXT NOT NULL,
        who TEXT NOT NULL,
        at TIMESTAMP NOT NULL,
        PRIMARY KEY (business_id, number)
    )
    """,
    """
    CREATE TABLE business_components (
        business_id TEXT NOT NULL,
        component_id TEXT NOT NULL,
        component_name TEXT NOT NULL,
        type TEXT NOT NULL,
        image_url TEXT,
        image_name TEXT,
        resource_requirements TEXT NOT NULL,
        environment_variables TEXT,
        config_files TEXT,
        affinity TEXT,
        node_id TEXT,
        container_id TEXT,
        status TEXT NOT NULL,
        started_at TIMESTAMP,
        updated_at TIMESTAMP,
        PRIMARY KEY (business_id, component_id),
        FOREIGN KEY(business_id) REFERENCES businesses (business_id) ON DELETE CASCADE,
        FOREIGN KEY(node_id) REFERENCES agents (agent_id) ON DELETE SET NULL
    )
    """,
    """
    CREATE INDEX business_components_by_node ON business_components (node_id)
    """,
    """
    CREATE TABLE instances (
        business_id TEXT NOT NULL,
        component_id TEXT NOT NULL,
        instance INTEGER NOT NULL,
        node_id TEXT NOT NULL,
        status TEXT NOT NULL,
        digest TEXT NOT NULL,
        version INTEGER NOT NULL,
        promise TEXT NOT NULL,
        container_id TEXT,
        confirmed BOOLEAN NOT NULL,
        ended BOOLEAN NOT NULL,
        message TEXT NOT NULL,
        started_at TIMESTAMP,
        updated_at TIMESTAMP NOT NULL,
        PRIMARY KEY (business_id, component_id, instance, node_id),
        FOREIGN KEY(node_id) REFERENCES agents (agent_id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX instances_by_node ON instances (node_id)
    """,
    """
    CREATE TABLE component_metrics (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        component_id TEXT NOT NULL,
        timestamp TIMESTAMP NOT NULL,
        cpu_percent FLOAT NOT NULL,
        memory_mb INTEGER NOT NULL,
        gpu_percent FLOAT,
        business_id TEXT NOT NULL,
        instance INTEGER NOT NULL,
        span INTEGER NOT NULL,
        FOREIGN KEY(business_id, component_id) REFERENCES business_components (business_id, component_id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX component_metrics_by_component ON component_metrics (business_id, component_id, timestamp)
    """,
    """
    CREATE INDEX component_metrics_by_time ON component_metrics (span, timestamp)
    """,
)


def upgrade() -> None:
    """Make every table."""
    for statement in STATEMENTS:
        op.execute(statement)

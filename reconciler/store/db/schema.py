"""The tables as they are at `HEAD`; `migrations/versions` leads every older database there."""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.types import UserDefinedType

HEAD = "0005"
"""The newest migration this version knows."""


class Seconds(UserDefinedType[float]):
    """Seconds since the epoch in a column declared TIMESTAMP, which SQLite keeps as a number."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The column's type in DDL."""
        return "TIMESTAMP"

    def result_processor(self, dialect: object, coltype: object) -> Any:
        """SQLite gives whole seconds back as int."""
        return lambda value: None if value is None else float(value)


metadata = MetaData()

agents = Table(
    "agents",
    metadata,
    Column("agent_id", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("cpu_cores", Float, nullable=False),
    Column("memory_mb", Integer, nullable=False),
    Column("labels", Text, nullable=False),
    Column("gpus", Text, nullable=False),
    Column("runtimes", Text, nullable=False),
    Column("cpu_percent", Float, nullable=False),
    Column("memory_used_mb", Float, nullable=False),
    Column("cordoned", Boolean, nullable=False),
    Column("draining", Boolean, nullable=False, server_default=text("0")),
    Column("drain_by", Seconds),
    Column("images", Text, nullable=False, server_default=text("'{}'")),
    Column("disk_free_mb", Integer),
    Column("reported_at", Seconds, nullable=False),
    Column("last_seen", Seconds, nullable=False),
)

businesses = Table(
    "businesses",
    metadata,
    Column("business_id", Text, primary_key=True),
    Column("business_name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("updated_at", Seconds, nullable=False),
    Column("source", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("restarts", Integer, nullable=False),
    Column("paused", Boolean, nullable=False, server_default=text("0")),
    Column("pinned", Integer),
    Column("quarantined", Text, nullable=False, server_default=text("'[]'")),
)

business_components = Table(
    "business_components",
    metadata,
    Column("business_id", Text, ForeignKey("businesses.business_id", ondelete="CASCADE"), primary_key=True),
    Column("component_id", Text, primary_key=True),
    Column("component_name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("image_url", Text),
    Column("image_name", Text),
    Column("resource_requirements", Text, nullable=False),
    Column("environment_variables", Text),
    Column("config_files", Text),
    Column("affinity", Text),
    Column("node_id", Text, ForeignKey("agents.agent_id", ondelete="SET NULL")),
    Column("container_id", Text),
    Column("status", Text, nullable=False),
    Column("started_at", Seconds),
    Column("updated_at", Seconds),
    Index("business_components_by_node", "node_id"),
)

instances = Table(
    "instances",
    metadata,
    Column("business_id", Text, primary_key=True),
    Column("component_id", Text, primary_key=True),
    Column("instance", Integer, primary_key=True),
    Column("node_id", Text, ForeignKey("agents.agent_id", ondelete="CASCADE"), primary_key=True),
    Column("status", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("reservation", Text, nullable=False),
    Column("container_id", Text),
    Column("confirmed", Boolean, nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("message", Text, nullable=False),
    Column("started_at", Seconds),
    Column("updated_at", Seconds, nullable=False),
    Column("failed_digest", Text, nullable=False, server_default=text("''")),
    Column("drift", Text, nullable=False, server_default=text("'[]'")),
    Index("instances_by_node", "node_id"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("business_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("spec", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Seconds, nullable=False),
    Column("git_commit", Text),
    Column("author", Text),
    Column("subject", Text),
    Column("committed_at", Seconds),
    Column("operation", Text, nullable=False, server_default=text("''")),
)

version_results = Table(
    "version_results",
    metadata,
    Column("business_id", Text, ForeignKey("businesses.business_id", ondelete="CASCADE"), primary_key=True),
    Column("component_id", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Seconds, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Seconds, nullable=False),
    Column("kind", Text, nullable=False),
    Column("business_id", Text),
    Column("component_id", Text),
    Column("instance", Integer),
    Column("node_id", Text),
    Column("message", Text, nullable=False),
    Column("cause", Text, nullable=False, server_default=text("''")),
    Column("plan_hash", Text, nullable=False, server_default=text("''")),
    Index("events_by_business", "business_id", "id"),
    Index("events_by_node", "node_id", "id"),
    sqlite_autoincrement=True,
)

component_metrics = Table(
    "component_metrics",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("component_id", Text, nullable=False),
    Column("timestamp", Seconds, nullable=False),
    Column("cpu_percent", Float, nullable=False),
    Column("memory_mb", Integer, nullable=False),
    Column("gpu_percent", Float),
    Column("business_id", Text, nullable=False),
    Column("instance", Integer, nullable=False),
    Column("span", Integer, nullable=False),
    ForeignKeyConstraint(
        ["business_id", "component_id"],
        ["business_components.business_id", "business_components.component_id"],
        ondelete="CASCADE",
    ),
    Index("component_metrics_by_component", "business_id", "component_id", "timestamp"),
    Index("component_metrics_by_time", "span", "timestamp"),
    sqlite_autoincrement=True,
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Integer, nullable=False),
)

heals = Table(
    "heals",
    metadata,
    Column("business_id", Text, primary_key=True),
    Column("component_id", Text, primary_key=True),
    Column("instance", Integer, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("first_at", Seconds, nullable=False),
    Column("last_at", Seconds, nullable=False),
)

vanished = Table(
    "vanished",
    metadata,
    Column("business_id", Text, primary_key=True),
    Column("component_id", Text, primary_key=True),
    Column("instance", Integer, primary_key=True),
    Column("node_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("business_id", Text, primary_key=True),
    Column("component_id", Text, primary_key=True),
    Column("instance", Integer, primary_key=True),
    Column("node_id", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("plan_hash", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Seconds, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Seconds, nullable=False),
    Column("plan_hash", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("actions", Integer, nullable=False),
    Column("manifest", Text, nullable=False),
    Index("decisions_by_hash", "plan_hash"),
    sqlite_autoincrement=True,
)

decision_parts = Table(
    "decision_parts",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("last", Integer),
    Index("decision_parts_by_last", "last", "size"),
)

executions = Table(
    "executions",
    metadata,
    Column("plan_hash", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Seconds, nullable=False),
    Column("state", Text, nullable=False),
    Column("departures", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("at", Seconds, nullable=False),
)

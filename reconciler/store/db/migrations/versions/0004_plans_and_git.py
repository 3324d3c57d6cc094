"""Kept plans, approvals, drift, and where revisions come from. History: never change it, add the next number."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    "ALTER TABLE agents ADD COLUMN drain_by TIMESTAMP",
    "ALTER TABLE agents ADD COLUMN images TEXT DEFAULT '{}' NOT NULL",
    "ALTER TABLE agents ADD COLUMN disk_free_mb INTEGER",
    "ALTER TABLE businesses ADD COLUMN paused BOOLEAN DEFAULT 0 NOT NULL",
    "ALTER TABLE businesses ADD COLUMN pinned INTEGER",
    "ALTER TABLE businesses ADD COLUMN quarantined TEXT DEFAULT '[]' NOT NULL",
    "ALTER TABLE instances ADD COLUMN drift TEXT DEFAULT '[]' NOT NULL",
    "ALTER TABLE revisions ADD COLUMN git_commit TEXT",
    "ALTER TABLE revisions ADD COLUMN author TEXT",
    "ALTER TABLE revisions ADD COLUMN subject TEXT",
    "ALTER TABLE revisions ADD COLUMN committed_at TIMESTAMP",
    "ALTER TABLE events ADD COLUMN cause TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE events ADD COLUMN plan_hash TEXT DEFAULT '' NOT NULL",
    "CREATE TABLE heals (business_id TEXT NOT NULL, component_id TEXT NOT NULL, instance INTEGER NOT NULL, "
    "field TEXT NOT NULL, count INTEGER NOT NULL, first_at TIMESTAMP NOT NULL, last_at TIMESTAMP NOT NULL, "
    "PRIMARY KEY (business_id, component_id, instance, field))",
    "CREATE TABLE vanished (business_id TEXT NOT NULL, component_id TEXT NOT NULL, instance INTEGER NOT NULL, "
    "node_id TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (business_id, component_id, instance))",
    "CREATE TABLE approvals (business_id TEXT NOT NULL, component_id TEXT NOT NULL, instance INTEGER NOT NULL, "
    "node_id TEXT NOT NULL, digest TEXT NOT NULL, plan_hash TEXT NOT NULL, who TEXT NOT NULL, at TIMESTAMP NOT NULL, "
    "PRIMARY KEY (business_id, component_id, instance, node_id, digest))",
    "CREATE TABLE decisions (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, at TIMESTAMP NOT NULL, "
    "plan_hash TEXT NOT NULL, version TEXT NOT NULL, actions INTEGER NOT NULL, manifest TEXT NOT NULL)",
    "CREATE INDEX decisions_by_hash ON decisions (plan_hash)",
    "CREATE TABLE decision_parts (digest TEXT NOT NULL, data BLOB NOT NULL, size INTEGER NOT NULL, last INTEGER, "
    "PRIMARY KEY (digest))",
    "CREATE INDEX decision_parts_by_last ON decision_parts (last, size)",
    "CREATE TABLE saved_plans (plan_hash TEXT NOT NULL, document TEXT NOT NULL, who TEXT NOT NULL, "
    "at TIMESTAMP NOT NULL, state TEXT NOT NULL, departures TEXT NOT NULL, PRIMARY KEY (plan_hash))",
    "CREATE TABLE deliveries (delivery_id TEXT NOT NULL, at TIMESTAMP NOT NULL, PRIMARY KEY (delivery_id))",
)


def upgrade() -> None:
    """Nothing was kept before."""
    for statement in STATEMENTS:
        op.execute(statement)

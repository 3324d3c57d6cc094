"""Nodes that give away what they run. History: never change it, add the next number."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """No node is draining yet."""
    op.execute("ALTER TABLE agents ADD COLUMN draining BOOLEAN DEFAULT 0 NOT NULL")

"""Reservations, version results and executions by their names. History: never change it, add the next number."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    "ALTER TABLE instances RENAME COLUMN promise TO reservation",
    "ALTER TABLE verdicts RENAME TO version_results",
    "ALTER TABLE version_results RENAME COLUMN verdict TO outcome",
    "ALTER TABLE saved_plans RENAME TO executions",
)


def upgrade() -> None:
    """What the tables hold stays as it is."""
    for statement in STATEMENTS:
        op.execute(statement)

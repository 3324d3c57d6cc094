"""Reservations, version results and executions by their names, and what operation made a revision. History: never change it, add the next number."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    "ALTER TABLE instances RENAME COLUMN promise TO reservation",
    "ALTER TABLE verdicts RENAME TO version_results",
    "ALTER TABLE version_results RENAME COLUMN verdict TO outcome",
    "ALTER TABLE saved_plans RENAME TO executions",
    "ALTER TABLE revisions ADD COLUMN operation TEXT DEFAULT '' NOT NULL",
    # It stood behind the caller: `api 127.0.0.1: rollback to revision 1`.
    "UPDATE revisions SET operation = substr(who, instr(who, ': ') + 2), who = substr(who, 1, instr(who, ': ') - 1) "
    "WHERE who LIKE 'api %: rollback to revision %'",
)


def upgrade() -> None:
    """What the tables hold stays as it is."""
    for statement in STATEMENTS:
        op.execute(statement)

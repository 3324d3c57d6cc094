"""What became of new versions. History: never change it, add the next number."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing has failed, and no version was judged yet."""
    op.execute("ALTER TABLE instances ADD COLUMN failed_digest TEXT DEFAULT '' NOT NULL")
    op.execute(
        "CREATE TABLE verdicts ("
        "business_id TEXT NOT NULL, "
        "component_id TEXT NOT NULL, digest TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL, "
        "at TIMESTAMP NOT NULL, PRIMARY KEY (business_id, component_id, digest), "
        "FOREIGN KEY(business_id) REFERENCES businesses (business_id) ON DELETE CASCADE)"
    )

"""Insert rows or update those that are there, many at once."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import insert


def upsert(
    connection: Connection, table: Table, rows: Sequence[dict[str, object]], keep: Sequence[str] = ()
) -> None:
    """Write rows by their primary key; the columns in `keep` stay as they are in rows that exist."""
    if not rows:
        return
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    update = {name: statement.excluded[name] for name in rows[0] if name not in keys and name not in keep}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=update), rows)

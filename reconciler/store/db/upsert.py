"""Insert rows or update those that are there, many at once."""

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import Insert, insert


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, object]], keep: tuple[str, ...] = ()) -> None:
    """Write rows by their primary key; the columns in `keep` stay as they are in rows that exist."""
    if rows:
        connection.execute(upserting(table, tuple(rows[0]), keep), rows)


@lru_cache(maxsize=32)
def upserting(table: Table, names: tuple[str, ...], keep: tuple[str, ...]) -> Insert:
    """The statement; building one takes longer than running it."""
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    update = {name: statement.excluded[name] for name in names if name not in keys and name not in keep}
    return statement.on_conflict_do_update(index_elements=keys, set_=update)

"""The statement that inserts rows or updates those that are there. Databases spell it in their own ways."""

from functools import lru_cache

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import Insert, insert


@lru_cache(maxsize=64)
def upserting(table: Table, names: tuple[str, ...], keep: tuple[str, ...]) -> Insert:
    """Make the statement for rows of these columns; the columns in `keep` stay as they are in rows that exist.

    Building one takes longer than running it.
    """
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    update = {name: statement.excluded[name] for name in names if name not in keys and name not in keep}
    return statement.on_conflict_do_update(index_elements=keys, set_=update)

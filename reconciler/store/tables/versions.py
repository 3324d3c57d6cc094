"""Fencing versions: each request to an agent carries one, and an agent refuses those that are older than it knows."""

from dataclasses import dataclass

from sqlalchemy import select

from reconciler.store.db.database import Committed, Database
from reconciler.store.db.schema import counters

COUNTER = "version"

RESERVED_AT_ONCE = 100
"""How many versions are written down at once as given, so that most actions wait for no disk; some are never used."""


@dataclass(frozen=True, slots=True)
class Given:
    """The greatest version that was given or reported, and the greatest that the database says so of."""

    last: int
    reserved: int


class Versions:
    """Giving versions that only grow, whatever crashed in between."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as work:
            last = work.execute(select(counters.c.value).where(counters.c.name == COUNTER)).scalar_one_or_none()
        start = 0 if last is None else last
        self._given = Committed(database, Given(start, start))

    def next(self, count: int) -> range:
        """Give `count` versions, each greater than any that was given or reported before, for good."""
        with self._database.transaction():
            given = self._given.get()
            last = given.last + count
            self._follow(last, last + RESERVED_AT_ONCE)
            return range(given.last + 1, last + 1)

    def saw(self, version: int) -> None:
        """Take note of a version that a node reported."""
        with self._database.transaction():
            self._follow(max(version, self._given.get().last), version)

    def _follow(self, last: int, reserve: int) -> None:
        """Bring memory to the last version, and the database to `reserve` where it says less than the last."""
        given = self._given.get()
        reserved = given.reserved
        if last > reserved:
            with self._database.transaction() as work:
                work.upsert(counters, [{"name": COUNTER, "value": reserve}])
            reserved = reserve
        assert given.last <= last <= reserved, "rule 2: a version is given once, and none that a crash could give again"
        if last != given.last:
            self._given.set(Given(last, reserved))

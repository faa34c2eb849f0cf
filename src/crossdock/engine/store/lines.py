"""Who waits in line for a quota, in order; one line for all workers."""

from datetime import datetime

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema_prices import place


def stand(db: Database, line: str, key: str, now: datetime, absent: datetime) -> int:
    """How many stand before the key, which keeps its place or takes the last one. Who should have
    come again before `absent` has lost its place.
    """
    row = {"line": line, "key": key, "until": now}
    mine = sa.select(place.c.n).where(place.c.line == line, place.c.key == key).scalar_subquery()
    with db.writing() as connection:
        connection.execute(place.delete().where(place.c.line == line, place.c.until < absent))
        connection.execute(upsert(db, place).on_conflict_do_nothing(), row)
        before = sa.select(sa.func.count()).where(place.c.line == line, place.c.n < mine)
        return connection.execute(before).scalar_one()


def come_again(db: Database, line: str, key: str, until: datetime) -> None:
    """Its turn comes then."""
    mine = (place.c.line == line) & (place.c.key == key)
    with db.writing() as connection:
        connection.execute(place.update().where(mine).values(until=until))


def leave(db: Database, line: str, key: str) -> None:
    """It does not wait any longer."""
    mine = (place.c.line == line) & (place.c.key == key)
    with db.writing() as connection:
        connection.execute(place.delete().where(mine))

"""Persistent quota buckets, shared by all workers of one store."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema import bucket
from crossdock.kernel.quota import PACE, Grant, Level, Pace


class StoredBuckets:
    """The Buckets of `kernel.quota` on the store. Levels survive restarts."""

    def __init__(self, db: Database, now: Callable[[], datetime], pace: Pace = PACE) -> None:
        self._db, self._now, self._pace = db, now, pace

    def take(self, bucket: str, want: int, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        """Up to `want` tokens now, in one transaction; see kernel.quota.Buckets."""
        with self._db.writing() as connection:
            level, room = self._look(self._held(connection, bucket, burst), rate, burst, reserve)
            granted = min(want, room.granted)
            self._write(connection, bucket, level.less(granted))
        return Grant(granted) if granted == want else room

    def room(self, bucket: str, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        """What `take` would give now; see kernel.quota.Buckets."""
        with self._db.reading() as connection:
            row = connection.execute(_select(bucket)).first()
        level = Level(float(burst), self._now()) if row is None else _level(row)
        return self._look(level, rate, burst, reserve)[1]

    def observe(self, bucket: str, rate: Decimal) -> None:
        """Adopt the rate the other side names, when it differs from what is stored."""
        with self._db.reading() as connection:
            known = connection.execute(_select(bucket)).first()
        if known is None or known.header_rate == float(rate):
            return
        with self._db.writing() as connection:
            connection.execute(_update(bucket).values(header_rate=float(rate)))

    def throttled(self, bucket: str, published: Decimal) -> timedelta:
        """Empty the bucket; after repeated refusals learn a lower rate."""
        with self._db.writing() as connection:
            level = self._held(connection, bucket, 0)
            level = level.refused(float(published), self._pace, self._now())
            self._write(connection, bucket, level)
        return level.wait(float(published), self._pace, random.random())

    def all(self) -> list[dict[str, Any]]:
        """Every bucket, for `doctor` and dashboards."""
        with self._db.reading() as connection:
            return [dict(r._mapping) for r in connection.execute(sa.select(bucket))]

    def _look(self, level: Level, rate: Decimal, burst: int, reserve: int) -> tuple[Level, Grant]:
        now, published = self._now(), float(rate)
        level = level.filled(published, burst, self._pace, now)
        return level, level.room(reserve, level.rate(published, self._pace, now))

    def _held(self, connection: sa.Connection, name: str, burst: int) -> Level:
        """The level, locked until the transaction ends."""
        query = _select(name)
        if self._db.is_postgres:
            query = query.with_for_update()
        row = connection.execute(query).first()
        if row is None:
            # Two workers may meet a new bucket at once; one of them inserts it.
            connection.execute(
                upsert(self._db, bucket).on_conflict_do_nothing(index_elements=["name"]),
                {"name": name, "level": float(burst), "at": self._now(), "strikes": 0},
            )
            row = connection.execute(query).one()
        return _level(row)

    @staticmethod
    def _write(connection: sa.Connection, name: str, level: Level) -> None:
        connection.execute(
            _update(name).values(
                level=level.tokens, at=level.at, learned_rate=level.learned,
                strikes=level.strikes, struck_at=level.struck_at,
            )
        )  # fmt: skip


def _select(name: str) -> sa.Select[Any]:
    return sa.select(bucket).where(bucket.c.name == name)


def _update(name: str) -> sa.Update:
    return bucket.update().where(bucket.c.name == name)


def _level(row: Any) -> Level:
    return Level(row.level, row.at, row.header_rate, row.learned_rate, row.strikes, row.struck_at)

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
from crossdock.kernel.quota import Grant

# Amazon's header and its behaviour differ now and then, so a little of the rate stays unused.
_USED_SHARE = 0.95
_STRIKES_TO_LEARN = 2
_STRIKE_MEMORY = timedelta(minutes=30)
_FIRST_STEP, _NEXT_STEP = 0.7, 0.85  # far down at first, then in small steps around the real rate
_RECOVERY_PER_HOUR = 2.0  # without refusals a learned rate climbs back: 70 % in 13 minutes
_SLOWEST_SHARE = 0.05


class StoredBuckets:
    """The Buckets of `kernel.quota` on the store. Levels survive restarts."""

    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db, self._now = db, now

    def take(self, bucket: str, want: int, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        """Up to `want` tokens now, in one transaction; see kernel.quota.Buckets."""
        with self._db.writing() as connection:
            row = self._row(connection, bucket, burst)
            now = self._now()
            per_second = _effective(row, float(rate), now)
            level = _level(row, per_second, burst, now)
            granted = max(0, min(want, int(level - reserve + 1e-6)))
            self._write(connection, bucket, level=level - granted, at=max(now, row.at))
        if granted == want:
            return Grant(granted)
        missing = 1 + reserve - (level - granted)  # tokens until the next one may go
        return Grant(granted, timedelta(seconds=max(missing, 0.05) / per_second + 0.001))

    def room(self, bucket: str, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        """What `take` would give now; see kernel.quota.Buckets."""
        with self._db.reading() as connection:
            row = connection.execute(_select(bucket)).first()
        if row is None:
            return Grant(max(0, burst - reserve))
        now = self._now()
        per_second = _effective(row, float(rate), now)
        level = _level(row, per_second, burst, now)
        granted = max(0, int(level - reserve + 1e-6))
        return Grant(granted, timedelta(seconds=(1 + reserve - (level - granted)) / per_second))

    def observe(self, bucket: str, rate: Decimal) -> None:
        """Adopt the rate the other side names, when it differs from what is stored."""
        with self._db.reading() as connection:
            known = connection.execute(_select(bucket)).first()
        if known is None or known.header_rate == float(rate):
            return
        with self._db.writing() as connection:
            self._write(connection, bucket, header_rate=float(rate))

    def throttled(self, bucket: str, published: Decimal) -> timedelta:
        """Empty the bucket; after repeated refusals learn a lower rate."""
        with self._db.writing() as connection:
            row = self._row(connection, bucket, 0)
            now = self._now()
            recent = row.struck_at is not None and now - row.struck_at < _STRIKE_MEMORY
            strikes = row.strikes + 1 if recent else 1
            rate = _effective(row, float(published), now)
            learned = row.learned_rate
            if strikes >= _STRIKES_TO_LEARN:
                step = _FIRST_STEP if learned is None else _NEXT_STEP
                learned = max(rate / _USED_SHARE * step, float(published) * _SLOWEST_SHARE)
                rate = learned
            self._write(
                connection, bucket, level=0.0, at=now, strikes=strikes, struck_at=now,
                learned_rate=learned,
            )  # fmt: skip
        return timedelta(seconds=random.uniform(1.0, 1.25) / rate)

    def all(self) -> list[dict[str, Any]]:
        """Every bucket, for `doctor` and dashboards."""
        with self._db.reading() as connection:
            return [dict(r._mapping) for r in connection.execute(sa.select(bucket))]

    def _row(self, connection: sa.Connection, name: str, burst: int) -> Any:
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
        return row

    @staticmethod
    def _write(connection: sa.Connection, name: str, **values: object) -> None:
        connection.execute(bucket.update().where(bucket.c.name == name).values(**values))


def _select(name: str) -> sa.Select[Any]:
    return sa.select(bucket).where(bucket.c.name == name)


def _effective(row: Any, published: float, now: datetime) -> float:
    """Requests per second that are safe to use: the header's word, or lower if learned so."""
    rate = float(row.header_rate or published)
    if row.learned_rate is not None and row.struck_at is not None:
        hours = (now - row.struck_at).total_seconds() / 3600
        rate = min(rate, row.learned_rate * (1 + _RECOVERY_PER_HOUR * hours))
    return rate * _USED_SHARE


def _level(row: Any, per_second: float, burst: int, now: datetime) -> float:
    passed = max((now - row.at).total_seconds(), 0.0)
    return float(min(burst, row.level + passed * per_second))

"""Circuit breakers: a wave of one failure stops an operation instead of parking every record."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema import breaker


def open_until(db: Database, names: list[str], now: datetime) -> dict[str, tuple[datetime, str]]:
    """The breakers among `names` that are open now: until when, and the failure's words."""
    with db.reading() as connection:
        rows = connection.execute(
            sa.select(breaker).where(breaker.c.name.in_(names), breaker.c.open_until > now)
        )
        return {r.name: (r.open_until, r.message) for r in rows}


def open_one(
    db: Database, name: str, code: str, message: str, now: datetime, span: timedelta
) -> None:
    """Open, or keep open longer: each time in a row doubles the span, up to 16 times."""
    with db.writing() as connection:
        known = connection.execute(sa.select(breaker).where(breaker.c.name == name)).first()
        failures = known.failures + 1 if known is not None else 1
        until = now + span * min(2 ** (failures - 1), 16)
        insert = upsert(db, breaker)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["name"],
                set_={c: insert.excluded[c] for c in ("code", "failures", "open_until", "message")},
            ),
            {"name": name, "code": code, "failures": failures, "opened_at": now,
             "open_until": until, "message": message},
        )  # fmt: skip


def close(db: Database, name: str) -> None:
    """A call went through."""
    with db.writing() as connection:
        connection.execute(breaker.delete().where(breaker.c.name == name))


def all_of(db: Database) -> list[dict[str, Any]]:
    """Every breaker that is or was recently open."""
    with db.reading() as connection:
        return [dict(r._mapping) for r in connection.execute(sa.select(breaker))]

"""Changes that wait for a person, and what a person has approved: this value for this key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema import audit
from crossdock.engine.store.schema_prices import approved_change, held_change

Keys: TypeAlias = sa.Select[tuple[str]]
"""Asks for keys."""

HOUR = timedelta(hours=1)
LASTS = timedelta(days=1)
"""An approval is for now: what is not written by then has to be looked at again."""


@dataclass(frozen=True, slots=True)
class Held:
    """A write that waits."""

    kind: str  # "prices", "stock"
    key: str
    old: str | None
    new: str
    why: str
    since: datetime


def hold(db: Database, one: Held) -> None:
    """It waits. Held again, it waits since it was held first."""
    values = {name: getattr(one, name) for name in Held.__slots__}
    insert = upsert(db, held_change).values(**values)
    newer = {name: insert.excluded[name] for name in ("old", "new", "why")}
    with db.writing() as connection:
        connection.execute(insert.on_conflict_do_update(index_elements=["kind", "key"], set_=newer))


def release(db: Database, kind: str, key: str) -> None:
    """It waits no longer: it was written, or is not wanted any more."""
    mine = (held_change.c.kind == kind) & (held_change.c.key == key)
    with db.writing() as connection:
        connection.execute(sa.delete(held_change).where(mine))


def held(db: Database, kind: str = "") -> list[Held]:
    """What waits, by kind and key."""
    query = sa.select(held_change).order_by(held_change.c.kind, held_change.c.key)
    if kind:
        query = query.where(held_change.c.kind == kind)
    with db.reading() as connection:
        return [Held(**row) for row in connection.execute(query).mappings()]


def is_held(db: Database, kind: str, key: str) -> bool:
    """This very key waits."""
    mine = (held_change.c.kind == kind) & (held_change.c.key == key)
    with db.reading() as connection:
        return connection.execute(sa.select(held_change.c.key).where(mine)).first() is not None


def held_because(db: Database, kind: str, why: str) -> bool:
    """Something of that kind waits for that reason."""
    query = sa.select(held_change.c.key).where(held_change.c.kind == kind, held_change.c.why == why)
    with db.reading() as connection:
        return connection.execute(query.limit(1)).first() is not None


def approve(
    db: Database, kind: str, rows: Sequence[tuple[str, str]], plan: str, who: str, now: datetime
) -> None:
    """A person says that these keys may get these values; noted in the audit."""
    with db.writing() as connection:
        for key, new in rows:
            values: dict[str, Any] = {
                "kind": kind, "key": key, "new": new, "plan": plan, "who": who, "at": now,
            }  # fmt: skip
            insert = upsert(db, approved_change).values(**values)
            newer = {name: insert.excluded[name] for name in ("plan", "who", "at")}
            connection.execute(
                insert.on_conflict_do_update(index_elements=["kind", "key", "new"], set_=newer)
            )
        connection.execute(
            sa.insert(audit).values(
                at=now, who=who, did="approve plan", about=f"{kind} {plan}",
                detail={"changes": len(rows)},
            )
        )  # fmt: skip


def is_approved(db: Database, kind: str, key: str, new: str, now: datetime) -> bool:
    """A person has approved this very value, and not too long ago."""
    mine = (
        (approved_change.c.kind == kind)
        & (approved_change.c.key == key)
        & (approved_change.c.new == new)
        & (approved_change.c.at > now - LASTS)
    )
    with db.reading() as connection:
        return connection.execute(sa.select(approved_change.c.key).where(mine)).first() is not None


def has_pass(db: Database, kind: str, key: str, now: datetime) -> bool:
    """The key is among those of the last hour."""
    mine = _passes(kind, now) & (approved_change.c.key == key)
    with db.reading() as connection:
        return connection.execute(sa.select(approved_change.c.key).where(mine)).first() is not None


def _passes(kind: str, now: datetime) -> sa.ColumnElement[bool]:
    return (approved_change.c.kind == f"{kind}.pass") & (approved_change.c.at > now - HOUR)


def pass_within(db: Database, kind: str, key: str, most: int, others: Keys, now: datetime) -> bool:
    """One of at most so many keys within an hour; False when all have been given out. `others`
    are keys that were written in that time, with a pass or not. Keys of one batch, and of several
    workers, cannot all be the last one; who asks again for a key has its pass already.
    """
    passes, since, mine = f"{kind}.pass", now - HOUR, _passes(kind, now)
    with db.writing() as connection:
        if db.is_postgres:  # SQLite has one writer anyway
            connection.execute(sa.text("LOCK TABLE approved_change IN SHARE ROW EXCLUSIVE MODE"))
        given = sa.select(approved_change.c.key).where(mine)
        if connection.execute(given.where(approved_change.c.key == key)).first() is not None:
            return True  # another worker asked for the same key
        taken = sa.union(given, others).subquery()
        count = connection.execute(sa.select(sa.func.count()).select_from(taken)).scalar_one()
        if count >= most:
            return False
        connection.execute(
            sa.delete(approved_change).where(
                approved_change.c.kind == passes, approved_change.c.at <= since
            )
        )
        connection.execute(
            approved_change.insert().values(
                kind=passes, key=key, new="", plan="", who="limit", at=now
            )
        )
    return True


def used(db: Database, kind: str, key: str) -> None:
    """It has come into effect: whatever was approved for the key is over."""
    mine = (approved_change.c.kind == kind) & (approved_change.c.key == key)
    with db.writing() as connection:
        connection.execute(sa.delete(approved_change).where(mine))

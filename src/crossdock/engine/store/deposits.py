"""Entries of bank statements, and which settlements they are. Amounts are minor units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema import bank_entry, cross_check, deposit


@dataclass(frozen=True, slots=True)
class BankEntry:
    """A movement on the account."""

    id: str
    account: str
    day: str
    amount: int
    currency: str
    text: str
    reference: str
    source: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Deposit:
    """This entry pays that settlement; `how` says who or what has found it."""

    entry_id: str
    settlement_id: str
    how: str
    who: str
    at: datetime


def keep(db: Database, entries: Iterable[BankEntry]) -> int:
    """Remember entries; how many are new."""
    rows = [{name: getattr(e, name) for name in BankEntry.__slots__} for e in entries]
    if not rows:
        return 0
    ids = [row["id"] for row in rows]
    with db.writing() as connection:
        count = sa.select(sa.func.count()).where(bank_entry.c.id.in_(ids))
        known = connection.execute(count).scalar_one()
        connection.execute(upsert(db, bank_entry).on_conflict_do_nothing(), rows)
    return len(set(ids)) - int(known)


def entries(db: Database) -> list[BankEntry]:
    """All entries, newest first."""
    query = sa.select(bank_entry).order_by(bank_entry.c.day.desc(), bank_entry.c.id)
    with db.reading() as connection:
        return [BankEntry(**dict(row)) for row in connection.execute(query).mappings()]


def deposits(db: Database) -> list[Deposit]:
    """Everything that was matched."""
    query = sa.select(deposit).order_by(deposit.c.entry_id, deposit.c.settlement_id)
    with db.reading() as connection:
        return [Deposit(**dict(row)) for row in connection.execute(query).mappings()]


def match(db: Database, rows: Iterable[Deposit]) -> None:
    """Remember that these entries pay those settlements; what is known stays as it is."""
    values = [{name: getattr(row, name) for name in Deposit.__slots__} for row in rows]
    with db.writing() as connection:
        connection.execute(upsert(db, deposit).on_conflict_do_nothing(), values)


def release(db: Database, entry_id: str) -> int:
    """The entry pays nothing any more; how many settlements it paid."""
    with db.writing() as connection:
        done = connection.execute(deposit.delete().where(deposit.c.entry_id == entry_id))
        return int(done.rowcount)


def keep_check(db: Database, settlement_id: str, at: datetime, detail: Mapping[str, Any]) -> None:
    """What Amazon's other sources said; the latest counts."""
    row = {"at": at, "detail": dict(detail)}
    with db.writing() as connection:
        connection.execute(
            upsert(db, cross_check)
            .values(settlement_id=settlement_id, **row)
            .on_conflict_do_update(index_elements=["settlement_id"], set_=row)
        )


def checks(db: Database) -> dict[str, Mapping[str, Any]]:
    """By settlement."""
    with db.reading() as connection:
        return {r.settlement_id: r.detail for r in connection.execute(sa.select(cross_check))}

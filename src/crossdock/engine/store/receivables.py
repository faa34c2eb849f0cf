"""What settlements say of orders, and the receipts that clear them. Amounts are minor units."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema import cleared, receipt, settled_order

PLANNED, DONE, REFUSED, REVERSED = "planned", "done", "refused", "reversed"
RECEIPT, MEMO = "receipt", "credit memo"
_AT_ONCE = 500  # orders in one query


@dataclass(frozen=True, slots=True)
class SettledOrder:
    """What a settlement says of an order."""

    settlement_id: str
    order_id: str
    kind: str
    currency: str
    amount: int
    to_clear: bool
    posted: str  # a day
    first_line: int


@dataclass(frozen=True, slots=True)
class Step:
    """A receipt or credit memo on its way into TIMS, or in it. `content` is what was sent."""

    ref: str
    settlement_id: str
    revision: int
    kind: str
    state: str
    number: str
    at: datetime
    who: str
    content: Mapping[str, Any]


class Clears(NamedTuple):
    """A receipt settles this document for that order."""

    order_id: str
    kind: str
    document: str
    amount: int


def keep_settled(db: Database, settlement_id: str, rows: Iterable[SettledOrder]) -> None:
    """What the settlement says now; what was kept of it before is replaced."""
    values = [{name: getattr(row, name) for name in SettledOrder.__slots__} for row in rows]
    with db.writing() as connection:
        connection.execute(
            settled_order.delete().where(settled_order.c.settlement_id == settlement_id)
        )
        if values:
            connection.execute(settled_order.insert(), values)


def settled(db: Database, settlement_id: str) -> list[SettledOrder]:
    """What this settlement says."""
    return _settled(db, settled_order.c.settlement_id == settlement_id)


def settled_orders(db: Database, orders: Collection[str]) -> list[SettledOrder]:
    """What every settlement says of these orders."""
    wanted = sorted(orders)
    return [
        row
        for n in range(0, len(wanted), _AT_ONCE)
        for row in _settled(db, settled_order.c.order_id.in_(wanted[n : n + _AT_ONCE]))
    ]


def settled_since(db: Database, since: str) -> list[SettledOrder]:
    """All of each order of which something was posted that day or later, or stands on the clearing
    account, however old.
    """
    took = _took()
    touched = (
        sa.select(settled_order.c.order_id)
        .select_from(settled_order.outerjoin(took, _same(took)))
        .where(sa.or_(settled_order.c.posted >= since, _stands(took)))
    )
    return _settled(db, settled_order.c.order_id.in_(touched))


def _settled(db: Database, wanted: sa.ColumnElement[bool]) -> list[SettledOrder]:
    query = (
        sa.select(settled_order)
        .where(wanted)
        .order_by(settled_order.c.order_id, settled_order.c.kind, settled_order.c.settlement_id)
    )
    with db.reading() as connection:
        return [SettledOrder(**dict(row)) for row in connection.execute(query).mappings()]


def plan(db: Database, step: Step, clears: Iterable[Clears] = ()) -> bool:
    """Write down what will be sent; False when somebody else has taken that reference."""
    values = {name: getattr(step, name) for name in Step.__slots__}
    rows = [{"ref": step.ref, **row._asdict()} for row in clears]
    with db.writing() as connection:
        done = connection.execute(
            upsert(db, receipt)
            .values(**values | {"content": dict(step.content)})
            .on_conflict_do_nothing()
            .returning(receipt.c.ref)
        )
        if done.first() is None:  # a count of rows is not told by every driver
            return False
        if rows:
            connection.execute(cleared.insert(), rows)
        return True


def mark(db: Database, ref: str, state: str, number: str = "") -> None:
    """How far it has come. Reversed and refused are the end."""
    values = {"state": state} | ({"number": number} if number else {})
    with db.writing() as connection:
        connection.execute(
            receipt.update()
            .where(receipt.c.ref == ref)
            .where(receipt.c.state.not_in([REVERSED, REFUSED]))
            .values(values)
        )


def steps(db: Database, settlement_id: str = "") -> list[Step]:
    """In the order in which they were planned."""
    query = sa.select(receipt).order_by(receipt.c.at, receipt.c.ref)
    if settlement_id:
        query = query.where(receipt.c.settlement_id == settlement_id)
    with db.reading() as connection:
        return [Step(**dict(row)) for row in connection.execute(query).mappings()]


def settled_documents(db: Database, kind: str) -> set[str]:
    """Documents that standing receipts settle for orders of this kind."""
    query = (
        sa.select(cleared.c.document)
        .join(receipt, receipt.c.ref == cleared.c.ref)
        .where(receipt.c.state.in_([PLANNED, DONE]), cleared.c.kind == kind)
    )
    with db.reading() as connection:
        return {row[0] for row in connection.execute(query)}


def _took() -> sa.Subquery:
    """What standing receipts, planned ones too, took or will take for each order."""
    return (
        sa.select(
            receipt.c.settlement_id, cleared.c.order_id, cleared.c.kind,
            sa.func.sum(cleared.c.amount).label("amount"),
        )
        .join(receipt, receipt.c.ref == cleared.c.ref)
        .where(receipt.c.state.in_([PLANNED, DONE]))
        .group_by(receipt.c.settlement_id, cleared.c.order_id, cleared.c.kind)
        .subquery()
    )  # fmt: skip


def _same(took: sa.Subquery) -> sa.ColumnElement[bool]:
    return sa.and_(
        took.c.settlement_id == settled_order.c.settlement_id,
        took.c.order_id == settled_order.c.order_id,
        took.c.kind == settled_order.c.kind,
    )


def _stands(took: sa.Subquery) -> sa.ColumnElement[bool]:
    """It stands on the clearing account, in whole or in part."""
    return sa.and_(
        settled_order.c.to_clear,
        settled_order.c.amount != sa.func.coalesce(took.c.amount, 0),
    )


def cleared_by_order(db: Database, settlement_id: str = "") -> dict[tuple[str, str, str], int]:
    """(settlement, order, kind) -> what standing receipts, planned ones too, took or will take."""
    took = _took()
    query = sa.select(took)
    if settlement_id:
        query = query.where(took.c.settlement_id == settlement_id)
    with db.reading() as connection:
        return {(r[0], r[1], r[2]): int(r[3]) for r in connection.execute(query)}


def waiting(db: Database, since: str = "") -> dict[str, int]:
    """Settlements of which something, posted that day or later, stands on the clearing account:
    how many sales and refunds.
    """
    took = _took()
    query = (
        sa.select(settled_order.c.settlement_id, sa.func.count())
        .select_from(settled_order.outerjoin(took, _same(took)))
        .where(_stands(took), settled_order.c.posted >= since)
        .group_by(settled_order.c.settlement_id)
    )
    with db.reading() as connection:
        return {row[0]: int(row[1]) for row in connection.execute(query)}

"""Receipts of what Amazon was told of a SKU's price in a marketplace: written, and seen there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.publications import SEEN, SENT, UNSURE
from crossdock.engine.store.schema_prices import price_move, price_publication, price_stood

__all__ = [
    "SEEN", "SENT", "UNSURE", "PriceReceipt", "base_of", "every", "keep", "keep_stood",
    "moved_since", "of_many", "of_sku", "of_skus", "stood", "within",
]  # fmt: skip

_KEPT = timedelta(days=14)  # moves that are older tell nobody anything


@dataclass(frozen=True, slots=True)
class PriceReceipt:
    """The last offers that were written for a SKU in a marketplace, or found live unwritten."""

    sku: str
    marketplace_id: str
    generation: int  # one more with every other set of offers
    digest: str
    price: Decimal  # what everybody pays
    audiences: tuple[str, ...]
    state: str
    attempts: int = 0  # writes of this set
    overtook: bool = False  # an older set had not been seen when this one was written
    submission_id: str = ""
    sent_at: datetime | None = None
    seen_at: datetime | None = None
    siblings: Mapping[str, Any] = field(default_factory=dict)  # what others wrote beside ours
    request_id: str = ""  # Amazon's, of the call that wrote it

    @property
    def took(self) -> timedelta | None:
        """From the write until it was seen live."""
        if self.sent_at is None or self.seen_at is None:
            return None
        return self.seen_at - self.sent_at


def of_many(db: Database, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], PriceReceipt]:
    """What is known of these (marketplace, SKU), at most some hundred at once."""
    columns = sa.tuple_(price_publication.c.marketplace_id, price_publication.c.sku)
    query = sa.select(price_publication).where(columns.in_(sorted(keys)))
    with db.reading() as connection:
        rows = connection.execute(query).mappings()
        return {(row["marketplace_id"], row["sku"]): _receipt(row) for row in rows}


def of_sku(db: Database, sku: str) -> list[PriceReceipt]:
    """What is known of a SKU, in every marketplace."""
    return of_skus(db, [sku])


def of_skus(db: Database, skus: Collection[str]) -> list[PriceReceipt]:
    """What is known of these SKUs, in every marketplace; at most some hundred at once."""
    query = sa.select(price_publication).where(price_publication.c.sku.in_(sorted(skus)))
    with db.reading() as connection:
        return [_receipt(row) for row in connection.execute(query).mappings()]


def within(
    db: Database, moment: Literal["sent_at", "seen_at"], after: datetime, until: datetime
) -> list[PriceReceipt]:
    """What was written, or seen, after the one time and not after the other."""
    at = price_publication.c[moment]
    with db.reading() as connection:
        rows = connection.execute(
            sa.select(price_publication).where(at > after, at <= until)
        ).mappings()
        return [_receipt(row) for row in rows]


def every(db: Database) -> dict[tuple[str, str], PriceReceipt]:
    """By (marketplace, SKU)."""
    with db.reading() as connection:
        rows = connection.execute(sa.select(price_publication)).mappings()
        return {(row["marketplace_id"], row["sku"]): _receipt(row) for row in rows}


def keep(
    db: Database, row: PriceReceipt, *, moved_from: Decimal | None = None, moves: bool = False
) -> None:
    """What is known now. A row of an older generation changes nothing. `moves`: the price was
    written, after `moved_from`.
    """
    values = {name: getattr(row, name) for name in PriceReceipt.__slots__}
    values |= {"price": f"{row.price:f}", "siblings": dict(row.siblings),
               "audiences": list(row.audiences)}  # fmt: skip
    insert = upsert(db, price_publication).values(**values)
    keys = ("sku", "marketplace_id")
    newer = {name: insert.excluded[name] for name in values if name not in keys}
    with db.writing() as connection:
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=list(keys), set_=newer,
                where=price_publication.c.generation <= insert.excluded.generation,
            )
        )  # fmt: skip
        if moves and row.sent_at is not None:
            move = {"sku": row.sku, "marketplace_id": row.marketplace_id, "at": row.sent_at,
                    "before": None if moved_from is None else f"{moved_from:f}",
                    "price": values["price"]}  # fmt: skip
            connection.execute(upsert(db, price_move).values(**move).on_conflict_do_nothing())
            old = price_move.c.at < row.sent_at - _KEPT
            connection.execute(sa.delete(price_move).where(price_move.c.sku == row.sku, old))


def stood(db: Database, skus: Collection[str]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """What stood beside their prices before anything was written, by (marketplace, SKU)."""
    query = sa.select(price_stood).where(price_stood.c.sku.in_(sorted(skus)))
    with db.reading() as connection:
        rows = connection.execute(query).mappings()
        return {(row["marketplace_id"], row["sku"]): row["siblings"] for row in rows}


def keep_stood(db: Database, found: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
    """Remember it. What was seen first counts: later something may have been written."""
    rows = [
        {"marketplace_id": shop, "sku": sku, "siblings": dict(siblings)}
        for (shop, sku), siblings in found.items()
    ]
    if rows:
        with db.writing() as connection:
            connection.execute(upsert(db, price_stood).on_conflict_do_nothing(), rows)


def base_of(db: Database, sku: str, marketplace_id: str, since: datetime) -> Decimal | None:
    """What the price was at that time, as far as its moves tell; None when it has not moved."""
    mine = (price_move.c.sku == sku) & (price_move.c.marketplace_id == marketplace_id)
    query = sa.select(price_move).where(mine).order_by(price_move.c.at)
    with db.reading() as connection:
        rows = connection.execute(query).all()
    before = [row for row in rows if row.at <= since]
    if before:
        return Decimal(before[-1].price)
    return Decimal(rows[0].before) if rows and rows[0].before is not None else None


def moved_since(since: datetime) -> sa.Select[tuple[str]]:
    """Asks for the prices, as marketplace:SKU, that were written since then."""
    key = price_move.c.marketplace_id + ":" + price_move.c.sku
    return sa.select(key).where(price_move.c.at > since)


def _receipt(row: Any) -> PriceReceipt:
    said = {**row, "price": Decimal(row["price"]), "audiences": tuple(row["audiences"])}
    return PriceReceipt(**{**said, "siblings": row["siblings"] or {}})

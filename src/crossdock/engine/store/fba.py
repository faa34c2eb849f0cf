"""A mirror of the stock in Amazon's warehouses, as it was read last."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema_stock import fba_stock


@dataclass(frozen=True, slots=True)
class FbaStock:
    """Units of a SKU that Amazon holds."""

    sku: str
    fulfillable: int
    inbound: int
    reserved: int
    unfulfillable: int
    researching: int
    as_of: datetime


def keep(db: Database, rows: Sequence[FbaStock]) -> None:
    """What Amazon says now of these SKUs."""
    if not rows:
        return
    insert = upsert(db, fba_stock)
    newer = {c.name: insert.excluded[c.name] for c in fba_stock.c if c.name != "sku"}
    with db.writing() as connection:
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["sku"], set_=newer,
                where=fba_stock.c.as_of <= insert.excluded.as_of,
            ),
            sorted(map(asdict, rows), key=lambda row: str(row["sku"])),
        )  # fmt: skip


def forget(db: Database, before: datetime) -> None:
    """SKUs that Amazon has named no more since then."""
    with db.writing() as connection:
        connection.execute(fba_stock.delete().where(fba_stock.c.as_of < before))


def every(db: Database) -> dict[str, FbaStock]:
    """By SKU."""
    with db.reading() as connection:
        rows = connection.execute(sa.select(fba_stock).order_by(fba_stock.c.sku)).mappings()
        return {row["sku"]: FbaStock(**row) for row in rows}

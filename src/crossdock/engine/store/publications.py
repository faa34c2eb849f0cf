"""Receipts of what Amazon was told of a SKU's stock: written, and seen there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.oversells import Told, tell
from crossdock.engine.store.schema import publication

SENT, SEEN = "sent", "seen"
DRIFT = "drift"  # Amazon has less by now, and nobody knows why yet


@dataclass(frozen=True, slots=True)
class Publication:
    """The last quantity that was written for a SKU, or found live without a write."""

    sku: str
    generation: int  # one more with every other quantity
    quantity: int
    state: str
    attempts: int = 0  # writes of this quantity
    overtook: bool = False  # an older write had not been seen when this one was made
    submission_id: str = ""
    sent_at: datetime | None = None
    seen_at: datetime | None = None
    siblings: Mapping[str, Any] = field(default_factory=dict)  # the lead time and the like

    @property
    def took(self) -> timedelta | None:
        """From the write until it was seen live."""
        if self.sent_at is None or self.seen_at is None:
            return None
        return self.seen_at - self.sent_at


def of(db: Database, sku: str) -> Publication | None:
    """What is known of a SKU."""
    with db.reading() as connection:
        row = connection.execute(sa.select(publication).where(publication.c.sku == sku)).mappings()
        found = row.first()
    return _publication(found) if found is not None else None


def of_many(db: Database, skus: Collection[str]) -> dict[str, Publication]:
    """What is known of these SKUs, at most some hundred at once."""
    query = sa.select(publication).where(publication.c.sku.in_(sorted(skus)))
    with db.reading() as connection:
        return {row["sku"]: _publication(row) for row in connection.execute(query).mappings()}


def every(db: Database) -> dict[str, Publication]:
    """By SKU."""
    with db.reading() as connection:
        rows = connection.execute(sa.select(publication)).mappings()
        return {row["sku"]: _publication(row) for row in rows}


def keep(db: Database, row: Publication) -> None:
    """What is known now, and the history of it. A row of an older generation changes nothing."""
    values = {name: getattr(row, name) for name in Publication.__slots__}
    values["siblings"] = dict(row.siblings)
    insert = upsert(db, publication).values(**values)
    newer = {name: insert.excluded[name] for name in values if name != "sku"}
    with db.writing() as connection:
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["sku"], set_=newer,
                where=publication.c.generation <= insert.excluded.generation,
            )
        )  # fmt: skip
        if row.state != DRIFT:  # its times are of a sale, not of something told
            sku, number = row.sku, row.generation
            was = Told(sku, number, row.quantity, row.submission_id, row.sent_at, row.seen_at)
            tell(db, connection, was)


def _publication(row: Any) -> Publication:
    return Publication(**{**row, "siblings": row["siblings"] or {}})

"""Receipts of what Amazon was told of a SKU as a product, and which SKUs are withheld from sale."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema_products import submission

SENT, SEEN = "sent", "seen"
WATCHED = "watched"  # seen, and looked at again when issues had had their time
ISSUES = "issues"  # Amazon has found something wrong with it
OFF = "off"  # it may not be sold: its quantity is to be zero
GONE = "gone"  # taken off the list


@dataclass(frozen=True, slots=True)
class Submission:
    """The last listing that was written for a SKU, or found right without a write."""

    sku: str
    generation: int  # one more with every other content
    content: str  # a fingerprint of what the listing is to say
    state: str
    attempts: int = 0  # writes of this content
    submission_id: str = ""
    asin: str = ""
    product_type: str = ""
    sent_at: datetime | None = None
    seen_at: datetime | None = None
    changed_at: datetime | None = None  # when `withheld` became what it is
    why: str = ""
    withheld: bool = False

    @property
    def took(self) -> timedelta | None:
        """From the write until it was seen."""
        if self.sent_at is None or self.seen_at is None:
            return None
        return self.seen_at - self.sent_at


def of(db: Database, sku: str) -> Submission | None:
    """What is known of a SKU."""
    with db.reading() as connection:
        query = sa.select(submission).where(submission.c.sku == sku)
        row = connection.execute(query).mappings().first()
    return Submission(**row) if row is not None else None


def every(db: Database) -> dict[str, Submission]:
    """By SKU."""
    with db.reading() as connection:
        rows = connection.execute(sa.select(submission)).mappings()
        return {row["sku"]: Submission(**row) for row in rows}


def withheld(db: Database) -> dict[str, str]:
    """SKUs that may not be for sale, and why."""
    query = sa.select(submission.c.sku, submission.c.why).where(submission.c.withheld)
    with db.reading() as connection:
        return {row.sku: row.why for row in connection.execute(query)}


def turned(db: Database, after: datetime | None) -> list[tuple[str, datetime]]:
    """SKUs that were withheld or let go since a moment, oldest first."""
    query = sa.select(submission.c.sku, submission.c.changed_at).where(
        submission.c.changed_at.is_not(None)
    )
    if after is not None:
        query = query.where(submission.c.changed_at > after)
    with db.reading() as connection:
        rows = connection.execute(query.order_by(submission.c.changed_at, submission.c.sku))
        return [(sku, at) for sku, at in rows]


def keep(db: Database, row: Submission) -> None:
    """What is known now. A row of an older generation changes nothing."""
    values: dict[str, Any] = {name: getattr(row, name) for name in Submission.__slots__}
    insert = upsert(db, submission).values(**values)
    newer = {name: insert.excluded[name] for name in values if name != "sku"}
    with db.writing() as connection:
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["sku"], set_=newer,
                where=submission.c.generation <= insert.excluded.generation,
            )
        )  # fmt: skip

"""Receipts of what Amazon was told of a SKU as a product, in each marketplace, and which SKUs are
withheld from sale.

Rows from before there were other marketplaces have none: they are the account's first one's, which
whoever asks names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema_products import submission

MEANT = "meant"  # a first write was begun; whether Amazon heard of it, nobody knows yet
SENT, SEEN = "sent", "seen"
WATCHED = "watched"  # seen, and looked at again when issues had had their time
ISSUES = "issues"  # Amazon has found something wrong with it
OFF = "off"  # it may not be sold: its quantity is to be zero
GONE = "gone"  # taken off the list


@dataclass(frozen=True, slots=True)
class Submission:
    """The last listing that was written for a SKU in a marketplace, or found right without a
    write.
    """

    sku: str
    marketplace_id: str
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
    names: frozenset[str] = frozenset()  # attributes that Amazon may have from here
    pictures: Mapping[str, str] = field(default_factory=dict)  # addresses it took, by attribute

    @property
    def ours(self) -> bool:
        """It was written, or found right, from here."""
        return bool(self.content or self.asin)

    @property
    def took(self) -> timedelta | None:
        """From the write until it was seen."""
        if self.sent_at is None or self.seen_at is None:
            return None
        return self.seen_at - self.sent_at


def of(db: Database, sku: str, marketplace_id: str, *, first: bool) -> Submission | None:
    """What is known of a SKU there. `first`: it is the account's first marketplace."""
    shops = [marketplace_id, ""] if first else [marketplace_id]
    query = sa.select(submission).where(
        submission.c.sku == sku, submission.c.marketplace_id.in_(shops)
    )
    with db.reading() as connection:
        rows = {row["marketplace_id"]: row for row in connection.execute(query).mappings()}
    row = rows.get(marketplace_id) or rows.get("")
    return _submission(row, marketplace_id) if row is not None else None


def every(db: Database, first: str) -> dict[tuple[str, str], Submission]:
    """By marketplace and SKU; `first` is the account's first marketplace."""
    query = sa.select(submission).order_by(submission.c.marketplace_id)  # the old ones come first
    with db.reading() as connection:
        found = [_submission(row, first) for row in connection.execute(query).mappings()]
    return {(row.marketplace_id, row.sku): row for row in found}


def withheld(db: Database) -> dict[str, str]:
    """SKUs that may not be for sale, and why."""
    query = sa.select(submission.c.sku, submission.c.why).where(submission.c.withheld)
    with db.reading() as connection:
        return {row.sku: row.why for row in connection.execute(query)}


def turned(db: Database, after: datetime | None) -> list[tuple[str, datetime]]:
    """SKUs that were withheld or let go since a moment, oldest first."""
    last = sa.func.max(submission.c.changed_at, type_=submission.c.changed_at.type)
    query = sa.select(submission.c.sku, last).where(submission.c.changed_at.is_not(None))
    if after is not None:
        query = query.where(submission.c.changed_at > after)
    with db.reading() as connection:
        rows = connection.execute(query.group_by(submission.c.sku).order_by(last, submission.c.sku))
        return [(sku, at) for sku, at in rows]


def keep(db: Database, row: Submission, *, first: bool) -> None:
    """What is known now. A row of an older generation changes nothing. `first`: it is the account's
    first marketplace, and an old row of none becomes its.
    """
    values: dict[str, Any] = {name: getattr(row, name) for name in Submission.__slots__}
    values |= {"names": " ".join(sorted(row.names)), "pictures": dict(row.pictures)}
    insert, keys = upsert(db, submission).values(**values), ("sku", "marketplace_id")
    newer = {name: insert.excluded[name] for name in values if name not in keys}
    with db.writing() as connection:
        if first and row.marketplace_id:
            old = (submission.c.sku == row.sku) & (submission.c.marketplace_id == "")
            named = {"marketplace_id": row.marketplace_id}
            connection.execute(sa.update(submission).where(old).values(**named))
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=list(keys), set_=newer,
                where=submission.c.generation <= insert.excluded.generation,
            )
        )  # fmt: skip


def let_go(db: Database, sku: str, now: datetime) -> None:
    """It is withheld nowhere any more: rows of a marketplace that was the first once, too."""
    held = (submission.c.sku == sku) & submission.c.withheld
    with db.writing() as connection:
        connection.execute(
            sa.update(submission).where(held).values(withheld=False, changed_at=now, why="")
        )


def _submission(row: Any, first: str) -> Submission:
    names = frozenset(row["names"].split())
    return Submission(
        **{
            **row,
            "marketplace_id": row["marketplace_id"] or first,
            "names": names,
            "pictures": row["pictures"] or {},
        }
    )

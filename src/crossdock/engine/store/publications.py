"""Receipts of what Amazon was told of a SKU's stock: written, and seen there."""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import insert_into
from crossdock.engine.store.oversells import Told, tell
from crossdock.engine.store.schema import publication

SENT, SEEN = "sent", "seen"
UNSURE = "unsure"  # in a feed that did not end well: it may have been carried out
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
    path: str = ""  # "single" or "feed": how it was written last; then submission_id is the feed's
    tried: str = ""  # all the ways in which this quantity was written
    asked_at: datetime | None = None  # when its feed was submitted
    request_id: str = ""  # Amazon's, of the call that wrote it or submitted its feed
    marketplace_id: str = ""  # where it is listed and was written; empty: the account's first

    @property
    def took(self) -> timedelta | None:
        """From the write until it was seen live."""
        since = self.asked_at or self.sent_at
        if self.sent_at is None or since is None or self.seen_at is None:
            return None
        return self.seen_at - since


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


def zeroed_since(since: datetime) -> sa.Select[tuple[str]]:
    """Asks for the SKUs that were told to be zero since then."""
    told = (publication.c.quantity == 0) & (publication.c.sent_at > since)
    return sa.select(publication.c.sku).where(told)


def keep(db: Database, row: Publication) -> None:
    """What is known now, and the history of it. A row of an older generation changes nothing."""
    keep_many(db, [row])


def keep_many(db: Database, rows: Sequence[Publication]) -> None:
    """The same for many, in one transaction."""
    if rows:
        with db.writing() as connection:
            keep_all(db, connection, rows)


def keep_all(db: Database, connection: sa.Connection, rows: Sequence[Publication]) -> None:
    """The same for many, in the caller's transaction."""
    if not rows:
        return
    connection.execute(
        _keeping(db.is_postgres),
        [
            {name: getattr(row, name) for name in Publication.__slots__}
            | {"siblings": dict(row.siblings)}
            for row in rows
        ],
    )
    tell(db, connection, [
        Told(row.sku, row.generation, row.quantity, row.submission_id, _told_at(row), row.seen_at)
        for row in rows if row.state != DRIFT  # its times are of a sale, not of something told
    ])  # fmt: skip


def _told_at(row: Publication) -> datetime | None:
    """An intent is none yet: Amazon may refuse it, or never hear of it."""
    return None if row.state == UNSURE and not row.submission_id else row.sent_at


@functools.cache
def _keeping(postgres: bool) -> sa.Insert:
    insert: Any = insert_into(publication, postgres)
    newer = {c.name: insert.excluded[c.name] for c in publication.c if c.name != "sku"}
    found: sa.Insert = insert.on_conflict_do_update(
        index_elements=["sku"], set_=newer,
        where=publication.c.generation <= insert.excluded.generation,
    )  # fmt: skip
    return found


def _publication(row: Any) -> Publication:
    return Publication(**{**row, "siblings": row["siblings"] or {}})

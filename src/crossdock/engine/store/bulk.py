"""Quantities that go to Amazon in feeds: the basket in which they wait, and the feeds.

A SKU has one row in the basket and is in one feed at most. Rows of a feed do not change until the
feed has ended, so whoever continues it writes the same document again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crossdock.engine.model import FEED as RECURRING
from crossdock.engine.store import publications
from crossdock.engine.store.database import Database
from crossdock.engine.store.feed_tables import basket, listing_feed
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.publications import SENT, UNSURE, Publication
from crossdock.engine.store.schema import work

PLANNED = "planned"  # its rows are chosen; Amazon knows nothing of it
SUBMITTING = "submitting"  # Amazon may know of it
SUBMITTED = "submitted"
DONE, FATAL, CANCELLED, LOST, REFUSED = "done", "fatal", "cancelled", "lost", "refused"
UNDER_WAY = (PLANNED, SUBMITTING, SUBMITTED)
FEED = "feed"


@dataclass(frozen=True, slots=True)
class Item:
    """A quantity in the basket; with `feed` it is on its way and nobody else may write the SKU."""

    sku: str
    generation: int
    quantity: int
    attempts: int
    overtook: bool
    tried: str
    added_at: datetime
    rises: bool = True
    siblings: Mapping[str, Any] = field(default_factory=dict)
    wiped: Mapping[str, Any] = field(default_factory=dict)
    feed: str | None = None
    refused: Sequence[str] | None = None  # Amazon's words; a person will read them


@dataclass(frozen=True, slots=True)
class ListingFeed:
    """A feed, from the choice of its rows until it is known what came of them."""

    ref: str
    state: str
    messages: int
    created_at: datetime
    feed_id: str = ""
    refused: int = 0
    submitting_at: datetime | None = None
    submitted_at: datetime | None = None
    done_at: datetime | None = None  # Amazon's word for it
    ended_at: datetime | None = None
    remark: str = ""
    request_id: str = ""  # Amazon's, of the submission; empty when its answer was lost


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a feed."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a feed ended: its state, whether Amazon looked at every message, and what it refused."""

    state: str
    certain: bool
    refused: Mapping[str, Sequence[str]] = field(default_factory=dict)
    remark: str = ""


# --- the basket


def put(db: Database, items: Sequence[Item], carrier: str, at: datetime) -> None:
    """Let them wait for a feed, and have the carrier (a schedule) look by then. What is in a feed
    already stays as it is.
    """
    if not items:
        return
    insert = upsert(db, basket)
    newer = {c.name: insert.excluded[c.name] for c in basket.c if c.name != "sku"}
    with db.writing() as connection:
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["sku"], set_=newer, where=basket.c.feed.is_(None)
            ),
            [
                {name: getattr(item, name) for name in Item.__slots__}
                | {"siblings": dict(item.siblings), "wiped": dict(item.wiped)}
                for item in sorted(items, key=lambda item: item.sku)
            ],
        )  # fmt: skip
        mine = sa.and_(work.c.flow == RECURRING, work.c.key == carrier, work.c.claim.is_(None))
        connection.execute(
            work.update().where(mine, work.c.due_at > at, work.c.case_id.is_(None))
            .values(due_at=at)
        )  # fmt: skip
        db.wake(connection)


def of_many(db: Database, skus: Collection[str]) -> dict[str, Item]:
    """Those of these SKUs that are in the basket."""
    query = sa.select(basket).where(basket.c.sku.in_(sorted(skus)))
    with db.reading() as connection:
        return {row["sku"]: _item(row) for row in connection.execute(query).mappings()}


def every(db: Database) -> dict[str, Item]:
    """By SKU."""
    with db.reading() as connection:
        rows = connection.execute(sa.select(basket)).mappings()
        return {row["sku"]: _item(row) for row in rows}


def withdraw(db: Database, sku: str) -> bool:
    """Take it out again; False when it is in a feed by now."""
    with db.writing() as connection:
        mine = sa.and_(basket.c.sku == sku, basket.c.feed.is_(None))
        return bool(connection.execute(basket.delete().where(mine)).rowcount)


def forget_refusal(db: Database, sku: str) -> None:
    """A person has it now."""
    with db.writing() as connection:
        connection.execute(
            basket.delete().where(basket.c.sku == sku, basket.c.refused.is_not(None))
        )


def waiting(db: Database) -> Waiting:
    """What is in the basket and in no feed."""
    # Asked apart, the oldest is the first of the index, and the count reads no values.
    free = basket.c.feed.is_(None)
    oldest = sa.select(sa.func.min(basket.c.added_at, type_=basket.c.added_at.type)).where(free)
    query = sa.select(sa.func.count(), oldest.scalar_subquery()).select_from(basket).where(free)
    with db.reading() as connection:
        count, oldest = connection.execute(query).one()
    return Waiting(int(count), oldest)


def due(db: Database, flow: str, now: datetime, most: int) -> int:
    """How many keys of a flow are due and untouched, counted up to `most`."""
    some = (
        sa.select(sa.literal(1))
        .where(work.c.flow == flow, work.c.claim.is_(None), work.c.due_at <= now)
        .limit(most)
        .subquery()
    )
    with db.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def busy(db: Database, flow: str, now: datetime) -> bool:
    """Keys of the flow are being worked on, or due."""
    mine = sa.select(sa.literal(1)).where(work.c.flow == flow)
    late = mine.where(work.c.claim.is_(None), work.c.due_at <= now).exists()
    held = mine.where(work.c.claim.is_not(None)).exists()
    with db.reading() as connection:
        return bool(connection.execute(sa.select(sa.or_(late, held))).scalar_one())


# --- feeds


def take(db: Database, ref: str, most: int, now: datetime) -> int:
    """Choose what goes in the next feed, decreases first; how many they are. Each row goes in one
    feed, whoever else chooses at the same time.
    """
    with db.writing() as connection:
        chosen = (
            sa.select(basket.c.sku)
            .where(basket.c.feed.is_(None))
            .order_by(basket.c.rises, basket.c.added_at, basket.c.sku)
            .limit(most)
        )
        if db.is_postgres:
            chosen = chosen.with_for_update(skip_locked=True)
        count = connection.execute(
            basket.update().where(basket.c.sku.in_(chosen)).values(feed=ref)
        ).rowcount
        if count:
            connection.execute(
                listing_feed.insert().values(
                    ref=ref, state=PLANNED, feed_id="", messages=count, refused=0,
                    created_at=now, remark="",
                )
            )  # fmt: skip
    return count


def rows_of(db: Database, ref: str) -> list[Item]:
    """A feed's rows, in the order of its messages."""
    query = (
        sa.select(basket)
        .where(basket.c.feed == ref, basket.c.refused.is_(None))
        .order_by(basket.c.rises, basket.c.sku)
    )
    with db.reading() as connection:
        return [_item(row) for row in connection.execute(query).mappings()]


def under_way(db: Database) -> list[ListingFeed]:
    """Feeds that have not ended, oldest first."""
    query = sa.select(listing_feed).where(listing_feed.c.state.in_(UNDER_WAY))
    return _feeds(db, query.order_by(listing_feed.c.created_at, listing_feed.c.ref))


def recent(db: Database, limit: int) -> list[ListingFeed]:
    """The newest first."""
    query = sa.select(listing_feed).order_by(
        listing_feed.c.created_at.desc(), listing_feed.c.ref.desc()
    )
    return _feeds(db, query.limit(limit))


def submissions(db: Database, since: datetime) -> list[datetime]:
    """When feeds were, or may have been, submitted since then; oldest first."""
    at = listing_feed.c.submitting_at
    with db.reading() as connection:
        found = connection.execute(sa.select(at).where(at >= since).order_by(at)).scalars()
        return [one for one in found if one is not None]


def known_ids(db: Database, since: datetime) -> set[str]:
    """Amazon's ids of the feeds chosen since then."""
    query = sa.select(listing_feed.c.feed_id).where(listing_feed.c.created_at >= since)
    with db.reading() as connection:
        return set(connection.execute(query).scalars()) - {""}


def move(db: Database, ref: str, before: str, after: str, **values: Any) -> bool:
    """From one state to the next; False when somebody else was quicker."""
    with db.writing() as connection:
        moved = connection.execute(
            listing_feed.update()
            .where(listing_feed.c.ref == ref, listing_feed.c.state == before)
            .values(state=after, **values)
        )
    return bool(moved.rowcount)


def settle(
    db: Database, feed: ListingFeed, ending: Ending, flow: str, look_at: Mapping[str, datetime],
    now: datetime,
) -> bool:  # fmt: skip
    """The feed has ended: receipts for what was told, words for what was refused, and every SKU is
    looked at when `look_at` says. All of it or nothing; False when somebody else was quicker.
    """
    items = rows_of(db, feed.ref)
    told = [item for item in items if item.sku not in ending.refused]
    with db.writing() as connection:
        if not _ended(connection, feed, ending, now):
            return False
        at = feed.done_at or now
        state = SENT if ending.certain else UNSURE
        publications.keep_all(
            db, connection,
            [
                Publication(
                    item.sku, item.generation, item.quantity, state, item.attempts, item.overtook,
                    feed.feed_id, at, None, {**item.wiped, **item.siblings}, FEED, item.tried,
                    feed.submitted_at or feed.submitting_at, feed.request_id,
                )
                for item in told
            ],
        )  # fmt: skip
        if ending.refused:
            connection.execute(
                basket.update()
                .where(basket.c.sku == sa.bindparam("k"), basket.c.feed == feed.ref)
                .values(refused=sa.bindparam("w", type_=basket.c.refused.type)),
                [{"k": sku, "w": list(words)} for sku, words in sorted(ending.refused.items())],
            )
        connection.execute(
            basket.delete().where(basket.c.feed == feed.ref, basket.c.refused.is_(None))
        )
        _look(connection, flow, {item.sku: look_at.get(item.sku, now) for item in items})
        db.wake(connection)
    return True


def release(
    db: Database, feed: ListingFeed | None, ending: Ending, flow: str, now: datetime
) -> bool:
    """Amazon was told nothing: the SKUs are free again, and looked at now. Without a feed, those
    that wait for one.
    """
    mine = basket.c.feed.is_(None) if feed is None else basket.c.feed == feed.ref
    with db.writing() as connection:
        if feed is not None and not _ended(connection, feed, ending, now):
            return False
        free = connection.execute(
            basket.delete().where(mine, basket.c.refused.is_(None)).returning(basket.c.sku)
        ).scalars()
        _look(connection, flow, dict.fromkeys(free, now))
        db.wake(connection)
    return True


def _ended(connection: sa.Connection, feed: ListingFeed, ending: Ending, now: datetime) -> bool:
    return bool(
        connection.execute(
            listing_feed.update()
            .where(listing_feed.c.ref == feed.ref, listing_feed.c.state == feed.state)
            .values(
                state=ending.state, refused=len(ending.refused), remark=ending.remark,
                ended_at=now, done_at=feed.done_at,
            )
        ).rowcount
    )  # fmt: skip


def _look(connection: sa.Connection, flow: str, at: Mapping[str, datetime]) -> None:
    """Keys that wait are due then; what stands behind a case has its own time."""
    if not at:
        return
    connection.execute(
        work.update()
        .where(
            work.c.flow == flow, work.c.key == sa.bindparam("k"), work.c.claim.is_(None),
            work.c.case_id.is_(None),
        )
        .values(due_at=sa.bindparam("d", type_=work.c.due_at.type)),
        [{"k": sku, "d": when} for sku, when in sorted(at.items())],
    )  # fmt: skip


def _feeds(db: Database, query: sa.Select[Any]) -> list[ListingFeed]:
    with db.reading() as connection:
        return [ListingFeed(**row) for row in connection.execute(query).mappings()]


def _item(row: Any) -> Item:
    return Item(**{**row, "siblings": row["siblings"] or {}, "wiped": row["wiped"] or {}})

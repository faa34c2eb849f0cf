"""What explains an oversell afterwards: what was told and when, shelves as seen, lines short."""

import functools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import insert_into, upsert
from crossdock.engine.store.schema import event
from crossdock.engine.store.schema_stock import arrival, shelf_seen, shortage, told

_AT_ONCE = 400  # names in one question


@dataclass(frozen=True, slots=True)
class Told:
    """A quantity that Amazon was told of a SKU, or that was found live without a write."""

    sku: str
    generation: int
    quantity: int
    submission_id: str = ""
    sent_at: datetime | None = None  # first
    seen_at: datetime | None = None  # first


@dataclass(frozen=True, slots=True)
class SeenShelf:
    """A state of a shelf, in base units, and when it was looked at first."""

    item: str
    location: str
    version: int
    on_hand: Decimal
    allocated: Decimal
    quarantined: Decimal
    changed_at: datetime | None  # by TIMS's clock
    counted_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """A line that was bought at Amazon, and when TIMS knew of it first."""

    order_id: str
    order_item: str
    sku: str
    packs: int
    bought_at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Shortage:
    """A line of an order that TIMS had too little for."""

    order_number: str
    line_number: int
    order_id: str  # Amazon's
    order_item: str  # Amazon's
    sku: str
    item: str
    uom: str
    short: Decimal  # in the line's unit; the most it ever was
    bought_at: datetime
    entered_at: datetime | None
    noted_at: datetime  # first


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that made us look."""

    at: datetime
    key: str
    source: str
    hint: dict[str, Any]


def tell(db: Database, connection: sa.Connection, rows: Sequence[Told]) -> None:
    """Remember what was told; in the transaction of its receipts. Later looks add what is new."""
    if rows:
        # asdict would copy every value, which takes as long as writing them.
        values = [{name: getattr(row, name) for name in Told.__slots__} for row in rows]
        connection.execute(_telling(db.is_postgres), values)


@functools.cache
def _telling(postgres: bool) -> sa.Insert:
    insert: Any = insert_into(told, postgres)
    kept = {name: sa.func.coalesce(told.c[name], insert.excluded[name])
            for name in ("sent_at", "seen_at")}  # fmt: skip
    found: sa.Insert = insert.on_conflict_do_update(index_elements=["sku", "generation"], set_=kept)
    return found


def told_of(db: Database, skus: Collection[str]) -> dict[str, list[Told]]:
    """Everything that is remembered of these SKUs, oldest first."""
    found: dict[str, list[Told]] = {sku: [] for sku in skus}
    with db.reading() as connection:
        for some in _parts(skus):
            query = sa.select(told).where(told.c.sku.in_(some)).order_by(told.c.generation)
            for row in connection.execute(query).mappings():
                found[row["sku"]].append(Told(**row))
    return found


def saw(db: Database, rows: Sequence[SeenShelf]) -> None:
    """Remember these states; one that is known already stays as it is."""
    if not rows:
        return
    values = [asdict(row) | {"on_hand": str(row.on_hand), "allocated": str(row.allocated),
                             "quarantined": str(row.quarantined)} for row in rows]  # fmt: skip
    insert = upsert(db, shelf_seen).on_conflict_do_nothing(
        index_elements=["item", "location", "version"]
    )
    with db.writing() as connection:
        connection.execute(insert, sorted(values, key=lambda v: (v["item"], v["location"])))


def shelves(db: Database, items: Collection[str]) -> list[SeenShelf]:
    """What is remembered of these items' shelves, in order of their versions."""
    found = []
    with db.reading() as connection:
        for some in _parts(items):
            query = sa.select(shelf_seen).where(shelf_seen.c.item.in_(some))
            rows = connection.execute(query.order_by(shelf_seen.c.version)).mappings()
            found += [_shelf(row) for row in rows]
    return found


def negative(db: Database) -> list[SeenShelf]:
    """Shelves whose last known quantity on hand is below zero, by item and location."""
    last = sa.not_(_followed(shelf_seen, ("item", "location"), "version"))
    query = sa.select(shelf_seen).where(shelf_seen.c.on_hand.like("-%"), last)
    with db.reading() as connection:
        rows = connection.execute(query.order_by(shelf_seen.c.item, shelf_seen.c.location))
        return [_shelf(row) for row in rows.mappings()]


def _shelf(row: sa.RowMapping) -> SeenShelf:
    numbers = {n: Decimal(row[n]) for n in ("on_hand", "allocated", "quarantined")}
    return SeenShelf(**{**row, **numbers})


def arrived(db: Database, rows: Sequence[Arrival]) -> None:
    """TIMS knows of these lines; the first time counts."""
    if not rows:
        return
    insert = upsert(db, arrival).on_conflict_do_nothing(index_elements=["order_id", "order_item"])
    with db.writing() as connection:
        connection.execute(insert, [asdict(row) for row in rows])


def arrivals(db: Database, skus: Collection[str], since: datetime) -> list[Arrival]:
    """Lines of these SKUs that TIMS came to know since then, in that order."""
    found = []
    with db.reading() as connection:
        for some in _parts(skus):
            query = sa.select(arrival).where(arrival.c.sku.in_(some), arrival.c.known_at >= since)
            found += [Arrival(**row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda a: (a.known_at, a.order_id, a.order_item))


def note_short(db: Database, rows: Iterable[Shortage]) -> None:
    """Remember lines that are short; of a line that is known the most counts."""
    with db.writing() as connection:
        for row in rows:
            mine = sa.and_(shortage.c.order_number == row.order_number,
                           shortage.c.line_number == row.line_number)  # fmt: skip
            known = connection.execute(sa.select(shortage.c.short).where(mine)).scalar()
            values = asdict(row) | {"short": str(row.short)}
            if known is None:
                insert = upsert(db, shortage).values(**values)
                connection.execute(insert.on_conflict_do_nothing())
            elif Decimal(known) < row.short:
                connection.execute(shortage.update().where(mine).values(short=str(row.short)))


def shortages(db: Database, since: datetime) -> list[Shortage]:
    """Lines that were bought since then and were short at some time, oldest first."""
    query = sa.select(shortage).where(shortage.c.bought_at >= since)
    ordered = query.order_by(shortage.c.bought_at, shortage.c.order_number, shortage.c.line_number)
    with db.reading() as connection:
        return [Shortage(**{**row, "short": Decimal(row["short"])})
                for row in connection.execute(ordered).mappings()]  # fmt: skip


def heard(
    db: Database, flow: str, keys: Collection[str], since: datetime, until: datetime
) -> list[Heard]:
    """Events of these keys in that time, in order of arrival."""
    found = []
    with db.reading() as connection:
        for some in _parts(keys):
            query = sa.select(event.c.id, event.c.at, event.c.key, event.c.source, event.c.hint)
            mine = query.where(event.c.flow == flow, event.c.key.in_(some))
            rows = connection.execute(mine.where(event.c.at.between(since, until)))
            found += [(r.id, Heard(r.at, r.key, r.source, r.hint or {})) for r in rows]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def prune(db: Database, before: datetime) -> None:
    """Forget what is older. The last thing told of a SKU and the last state of a shelf stay: what
    comes next is compared with them.
    """
    when = sa.func.coalesce(told.c.seen_at, told.c.sent_at)
    told_later = _followed(told, ("sku",), "generation")
    changed_later = _followed(shelf_seen, ("item", "location"), "version")
    with db.writing() as connection:
        connection.execute(told.delete().where(when < before, told_later))
        connection.execute(shelf_seen.delete().where(shelf_seen.c.seen_at < before, changed_later))
        connection.execute(shortage.delete().where(shortage.c.bought_at < before))
        connection.execute(arrival.delete().where(arrival.c.known_at < before))


def _followed(table: sa.Table, keys: Sequence[str], number: str) -> sa.ColumnElement[bool]:
    """A later row has the same keys."""
    other = table.alias()
    same = [other.c[key] == table.c[key] for key in keys]
    return sa.exists().where(*same, other.c[number] > table.c[number]).correlate(table)


def _parts(names: Collection[str]) -> Iterable[list[str]]:
    ordered = sorted(names)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]

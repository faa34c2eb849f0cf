"""Settlement files that were seen, and what was posted of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema import posting, settlement

PLANNED, POSTED, REVERSED = "planned", "posted", "reversed"


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as it came. `detail` holds what its control record and sums say."""

    sha256: str
    settlement_id: str
    seen_at: datetime
    source: str
    path: str
    state: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Posting:
    """One batch on its way into the ledger, or in it. `content` is what was sent."""

    ref: str
    settlement_id: str
    revision: int
    part: str
    digest: str
    state: str
    batch_number: str
    reversed_by: str
    at: datetime
    who: str
    proof: str
    content: Mapping[str, Any]


def seen(db: Database, file: SeenFile, superseded: str) -> bool:
    """Remember a file; False when the same bytes were seen before. Earlier files of the same
    settlement get the state `superseded`, in the same transaction.
    """
    with db.writing() as connection:
        done = connection.execute(
            upsert(db, settlement).values(
                sha256=file.sha256, settlement_id=file.settlement_id, seen_at=file.seen_at,
                source=file.source, path=file.path, state=file.state, detail=dict(file.detail),
            ).on_conflict_do_nothing().returning(settlement.c.sha256)
        )  # fmt: skip
        if done.first() is None:  # a count of rows is not told by every driver
            return False
        connection.execute(
            settlement.update()
            .where(settlement.c.settlement_id == file.settlement_id)
            .where(settlement.c.sha256 != file.sha256)
            .values(state=superseded)
        )
        return True


def files(db: Database, settlement_id: str | None = None) -> list[SeenFile]:
    """Files, newest first; all of one settlement, or of every one."""
    query = sa.select(settlement).order_by(settlement.c.seen_at.desc(), settlement.c.sha256)
    if settlement_id is not None:
        query = query.where(settlement.c.settlement_id == settlement_id)
    with db.reading() as connection:
        return [SeenFile(**dict(row)) for row in connection.execute(query).mappings()]


def postings(db: Database, settlement_id: str | None = None) -> list[Posting]:
    """Batches in the order they were planned."""
    query = sa.select(posting).order_by(posting.c.settlement_id, posting.c.revision, posting.c.part)
    if settlement_id is not None:
        query = query.where(posting.c.settlement_id == settlement_id)
    with db.reading() as connection:
        return [Posting(**dict(row)) for row in connection.execute(query).mappings()]


def plan(db: Database, planned: Iterable[Posting]) -> None:
    """Write down what will be posted before it is; what is there already stays as it is."""
    rows = [
        {name: getattr(p, name) for name in Posting.__slots__} | {"content": dict(p.content)}
        for p in planned
    ]
    if not rows:
        return
    with db.writing() as connection:
        connection.execute(upsert(db, posting).on_conflict_do_nothing(), rows)


def mark(
    db: Database, ref: str, state: str, *, batch_number: str = "", reversed_by: str = ""
) -> None:
    """How far a batch has come. Reversed is the end: nothing comes after it."""
    values: dict[str, Any] = {"state": state}
    if batch_number:
        values["batch_number"] = batch_number
    if reversed_by:
        values["reversed_by"] = reversed_by
    with db.writing() as connection:
        connection.execute(
            posting.update()
            .where(posting.c.ref == ref)
            .where(posting.c.state != REVERSED)
            .values(values)
        )


def newest_revision(rows: Sequence[Posting]) -> list[Posting]:
    """The batches of the last revision."""
    last = max((row.revision for row in rows), default=0)
    return [row for row in rows if row.revision == last]

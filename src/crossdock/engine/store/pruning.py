"""History ends: what is old, settled and asked for by nobody is deleted, some rows at a time."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crossdock.engine.model import FEED
from crossdock.engine.store.database import Database
from crossdock.engine.store.schema import case, event, evidence, outcome, run, work

MOST = 20_000  # rows of one table in one turn
_AT_ONCE = 500  # rows in one transaction, so that nobody waits long for the write lock


def prune(
    db: Database,
    *,
    feeds: datetime,
    records: datetime,
    feeds_wall: datetime,
    records_wall: datetime,
) -> bool:
    """Delete what is older than these times, of feeds and of everything else; True when there is
    more. What an open case or a waiting key is about stays whole, however old it is.
    """
    more = False
    for table in (event, outcome, evidence):
        told = sa.or_(
            sa.and_(table.c.flow == FEED, table.c.at < feeds),
            sa.and_(table.c.flow != FEED, table.c.at < records, ~_waits(table)),
        )
        more |= _delete(db, table, sa.and_(told, ~_cased(table)))
    old = sa.or_(
        sa.and_(run.c.flow == FEED, run.c.started_at < feeds_wall),
        sa.and_(run.c.flow != FEED, run.c.started_at < records_wall),
    )
    unasked = ~sa.or_(
        sa.exists().where(outcome.c.run_id == run.c.id),
        sa.exists().where(case.c.run_id == run.c.id, case.c.state == "open"),
        sa.exists().where(work.c.claim == run.c.id),
    )
    return _delete(db, run, sa.and_(old, run.c.state != "running", unasked)) or more


def _cased(table: sa.Table) -> Any:
    mine = sa.and_(case.c.flow == table.c.flow, case.c.key == table.c.key, case.c.state == "open")
    return sa.exists().where(mine)


def _waits(table: sa.Table) -> Any:
    return sa.exists().where(work.c.flow == table.c.flow, work.c.key == table.c.key)


def _delete(db: Database, table: sa.Table, which: Any) -> bool:
    """Found in one read, which holds up nobody; deleted in small transactions."""
    with db.reading() as connection:
        ids = list(connection.execute(sa.select(table.c.id).where(which).limit(MOST)).scalars())
    for start in range(0, len(ids), _AT_ONCE):
        with db.writing() as connection:
            some = table.c.id.in_(ids[start : start + _AT_ONCE])
            # Asked once more: a case may have been opened since it was found.
            connection.execute(table.delete().where(some, which))
    return len(ids) == MOST

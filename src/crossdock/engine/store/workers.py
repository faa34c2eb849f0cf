"""Who is working on this store."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema import worker


def beat(db: Database, name: str, wall: datetime) -> None:
    """I am alive."""
    with db.writing() as connection:
        connection.execute(
            upsert(db, worker).on_conflict_do_update(
                index_elements=["name"], set_={"beat_at": wall}
            ),
            {"name": name, "started_at": wall, "beat_at": wall},
        )


def listed(db: Database) -> list[dict[str, Any]]:
    """Every worker that ever beat, the freshest first."""
    with db.reading() as connection:
        rows = connection.execute(sa.select(worker).order_by(worker.c.beat_at.desc()))
        return [dict(r._mapping) for r in rows]

"""How each worker's intakes fare, so that another process can tell."""

import json
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema import watermark

_PREFIX = "intake/"


def note(
    db: Database, worker: str, source: str, tally: Mapping[str, object], now: datetime
) -> None:
    """Kept beside the marks of feeds: both say how far what comes from outside was taken in."""
    with db.writing() as connection:
        insert = upsert(db, watermark)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["name"],
                set_={"value": insert.excluded.value, "at": insert.excluded.at},
            ),
            {"name": f"{_PREFIX}{worker}/{source}", "value": json.dumps(tally), "at": now},
        )


def listed(db: Database) -> dict[tuple[str, str], Mapping[str, object]]:
    """The last tally of every intake, by (worker, source)."""
    with db.reading() as connection:
        rows = connection.execute(
            sa.select(watermark.c.name, watermark.c.value)
            .where(watermark.c.name.startswith(_PREFIX, autoescape=True))
            .order_by(watermark.c.name)
        ).all()
    found = {}
    for name, value in rows:
        worker, _, source = str(name).removeprefix(_PREFIX).rpartition("/")
        found[worker, source] = json.loads(value)
    return found

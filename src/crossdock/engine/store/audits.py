"""Who did what, and every value that is kept sealed."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.schema import audit, case, kept_message, work
from crossdock.engine.store.sealed import SEALED


def listed(db: Database, *, did: str, limit: int) -> list[Any]:
    """The newest rows of one kind of deed."""
    query = sa.select(audit).where(audit.c.did == did).order_by(audit.c.id.desc()).limit(limit)
    with db.reading() as connection:
        return list(connection.execute(query).all())


def sealed_values(db: Database) -> Iterator[tuple[str, str]]:
    """(subject, sealed value) of everything that is kept sealed, wherever it stands."""
    with db.reading() as connection:
        for kept in connection.execute(sa.select(kept_message.c.id, kept_message.c.body)):
            if kept.body.startswith(SEALED):
                yield f"message/{kept.id}", kept.body
        edited = sa.select(work.c.flow, work.c.key, work.c.edits).where(work.c.edits.is_not(None))
        for flow, key, edits in connection.execute(edited):
            yield from _of(f"{flow}/{key}", edits)
        query = sa.select(case.c.flow, case.c.key, audit.c.detail).join(
            audit, audit.c.about == case.c.id
        )
        for flow, key, detail in connection.execute(query):
            yield from _of(f"{flow}/{key}", detail)


def _of(subject: str, values: Any) -> Iterator[tuple[str, str]]:
    if isinstance(values, dict):
        for value in values.values():
            if isinstance(value, str) and value.startswith(SEALED):
                yield subject, value

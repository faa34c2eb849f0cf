"""Looks for a text in every column of every table, whoever made the table."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from crossdock.engine.store.database import Database

_SYSTEM = ("information_schema", "pg_catalog", "pg_toast")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands."""

    where: str  # "audit.detail"
    rows: int


def spellings(words: str) -> set[str]:
    """As it may be written: other cases, which databases fold for ASCII only, and as JSON escapes
    what is not ASCII.
    """
    plain = {words, words.lower(), words.upper(), words.title(), words.casefold()}
    return plain | {json.dumps(text)[1:-1] for text in plain}


def text_places(db: Database, wanted: str) -> Iterator[Place]:
    """Every text column that holds it, in whatever case."""
    written = {_ascii_lower(text) for text in spellings(wanted)}
    inspector = sa.inspect(db.engine)
    schemas = [s for s in inspector.get_schema_names() if s not in _SYSTEM]
    for schema in schemas:
        for name in inspector.get_table_names(schema=schema):
            table = sa.Table(name, sa.MetaData(), schema=schema, autoload_with=db.engine)
            for column in table.columns:
                if isinstance(column.type, sa.String | sa.JSON):
                    rows = _count(db, table, column, written)
                    if rows:
                        yield Place(f"{name}.{column.name}", rows)


def _count(db: Database, table: sa.Table, column: sa.Column[str], written: set[str]) -> int:
    text = sa.func.lower(sa.cast(column, sa.Text))
    found = sa.or_(*(text.contains(one, autoescape=True) for one in sorted(written)))
    with db.reading() as connection:
        query = sa.select(sa.func.count()).select_from(table).where(found)
        return int(connection.execute(query).scalar_one())


def _ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)

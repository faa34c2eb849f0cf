"""Schemas of Amazon's product types, kept until their checksum is another."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crossdock.engine.store.database import Database
from crossdock.engine.store.inbox import upsert
from crossdock.engine.store.schema_products import product_type


@dataclass(frozen=True, slots=True)
class StoredSchema:
    """A product type's schema and when it was last known to be current."""

    name: str
    requirements: str
    marketplace: str
    checksum: str
    version: str
    content: str
    checked_at: datetime


def find(db: Database, name: str, requirements: str, marketplace: str) -> StoredSchema | None:
    """The one that is kept."""
    query = sa.select(product_type).where(
        product_type.c.name == name,
        product_type.c.requirements == requirements,
        product_type.c.marketplace == marketplace,
    )
    with db.reading() as connection:
        row = connection.execute(query).mappings().first()
    return StoredSchema(**row) if row is not None else None


def keep(db: Database, schema: StoredSchema) -> None:
    """In place of an older one."""
    values: dict[str, Any] = {name: getattr(schema, name) for name in StoredSchema.__slots__}
    keys = ["name", "requirements", "marketplace"]
    insert = upsert(db, product_type).values(**values)
    newer = {name: insert.excluded[name] for name in values if name not in keys}
    with db.writing() as connection:
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=newer))

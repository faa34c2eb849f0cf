"""Stores with their tables, made once and copied: making tables takes as long as a whole story."""

import functools
import sqlite3
from contextlib import closing
from pathlib import Path

from crossdock.engine.store import Database, open_database


def a_store(folder: Path | None = None, name: str = "store.db") -> Database:
    """A new SQLite store, in `folder` or in memory, with nothing in its tables."""
    if folder is not None:
        file = folder / name
        with closing(sqlite3.connect(file)) as connection:
            _empty().backup(connection)
        return open_database(f"sqlite:///{file}")
    database = open_database("sqlite://")
    with closing(database.engine.raw_connection()) as connection:
        _empty().backup(connection.driver_connection)  # type: ignore[arg-type]
    return database


@functools.cache
def _empty() -> sqlite3.Connection:
    database = open_database("sqlite://")
    database.migrate()
    found = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(database.engine.raw_connection()) as connection:
        connection.driver_connection.backup(found)  # type: ignore[union-attr]
    database.close()
    return found

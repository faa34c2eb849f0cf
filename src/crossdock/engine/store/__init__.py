"""The only door to SQL: one database, SQLite (WAL) or PostgreSQL, the same code for both."""

from crossdock.engine.store.database import Database, open_database

__all__ = ["Database", "open_database"]

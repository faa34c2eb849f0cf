"""Opening the database: pragmas, transactions, migrations, waking other workers."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from crossdock.kernel.errors import Misuse, TryAgain

if TYPE_CHECKING:
    from crossdock.engine.store.vault import Vault

_MIGRATIONS = Path(__file__).parent / "migrations"
_CHANNEL = "crossdock_work"
_NO_DATABASE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


class StoreAway(TryAgain):
    """The store does not answer, or not now: no connection, a lock, a full disk."""


class Database:
    """One database. Every transaction that writes takes the write lock at once, so that SQLite
    never has to upgrade a read lock.
    """

    def __init__(self, engine: sa.Engine, url: str) -> None:
        self.engine = engine
        self.url = url
        self.vault: Vault | None = None  # seals personal values; wiring sets it
        sa.event.listen(engine, "handle_error", _translated)

    @property
    def is_postgres(self) -> bool:
        """PostgreSQL can be shared by several workers; SQLite serves one process."""
        return self.engine.dialect.name == "postgresql"

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction that writes; all of it or nothing."""
        with self.engine.connect() as connection:
            locked = connection.execution_options(crossdock_writes=True)
            with locked.begin():
                yield locked

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent read."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def migrate(self) -> None:
        """Bring the tables to this program's version; safe when several workers start at once."""
        # alembic is imported here because a running system rarely needs it.
        from alembic import command
        from alembic.config import Config
        from alembic.migration import MigrationContext
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["logging"] = False
        newest = ScriptDirectory.from_config(config).get_current_head()
        with self.writing() as connection:
            if self.is_postgres:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(4242421)"))
            if MigrationContext.configure(connection).get_current_revision() == newest:
                return
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def wake(self, connection: sa.Connection) -> None:
        """Tell the other workers, when this transaction commits, that there is work."""
        if self.is_postgres:
            connection.execute(sa.text(f"NOTIFY {_CHANNEL}"))

    def listen(self, seconds: float, stop: Any) -> Iterator[None]:
        """Yield once for each wake-up heard from other workers, until `stop()` is true."""
        raw = self.engine.raw_connection()
        try:
            driver: Any = raw.driver_connection
            driver.autocommit = True
            driver.execute(f"LISTEN {_CHANNEL}")
            while not stop():
                for _ in driver.notifies(timeout=seconds, stop_after=1):
                    yield None
        finally:
            raw.invalidate()
            raw.close()

    def fold_in(self) -> None:
        """SQLite: write the journal into the file and empty it, so that it keeps nothing that was
        overwritten. Best effort: while others read, it happens later by itself.
        """
        if self.is_postgres:
            return
        with (
            contextlib.suppress(sa.exc.OperationalError, StoreAway),
            self.engine.connect() as connection,
        ):
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def _translated(context: Any) -> Exception | None:
    """The one door for a store that is away; a statement that is wrong stays a defect."""
    error = context.original_exception
    code = getattr(error, "sqlite_errorcode", None)
    away = isinstance(context.sqlalchemy_exception, sa.exc.OperationalError)
    if code == sqlite3.SQLITE_ERROR or not (away or code in _NO_DATABASE):
        return None
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return StoreAway(f"the store does not answer: {reason}", code="store-away")


def open_database(url: str) -> Database:
    """Open `sqlite:///file`, `sqlite://` (memory) or `postgresql://...`; makes no tables."""
    if url.startswith("sqlite"):
        return Database(_sqlite(url), url)
    if url.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        rest = url.split("://", 1)[1]
        engine = sa.create_engine(
            f"postgresql+psycopg://{rest}", pool_size=10, max_overflow=10, pool_pre_ping=True,
            hide_parameters=True,
        )  # fmt: skip
        return Database(engine, url)
    scheme = url.split(":", 1)[0]
    raise Misuse(
        f"the store {scheme!r} is not supported; use sqlite:///crossdock.db or postgresql://..."
    )


def wal_engine(url: str, *, synchronous: str) -> sa.Engine:
    """An SQLite engine in WAL mode whose writers queue instead of failing."""
    memory = url in ("sqlite://", "sqlite:///:memory:")
    # Parameters may be names and addresses, and an error's words end in logs.
    options: dict[str, Any] = {
        "connect_args": {"check_same_thread": False, "timeout": 30}, "hide_parameters": True
    }  # fmt: skip
    if memory:
        options["poolclass"] = StaticPool
    else:
        # A run, its heartbeat, the intake and the console each hold a connection for moments.
        options |= {"pool_size": 10, "max_overflow": 20}
    engine = sa.create_engine(url, **options)

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "busy_timeout=30000",
            "foreign_keys=ON",
            "secure_delete=FAST",  # a destroyed key is overwritten in its page, not only let go
            "cache_size=-16000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _sqlite(url: str) -> sa.Engine:
    # FULL: a message is acknowledged after commit, so the commit must survive a power cut.
    engine = wal_engine(url, synchronous="FULL")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("crossdock_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine

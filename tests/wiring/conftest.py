"""A store for stories that need no file."""

from collections.abc import Iterator

import pytest

from crossdock.engine.store import Database
from tests.stores import a_store


@pytest.fixture
def memory() -> Iterator[Database]:
    found = a_store()
    yield found
    found.close()

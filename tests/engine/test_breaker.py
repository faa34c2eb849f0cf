"""What an operation's results say about the other side: a wave of failures, or that it works."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crossdock.engine.breaker import Breakers
from crossdock.engine.policy import Policy
from crossdock.engine.store import Database
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.evidence import Call, Noted
from tests.stores import a_store

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LOST = Noted(TryAgain("the reply was lost", code="reply-lost"), ())
LOOKED = Call("amazon", "getListingsItem", NOON, 20, 200)
WROTE = Call("amazon", "patchListingsItem", NOON, 30, 200, wrote={"patches": "..."})
REFUSED = Call("amazon", "patchListingsItem", NOON, 30, 429, wrote={"patches": "..."})


def waits(*calls: Call) -> Noted:
    """Comes back to look, after these calls."""
    return Noted(TryAgain("it counts when Amazon shows it", counts=False), calls)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    found = a_store(tmp_path)
    yield found
    found.close()


def test_a_write_that_was_taken_and_has_to_show_yet_went_well(db: Database) -> None:
    """One reply in six is lost: no outage, and nobody is kept waiting."""
    breakers = Breakers(db, Policy())
    for _ in range(20):
        assert breakers.watch("stock.publish", [LOST], NOON) is None
        assert breakers.watch("stock.publish", [waits(LOOKED, WROTE)] * 5, NOON) is None
    assert breakers.admit("stock.publish", 3, NOON) == (3, None)


def test_the_probe_closes_the_breaker_when_its_write_is_taken(db: Database) -> None:
    breakers = Breakers(db, Policy())
    pause = breakers.watch("stock.publish", [LOST] * 5, NOON)
    assert pause is not None
    later = NOON + timedelta(minutes=2)
    assert breakers.admit("stock.publish", 3, later)[0] == 1
    breakers.watch("stock.publish", [waits(LOOKED)], later)  # it only looked
    assert breakers.admit("stock.publish", 3, later)[0] == 1
    breakers.watch("stock.publish", [waits(LOOKED, WROTE)], later)
    assert breakers.admit("stock.publish", 3, later) == (3, None)


@pytest.mark.parametrize("between", [waits(), waits(LOOKED), waits(LOOKED, REFUSED)])
def test_who_waits_without_a_write_says_nothing_about_an_outage(
    db: Database, between: Noted
) -> None:
    breakers = Breakers(db, Policy())
    for _ in range(4):
        assert breakers.watch("stock.publish", [LOST], NOON) is None
        assert breakers.watch("stock.publish", [between], NOON) is None
    assert breakers.watch("stock.publish", [LOST], NOON) is not None

"""So many changes within an hour, and no more, whoever asks at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from crossdock.engine.store import Database, approvals, publications
from crossdock.engine.store.publications import SENT, Publication

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def let_through(db: Database, sku: str, most: int, now: datetime = NOW) -> bool:
    return approvals.pass_within(db, "stock", sku, most, publications.zeroed_since(now - HOUR), now)


def test_workers_that_ask_at_once_get_no_more_than_there_are(db: Database) -> None:
    skus = [f"SKU-{n}" for n in range(24)]
    with ThreadPoolExecutor(6) as workers:
        found = list(workers.map(lambda sku: let_through(db, sku, 5), skus))
    assert found.count(True) == 5
    assert {sku: approvals.has_pass(db, "stock", sku, NOW) for sku in skus} == dict(
        zip(skus, found, strict=True)
    )


def test_what_was_written_otherwise_counts_and_nothing_counts_twice(db: Database) -> None:
    zero = Publication("GONE", 1, 0, SENT, sent_at=NOW - timedelta(minutes=5))
    publications.keep(db, zero)
    assert let_through(db, "A", 2)
    assert let_through(db, "A", 2)
    assert not let_through(db, "B", 2)
    publications.keep(db, Publication("A", 1, 0, SENT, sent_at=NOW))
    assert let_through(db, "C", 3)  # A is one, not two


def test_an_hour_later_there_are_others(db: Database) -> None:
    assert let_through(db, "A", 1)
    assert not let_through(db, "B", 1)
    assert let_through(db, "B", 1, NOW + HOUR)
    assert let_through(db, "A", 2, NOW + HOUR)

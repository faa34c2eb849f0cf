"""Feeds of quantities when the machine goes away, and when several workers share them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from bench.depot import BEGAN, Depot
from crossdock.engine.store import Database, bulk, cases, publications
from crossdock.engine.store.bulk import Item
from crossdock.engine.store.publications import SEEN
from crossdock.engine.store.schema import publication
from tests.stores import a_store
from tests.wiring.bulk_depot import (
    FEW,
    a_depot,
    settled,
    submitted,
)


class PowerCut(BaseException):
    """The machine is gone."""


@contextmanager
def a_power_cut(depot: Depot, at: int, when: str) -> Iterator[list[bool]]:
    """Before or after so many-th transaction that writes, or request to Amazon."""
    writing, send, left, struck = depot.db.writing, depot.line.send, [at], [False]

    def now() -> bool:
        left[0] -= 1
        struck[0] = struck[0] or left[0] == 0
        return left[0] == 0

    @contextmanager
    def cut_writing() -> Iterator[Any]:
        if when == "before" and now():
            raise PowerCut
        with writing() as connection:
            yield connection
        if when == "after" and now():
            raise PowerCut

    def cut_send(request: Any) -> Any:
        if when == "unasked" and now():
            raise PowerCut
        response = send(request)
        if when == "unheard" and now():
            raise PowerCut
        return response

    depot.db.writing, depot.line.send = cut_writing, cut_send  # type: ignore[method-assign]
    try:
        yield struck
    finally:
        depot.db.writing, depot.line.send = writing, send  # type: ignore[method-assign]


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after", "unasked", "unheard"])
def test_a_power_cut_anywhere_loses_nothing_and_submits_once(when: str) -> None:
    at, reached = 0, True
    while reached:
        at += 1
        db = a_store()
        depot = a_depot(db)
        depot.sim.faults.load([{"fault": "feed_message_refused", "operations": ["S-5"], "most": 1}])
        depot.counts(dict.fromkeys(FEW, 9))
        with a_power_cut(depot, at, when) as struck:
            try:
                depot.run()
            except PowerCut:
                depot.advance(timedelta(seconds=5))
                depot.engines = [depot.worker("w0")]
                depot.run()
            reached = struck[0]
        settled(depot)
        feeds = [f for f in depot.sim.feeds.sent.values() if not f.cancelled]
        told = [sku for feed in feeds for sku in feed.skus]
        assert len(told) == len(set(told)), (at, told)
        db.close()
    assert at > 8


def test_another_worker_continues_the_feed_of_a_dead_one(db: Database) -> None:
    depot = a_depot(db)
    depot.counts(dict.fromkeys(FEW, 9))
    while not depot.sim.feeds.sent:
        depot.turn()
    depot.engines = [depot.worker("other")]
    settled(depot)
    assert submitted(depot) == 1


def test_two_workers_submit_a_basket_once(db: Database) -> None:
    depot = a_depot(db, workers=2)
    depot.counts(dict.fromkeys(FEW, 9))
    settled(depot)
    assert submitted(depot) == 1


def test_decreases_are_the_first_messages(db: Database) -> None:
    items = [Item(f"K-{n}", 1, n, 1, False, "feed", BEGAN, rises=n < 3) for n in range(6)]
    bulk.put(db, items, "stock.bulk", BEGAN)
    assert bulk.take(db, "first", 2, BEGAN) == 2
    assert not any(row.rises for row in bulk.rows_of(db, "first"))
    assert bulk.take(db, "second", 9, BEGAN) == 4
    assert [row.rises for row in bulk.rows_of(db, "second")] == [False, True, True, True]
    bulk.put(db, [items[0]], "stock.bulk", BEGAN)  # it is in a feed: nothing of it changes
    assert bulk.waiting(db).count == 0


def test_a_row_goes_in_one_feed_whoever_chooses(db: Database) -> None:
    import threading

    items = [Item(f"K-{n}", 1, n, 1, False, "feed", BEGAN, rises=n % 2 == 0) for n in range(300)]
    bulk.put(db, items, "stock.bulk", BEGAN)
    counts: list[int] = []

    def choose(ref: str) -> None:
        counts.append(bulk.take(db, ref, 100, BEGAN))

    threads = [threading.Thread(target=choose, args=(f"f{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chosen = [row.sku for n in range(4) for row in bulk.rows_of(db, f"f{n}")]
    assert sorted(chosen) == sorted(item.sku for item in items)
    assert sum(counts) == 300
    first = next(f for f in bulk.under_way(db) if f.messages == 100)
    assert not bulk.withdraw(db, bulk.rows_of(db, first.ref)[0].sku)
    assert bulk.move(db, first.ref, "planned", "submitting", submitting_at=BEGAN)
    assert not bulk.move(db, first.ref, "planned", "submitting", submitting_at=BEGAN)


@pytest.mark.parametrize("known", [True, False], ids=["for a feed", "seen"])
def test_a_number_that_no_store_takes_stops_no_other_sku(db: Database, known: bool) -> None:
    """A count that somebody typed twice. What is known goes into the basket unread; what is not is
    looked at, and live already: only its receipt is written.
    """
    depot = a_depot(db)
    if not known:
        with db.writing() as connection:
            connection.execute(publication.delete())
    found = {**dict.fromkeys(FEW, 7), "S-1": 10**20}
    for sku, quantity in found.items():
        live = depot.sim.listings.items[depot.seller, sku].live
        live["fulfillment_availability"][0]["quantity"] = quantity
    depot.counts(found)
    depot.run()
    assert [(c.key, c.kind) for c in cases.listed(db, limit=10)] == [("S-1", "defect")]
    told = {sku: row for sku, row in publications.of_many(db, FEW).items() if row.quantity == 7}
    assert {sku: row.state for sku, row in told.items()} == dict.fromkeys(set(FEW) - {"S-1"}, SEEN)

"""A depot whose counts go to Amazon in feeds, and what must be true of it at the end."""

from datetime import timedelta
from typing import Any

from bench.depot import Depot
from crossdock.engine.store import Database
from crossdock.wiring.patch_queue import PATCH

MANY = [f"S-{n:03}" for n in range(340)]
FEW = [f"S-{n}" for n in range(6)]


def a_depot(db: Database, skus: list[str] = FEW, quantity: int = 5, **how: Any) -> Depot:
    """With few SKUs single calls are so slow that a feed is quicker."""
    depot = Depot(db, **how)
    depot.stands(skus, quantity)
    if len(skus) < 300:
        depot.slow_down(PATCH, 0.02)
    return depot


def settled(depot: Depot, hours: int = 6) -> None:
    """Until everything is right; cases are looked at again every hour."""
    for _ in range(hours):
        depot.run()
        if not depot.wrong():
            break
        depot.advance(timedelta(hours=1, minutes=1))
    assert depot.wrong() == {}
    assert never_patched_in_a_feed(depot)


def never_patched_in_a_feed(depot: Depot) -> bool:
    """No single call for a SKU while Amazon had a feed with it under way."""
    patched = [(at, path.rpartition("/")[2]) for at, m, path in depot.line.calls if m == "PATCH"]
    spans = [
        (feed.created, feed.cancelled or feed.ends, set(feed.skus))
        for feed in depot.sim.feeds.sent.values()
    ]
    return not [
        (at, sku) for at, sku in patched for begins, ends, skus in spans
        if begins < at < ends and sku in skus
    ]  # fmt: skip


def submitted(depot: Depot) -> int:
    return len(depot.sim.feeds.sent)


def waves(depot: Depot, count: int, apart: timedelta) -> None:
    """Six other SKUs change each time."""
    depot.stands([f"W-{n}-{k}" for n in range(count) for k in range(6)], 5)
    for n in range(count):
        depot.counts({f"W-{n}-{k}": 9 for k in range(6)})
        end = depot.clock.now() + apart
        while depot.clock.now() < end:
            depot.turn(end - depot.clock.now())

"""Who finds no quota for a single write takes a place in the line, and comes back once."""

from datetime import timedelta
from itertools import pairwise

from bench.depot import Depot
from crossdock.engine.store import Database
from crossdock.wiring.patch_queue import PATCH, Queue


def a_line(depot: Depot) -> Queue:
    return Queue(depot.amazon, depot.clock.now)


def test_places_are_as_far_apart_as_the_quota_and_whoever_comes_then_need_not_wait(
    memory: Database,
) -> None:
    depot = Depot(memory)
    line, quota = a_line(depot), depot.amazon.quota
    quota.take(PATCH, 5)
    places = [line.stand(f"S-{n}", rises=True) for n in range(20)]
    waits = [place.after for place in places if place is not None]
    assert len(waits) == 20
    assert all(a is not None and b is not None and b > a for a, b in pairwise(waits))
    assert line.length() == 20
    now = depot.clock.now()
    for wait in waits:
        assert wait is not None
        depot.advance(now + wait - depot.clock.now())
        assert line.stand("again", rises=True) is None
        quota.take_one(PATCH, "again")
    assert depot.clock.now() - now < timedelta(seconds=6)
    assert line.length() == 0


def test_what_is_urgent_stands_before_all_others(memory: Database) -> None:
    depot = Depot(memory)
    line = a_line(depot)
    depot.amazon.quota.take(PATCH, 5)
    for n in range(10):
        line.stand(f"S-{n}", rises=True)
    last, first = line.wait(rises=True), line.wait(rises=False)
    assert first < timedelta(seconds=1) < last

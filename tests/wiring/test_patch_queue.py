"""Who finds no quota for a single write takes a place in the line, and comes back once."""

from datetime import timedelta
from itertools import pairwise

from bench.depot import Depot
from crossdock.engine.store import Database
from crossdock.wiring.patch_queue import ABSENT, PATCH, Line, Queue


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


# --- a line in which places are kept


def a_kept_line(depot: Depot, reserve: int = 2) -> Line:
    depot.amazon.quota.take(PATCH, 5)
    return Line(depot.amazon, lambda: depot.db, depot.clock.now, reserve)


def waits(line: Line, key: str) -> timedelta:
    place = line.stand(key, key)
    return timedelta(0) if place is None else place.after or timedelta(0)


def test_places_are_as_far_apart_as_the_quota_and_everybody_asks_twice(memory: Database) -> None:
    depot = Depot(memory)
    line, began = a_kept_line(depot), depot.clock.now()
    places = {f"S-{n}": began + waits(line, f"S-{n}") for n in range(20)}
    assert all(b > a for a, b in pairwise(places.values()))
    for key, at in places.items():
        depot.advance(at - depot.clock.now())
        assert waits(line, key) == timedelta(0)
        depot.amazon.quota.take_one(PATCH, key, reserve=2)
        line.leave(key)
    assert depot.clock.now() - began < timedelta(seconds=6)


def test_who_finds_that_others_took_the_quota_is_still_the_first(memory: Database) -> None:
    depot = Depot(memory)
    line, quota = a_kept_line(depot), depot.amazon.quota
    first = waits(line, "first")
    for n in range(10):
        waits(line, f"S-{n}")
    depot.advance(first)
    quota.take(PATCH, 5)  # a quantity that goes down
    again = waits(line, "first")
    assert timedelta(0) < again < waits(line, "S-0") < waits(line, "S-9")
    depot.advance(again)
    assert waits(line, "S-0") > timedelta(0)  # what there is now is the first one's
    assert waits(line, "first") == timedelta(0)


def test_who_does_not_come_any_more_keeps_nobody_waiting(memory: Database) -> None:
    depot = Depot(memory)
    line = a_kept_line(depot)
    for n in range(50):
        waits(line, f"gone-{n}")
    depot.advance(timedelta(seconds=20) + ABSENT)
    assert waits(line, "new") == timedelta(0)


def test_all_workers_stand_in_one_line(memory: Database) -> None:
    depot = Depot(memory)
    workers = [a_kept_line(depot), a_kept_line(depot)]
    places = {f"S-{n}": waits(workers[n % 2], f"S-{n}") for n in range(20)}
    assert all(b > a for a, b in pairwise(places.values()))
    began = depot.clock.now()
    for n, (key, wait) in enumerate(places.items()):
        depot.advance(began + wait - depot.clock.now())
        other = workers[1 - n % 2]  # each comes to the other one the second time
        assert waits(other, key) == timedelta(0)
        depot.amazon.quota.take_one(PATCH, key, reserve=2)
        other.leave(key)
    assert depot.clock.now() - began < timedelta(seconds=6)


def test_a_place_far_back_is_kept_until_its_time_has_come(memory: Database) -> None:
    depot = Depot(memory)
    line = a_kept_line(depot)
    places = [waits(line, f"S-{n}") for n in range(100)]
    assert places[-1] > ABSENT + timedelta(seconds=5)
    depot.advance(ABSENT + timedelta(seconds=1))
    assert timedelta(0) < waits(line, "S-99") < waits(line, "new")

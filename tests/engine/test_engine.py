"""What the engine promises, on both stores."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.engine.feeds import SWITCHED_OFF, Change, Feed, Reading
from crossdock.engine.model import Event
from crossdock.engine.policy import Policy
from crossdock.engine.store import Database, cases, history, inbox, links
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import NeedsPerson, TryAgain
from crossdock.kernel.quota import Grant
from tests.engine.shop import Order, Shop, engine, look_at
from tests.stores import a_store


def unknown_sku() -> NeedsPerson:
    return NeedsPerson("SKU X is not known", kind="unknown-sku", remedy="Add it to skus.csv.")


def outage() -> TryAgain:
    return TryAgain("the shop is closed", code="closed")


def test_an_event_becomes_one_order_and_a_link(db: Database, clock: ManualClock) -> None:
    shop = Shop()
    house = engine(db, clock, shop)
    house.submit(look_at("A", "A", "B"))
    house.pump()
    assert shop.made == {"A": 1, "B": 1}
    assert links.of(db, "order", ["A"])["A"].right == "SO-A"


def test_one_bad_record_never_stops_the_rest(db: Database, clock: ManualClock) -> None:
    shop = Shop(trouble={"B": [unknown_sku()]})
    house = engine(db, clock, shop)
    house.submit(look_at("A", "B", "C"))
    house.pump()
    assert sorted(shop.made) == ["A", "C"]
    [case] = cases.listed(db)
    assert (case.key, case.kind, case.remedy) == ("B", "unknown-sku", "Add it to skus.csv.")


def test_a_key_behind_a_case_waits_unless_what_came_may_be_the_cure(
    db: Database, clock: ManualClock
) -> None:
    shop = Shop(trouble={"A": [unknown_sku()], "B": [unknown_sku()], "C": [ValueError()]})
    house = engine(db, clock, shop)
    house.submit(look_at("A", "B", "C"))
    house.pump()
    clock.advance(timedelta(minutes=1))
    cure = [Event("orders", key, "tims.stock", wakes=True) for key in ("A", "C", "D")]
    house.submit([*cure, *look_at("B", "E")])
    house.pump()
    assert shop.made == {"A": 1, "D": 1, "E": 1}
    assert sorted(c.key for c in cases.listed(db)) == ["B", "C"]  # C is a bug of ours


def test_our_own_bug_is_a_case_with_a_place_and_no_private_words(
    db: Database, clock: ManualClock
) -> None:
    shop = Shop(trouble={"A": [ValueError("Ann, 1 Main Street")]})
    house = engine(db, clock, shop)
    house.submit(look_at("A", "B"))
    house.pump()
    [case] = cases.listed(db)
    assert case.kind == "defect"
    assert "shop.py" in str(case.evidence)
    assert "Main Street" not in str(case)
    assert shop.made == {"B": 1}


def test_an_outage_is_tried_again_later_and_longer_apart(db: Database, clock: ManualClock) -> None:
    shop = Shop(trouble={"A": [outage(), outage()]})
    house = engine(db, clock, shop)
    house.submit(look_at("A"))
    house.pump()
    first = inbox.next_due(db)
    assert first == clock.now() + timedelta(seconds=20)
    clock.advance(timedelta(seconds=20))
    house.pump()
    assert inbox.next_due(db) == clock.now() + timedelta(seconds=40)
    clock.advance(timedelta(seconds=40))
    house.pump()
    assert shop.made == {"A": 1}


def test_retries_end_in_a_case(db: Database, clock: ManualClock) -> None:
    shop = Shop(always=outage)
    house = engine(db, clock, shop, policy=Policy(max_attempts=3, wave=99))
    house.submit(look_at("A"))
    for _ in range(3):
        house.pump()
        clock.advance(timedelta(hours=1))
    [case] = cases.listed(db)
    assert case.kind == "retries-exhausted"
    assert "tried 3 times" in case.message


def test_waiting_for_quota_uses_up_no_retries(db: Database, clock: ManualClock) -> None:
    empty = TryAgain("no tokens", after=timedelta(seconds=5), counts=False)
    shop = Shop(trouble={"A": [empty] * 30})
    house = engine(db, clock, shop, policy=Policy(max_attempts=3))
    house.submit(look_at("A"))
    for _ in range(31):
        house.pump()
        clock.advance(timedelta(seconds=5))
    assert shop.made == {"A": 1}
    assert cases.listed(db) == []


def test_a_case_whose_cause_healed_closes_by_itself(db: Database, clock: ManualClock) -> None:
    shop = Shop(trouble={"A": [unknown_sku()]})
    house = engine(db, clock, shop)
    house.submit(look_at("A"))
    house.pump()
    assert len(cases.listed(db)) == 1
    clock.advance(timedelta(hours=1))
    house.pump()
    assert cases.listed(db) == []
    assert shop.made == {"A": 1}


def test_a_persons_edit_is_used_and_forgotten(db: Database, clock: ManualClock) -> None:
    shop = Shop(trouble={"A": [unknown_sku()]})
    house = engine(db, clock, shop)
    house.submit(look_at("A"))
    house.pump()
    [case] = cases.listed(db)
    cases.retry(db, [case.id], who="kim", now=clock.now(), edits={"order.po": "PO-7"})
    house.pump()
    assert shop.pos == {"A": "PO-7"}
    house.submit(look_at("A"))
    house.pump()
    assert shop.pos == {"A": None}


def test_an_edit_that_fits_nothing_says_so(db: Database, clock: ManualClock) -> None:
    shop = Shop(trouble={"A": [unknown_sku()]})
    house = engine(db, clock, shop)
    house.submit(look_at("A"))
    house.pump()
    [case] = cases.listed(db)
    cases.retry(db, [case.id], who="kim", now=clock.now(), edits={"order.pp": "7"})
    house.pump()
    [case] = cases.listed(db)
    assert case.kind == "edit-refused"
    assert "no field 'pp'" in case.message


def test_a_wave_of_one_failure_opens_the_breaker_not_a_thousand_cases(
    db: Database, clock: ManualClock
) -> None:
    def bad_request() -> NeedsPerson:
        return NeedsPerson("400 for FULFILLMENT", kind="amazon-refused", remedy="Wait.",
                           code="InvalidInput", suspect=True)  # fmt: skip

    shop = Shop(always=bad_request)
    house = engine(db, clock, shop)
    keys = [f"K{n:02}" for n in range(40)]
    house.submit(look_at(*keys))
    house.pump()
    assert cases.listed(db) == []
    assert inbox.depth(db, clock.now()) == {"later": 40}
    calls = len(shop.fetched)
    clock.advance(timedelta(seconds=61))
    house.pump()
    assert len(shop.fetched) == calls + 1  # one record probes
    shop.always = lambda: None
    for _ in range(30):
        clock.advance(timedelta(seconds=30))
        house.pump()
    assert shop.made == dict.fromkeys(keys, 1)
    assert cases.listed(db) == []


def test_a_run_that_lost_its_lease_ends_without_writing(db: Database, clock: ManualClock) -> None:
    shop = Shop()
    house = engine(db, clock, shop)
    house.submit(look_at("A"))
    wrote_by: list[int] = []

    def nap() -> None:
        if len(shop.fetched) == 1:  # the first read takes longer than the lease
            clock.advance(timedelta(seconds=40))
            inbox.free_expired(db, clock.now())
        wrote_by.append(len(shop.made))

    shop.always = nap
    house.pump()
    assert len(shop.fetched) == 2
    assert wrote_by == [0, 0]
    assert shop.made == {"A": 1}


def test_keys_wait_in_the_inbox_while_a_quota_is_used_up(db: Database, clock: ManualClock) -> None:
    room = [Grant(0, timedelta(seconds=2))]
    shop = Shop(room=lambda: room[-1])
    house = engine(db, clock, shop)
    house.submit(look_at("A", "B", "C"))
    assert house.pump() == 0
    assert house.next_due() == clock.now() + timedelta(seconds=2)
    room.append(Grant(2))
    assert house.pump() == 2  # two keys, then the third
    assert sorted(shop.made) == ["A", "B", "C"]
    told = [m.kind for m in history.timeline(db, [("orders", "C")])]
    assert told == ["event", "outcome"]  # waiting for a quota is no attempt and leaves no trace


def test_a_message_that_tells_of_nothing_new_is_noted_and_costs_no_call(
    db: Database, clock: ManualClock
) -> None:
    shop = Shop(orders={"A": Order("A", version="2026-05")})
    house = engine(db, clock, shop)
    house.submit(look_at("A"))
    house.pump()
    for version in ("2026-04", "2026-05", "2026-06"):  # overtaken, doubled, news
        house.submit([Event("orders", "A", "queue", version=version)])
        house.pump()
    assert shop.fetched == ["A", "A"]
    heard = [m for m in history.timeline(db, [("orders", "A")]) if m.kind == "event"]
    assert len(heard) == 4


def test_a_feed_brings_only_what_is_news(db: Database, clock: ManualClock) -> None:
    shop = Shop(orders={"A": Order("A", version="5")})
    marks: list[str | None] = []

    def read(mark: str | None) -> Reading:
        marks.append(mark)
        changes = [Change("orders", "A", "5", "order"), Change("orders", "B", "1", "order")]
        return Reading(changes, until=str(int(mark or 0) + 10))

    feed = Feed("amazon.sweep", timedelta(minutes=5), read)
    house = engine(db, clock, shop, feeds=(feed,))
    house.pump()
    assert shop.made == {"A": 1, "B": 1}
    clock.advance(timedelta(minutes=5))
    house.pump()
    assert shop.made == {"A": 1, "B": 1}
    assert marks == [None, "10"]


def test_a_feed_that_fails_keeps_its_place(db: Database, clock: ManualClock) -> None:
    answers: list[Exception | Reading] = [
        outage(), RuntimeError("odd"), Reading([Change("orders", "A")], until="1"),
    ]  # fmt: skip
    marks: list[str | None] = []

    def read(mark: str | None) -> Reading:
        marks.append(mark)
        answer = answers.pop(0) if answers else Reading([], None)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shop = Shop()
    house = engine(db, clock, shop, feeds=(Feed("f", timedelta(minutes=5), read),))
    for _ in range(4):
        house.pump()
        clock.advance(timedelta(minutes=5))
    assert marks == [None, None, None, "1"]
    assert shop.made == {"A": 1}
    assert cases.listed(db) == []


def test_a_feed_can_come_back_sooner_and_never_later(db: Database, clock: ManualClock) -> None:
    waits = [timedelta(seconds=3), timedelta(hours=3)]
    read: list[float] = []
    began = clock.now()

    def turn(_: str | None) -> Reading:
        read.append((clock.now() - began).total_seconds())
        return Reading([], None, after=waits.pop(0) if waits else None)

    house = engine(db, clock, Shop(), feeds=(Feed("f", timedelta(minutes=5), turn),))
    for _ in range(400):
        house.pump()
        clock.advance(timedelta(seconds=1))
    assert read == [0, 3, 303]


def test_a_feed_that_is_switched_off_rests_and_costs_little(
    db: Database, clock: ManualClock
) -> None:
    off = [SWITCHED_OFF, SWITCHED_OFF, Reading([], None), Reading([], None)]
    read: list[float] = []
    began = clock.now()

    def turn(_: str | None) -> Reading:
        read.append((clock.now() - began).total_seconds())
        return off.pop(0)

    house = engine(db, clock, Shop(), feeds=(Feed("f", timedelta(seconds=30), turn),))
    for _ in range(63):
        house.pump()
        clock.advance(timedelta(seconds=10))
    assert read == [0, 300, 600]


def test_a_feed_whose_case_is_resolved_goes_on(db: Database, clock: ManualClock) -> None:
    def read(mark: str | None) -> Reading:
        raise NeedsPerson("the seller has revoked us", kind="reconnect-amazon", remedy="Authorise.")

    house = engine(db, clock, Shop(), feeds=(Feed("sweep", timedelta(minutes=5), read),))
    house.pump()
    [case] = cases.listed(db)
    cases.resolve(db, case.id, who="kim", why="authorised", now=clock.now())
    clock.advance(timedelta(minutes=5))
    assert house.pump() == 1


def test_the_timeline_tells_the_whole_story(db: Database, clock: ManualClock) -> None:
    shop = Shop(trouble={"A": [outage(), unknown_sku()]})
    house = engine(db, clock, shop)
    house.submit(look_at("A"))
    for _ in range(4):
        house.pump()
        clock.advance(timedelta(hours=1))
    told = [(m.kind, m.what) for m in history.timeline(db, [("orders", "A")])]
    assert told == [
        ("event", "test"),
        ("outcome", "later at fetch"),
        ("outcome", "case at fetch"),
        ("case", "unknown-sku opened"),
        ("outcome", "done at remember"),
        ("case", "unknown-sku resolved"),
    ]


class PowerCut(BaseException):
    """The machine is gone."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_power_cut_around_a_write_leaves_nothing_missing(
    db: Database, clock: ManualClock, when: str
) -> None:
    shop = Shop()
    cuts = [when]

    def watch(at: str, flow: str, step: str) -> None:
        if cuts and at == cuts[0]:
            cuts.pop()
            raise PowerCut

    house = engine(db, clock, shop, watch=watch)
    house.submit(look_at("A", "B"))
    with pytest.raises(PowerCut):
        house.pump()
    engine(db, clock, shop).pump()  # the same worker starts again
    assert sorted(shop.made) == ["A", "B"]
    assert links.of(db, "order", ["A", "B"]).keys() == {"A", "B"}
    assert inbox.depth(db, clock.now()) == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from("ABCDE"), max_size=4), max_size=12))
def test_arrival_order_doubling_and_batching_never_change_the_end(
    clock: ManualClock, heard: list[list[str]]
) -> None:
    memory = a_store()
    shop = Shop(orders={k: Order(k, version=k) for k in "ABCDE"})
    house = engine(memory, clock, shop)
    for batch in heard:
        house.submit(look_at(*batch))
        if len(batch) % 2:
            house.pump()
    house.pump()
    keys = sorted({k for batch in heard for k in batch})
    found = links.of(memory, "order", list("ABCDE"))
    assert {k: (v.right, v.version) for k, v in found.items()} == {k: (f"SO-{k}", k) for k in keys}
    memory.close()

"""Many quantities go to Amazon in one feed: submitted once, followed, and proven SKU by SKU."""

from datetime import timedelta
from typing import Any

import pytest

from bench.depot import BEGAN
from crossdock.engine.store import Database, bulk, cases, inbox, publications
from crossdock.engine.store.publications import SEEN
from crossdock.kernel.errors import TryAgain
from crossdock.simulators.amazon.feed_records import LISTINGS_FEED
from crossdock.wiring.patch_queue import PATCH
from crossdock.wiring.stock_bulk import DEADLINE
from crossdock.wiring.stock_lanes import Lanes
from crossdock.wiring.stock_runs import FLOW
from tests.wiring.bulk_depot import (
    FEW,
    MANY,
    a_depot,
    settled,
    submitted,
    waves,
)


def test_few_go_by_single_calls(memory: Database) -> None:
    depot = a_depot(memory, MANY)
    depot.counts(dict.fromkeys(MANY[:40], 9))
    settled(depot)
    assert (submitted(depot), depot.line.count("PATCH", "/items/")) == (0, 40)
    told = publications.of_many(memory, MANY[:40]).values()
    assert {p.path for p in told} == {"single"}
    assert len({p.request_id for p in told} - {""}) == 40


def test_of_ten_changes_of_one_sku_only_the_last_is_sent(memory: Database) -> None:
    depot = a_depot(memory, MANY)
    depot.slow_down(PATCH, 0.2)
    depot.counts({"S-000": 9})  # takes the call that is allowed now
    depot.turn(timedelta(seconds=1))
    for quantity in range(11, 21):
        depot.counts({"S-001": quantity})
        depot.turn(timedelta(milliseconds=300))
    settled(depot)
    assert depot.line.count("PATCH", "S-001") == 1
    assert [n for _, n in depot.sim.listings.items[depot.seller, "S-001"].history] == [5, 20]


def test_many_go_in_one_feed_unread_and_are_seen(memory: Database) -> None:
    depot = a_depot(memory, MANY)
    depot.counts(dict.fromkeys(MANY, 9))
    settled(depot)
    assert (submitted(depot), depot.line.count("PATCH", "/items/")) == (1, 0)
    assert depot.line.count("GET", "/items/") == len(MANY) / 20  # the read-back, and nothing else
    assert depot.last_effect() <= 1.05 * (60 + 0.005 * len(MANY) + 15)
    rows = publications.every(memory)
    (feed,) = bulk.recent(memory, 5)
    assert {(r.path, r.submission_id, r.state) for r in rows.values()} == {
        ("feed", feed.feed_id, SEEN)
    }
    assert {r.request_id for r in rows.values()} == {feed.request_id} != {""}
    assert all(r.took is not None and r.took > timedelta(seconds=60) for r in rows.values())
    assert (feed.state, feed.messages, feed.refused) == ("done", 340, 0)
    assert bulk.every(memory) == {}
    beside = depot.sim.listings.items[depot.seller, MANY[0]].live["fulfillment_availability"][0]
    assert beside["lead_time_to_ship_max_days"] == 2


@pytest.mark.slow
def test_what_was_never_published_is_looked_at_before_it_goes_in_a_feed(memory: Database) -> None:
    depot = a_depot(memory, MANY)
    fresh = [f"NEW-{n}" for n in range(340)]
    for sku in fresh:
        depot.sim.listings.offer(sku, 1, lead_time=7)
    depot.sim.listings.offer("NEW-7", 3, channel="AMAZON_NA")  # Amazon's warehouses hold it
    depot.counts(dict.fromkeys(fresh, 9))
    depot.run()
    assert submitted(depot) == 1
    assert depot.wrong() == {"NEW-7": (None, 9)}
    beside = depot.sim.listings.items[depot.seller, "NEW-9"].live["fulfillment_availability"][0]
    assert beside["lead_time_to_ship_max_days"] == 7


def test_no_token_goes_to_the_house_where_documents_lie(memory: Database) -> None:
    depot = a_depot(memory)
    depot.counts(dict.fromkeys(FEW, 9))
    settled(depot)
    put, get = depot.line.headers
    assert put == ("PUT", {"content-type": "application/json; charset=UTF-8"})
    assert get == ("GET", {})


def test_a_bad_message_is_its_own_skus_case_and_the_rest_stands(memory: Database) -> None:
    depot = a_depot(memory)
    depot.sim.faults.load([{"fault": "feed_message_refused", "operations": ["S-2"]}])
    depot.counts(dict.fromkeys(FEW, 9))
    depot.run()
    assert depot.wrong() == {"S-2": (5, 9)}
    (case,) = cases.listed(memory, limit=10)
    assert (case.key, case.kind) == ("S-2", "listing-refused")
    assert bulk.recent(memory, 1)[0].refused == 1
    depot.sim.faults.quiet()
    settled(depot)


@pytest.mark.parametrize("late", [0, 300, 3600])
def test_after_a_fatal_feed_the_rest_goes_again(memory: Database, late: int) -> None:
    depot = a_depot(memory)
    depot.sim.faults.load([{"fault": "feed_fatal_half", "most": 1},
                           {"fault": "feed_result_late", "seconds": late, "most": 1}])  # fmt: skip
    depot.counts(dict.fromkeys(FEW, 9))
    settled(depot)
    (fatal,) = [f for f in bulk.recent(memory, 9) if f.state == "fatal"]
    again = {r.sku for r in publications.every(memory).values() if r.attempts == 2}
    assert fatal.messages == 6
    assert len(again) == 3  # the half that Amazon did not carry out
    assert late or depot.last_effect() < 60 + 30 + 300  # as soon as it was known to be missing


@pytest.mark.slow
def test_a_feed_nobody_begins_to_work_on_is_taken_back(memory: Database) -> None:
    depot = a_depot(memory)
    depot.sim.faults.load([{"fault": "feed_stuck", "seconds": 10_000, "most": 1}])
    depot.counts(dict.fromkeys(FEW, 9))
    settled(depot)
    assert "cancelled" in {f.state for f in bulk.recent(memory, 9)}
    assert depot.last_effect() < DEADLINE.total_seconds() + 700


@pytest.mark.slow
def test_a_feed_that_never_ends_is_given_up_and_what_it_does_later_is_found(
    memory: Database,
) -> None:
    depot = a_depot(memory)
    stuck = {"fault": "feed_stuck", "seconds": 10_000, "where": "progress", "most": 1}
    depot.sim.faults.load([stuck])
    depot.counts(dict.fromkeys(FEW, 9))
    depot.run()
    assert depot.wrong() == {}
    assert "lost" in {f.state for f in bulk.recent(memory, 9)}


def test_a_late_result_is_waited_for(memory: Database) -> None:
    depot = a_depot(memory)
    depot.sim.faults.load([{"fault": "feed_result_late", "seconds": 120}])
    depot.counts(dict.fromkeys(FEW, 9))
    settled(depot)
    assert submitted(depot) == 1
    (feed,) = bulk.recent(memory, 9)
    assert feed.ended_at is not None
    assert feed.ended_at - BEGAN > timedelta(seconds=180)


@pytest.mark.parametrize("fault", ["reply_lost_after_write", "server_error_burst", "reset_before"])
def test_a_lost_answer_to_the_submission_makes_no_second_feed(memory: Database, fault: str) -> None:
    depot = a_depot(memory)
    depot.sim.faults.load([{"fault": fault, "operations": ["createFeed"], "most": 1}])
    depot.counts(dict.fromkeys(FEW, 9))
    settled(depot)
    assert submitted(depot) == 1
    assert [f.state for f in bulk.recent(memory, 9)] == ["done"]  # it was found again
    assert depot.line.count("POST", "/2021-06-30/feeds") == (
        1 if fault == "reply_lost_after_write" else 2
    )


@pytest.mark.slow
def test_a_strange_feed_in_amazons_list_is_nobodys(memory: Database) -> None:
    depot = a_depot(memory)
    depot.sim.faults.load([{"fault": "reply_lost_after_write", "operations": ["createFeed"]}])
    depot.counts(dict.fromkeys(FEW, 9))
    depot.turn()
    while not depot.sim.feeds.sent:
        depot.turn()
    from crossdock.connectors.amazon import feeds

    other = feeds.upload(depot.amazon, b"{}", "somebody else's")
    with pytest.raises(TryAgain):
        feeds.submit(depot.amazon, other, "somebody else's")
    depot.sim.faults.quiet()
    settled(depot)
    assert "lost" in {f.state for f in bulk.recent(memory, 9)}
    assert submitted(depot) == 2


def test_another_programs_feed_that_was_taken_for_ours_does_no_harm(memory: Database) -> None:
    from crossdock.connectors.amazon import feeds

    depot = a_depot(memory)
    depot.sim.faults.load([{"fault": "reset_before", "operations": ["createFeed"], "most": 1}])
    depot.counts(dict.fromkeys(FEW, 9))
    while not depot.sim.counts["createFeed", 0]:
        depot.turn()
    rows: list[tuple[str, int, dict[str, Any]]] = [(f"THEIRS-{n}", 1, {}) for n in range(6)]
    document = feeds.upload(depot.amazon, feeds.quantities_document(depot.amazon, rows), "theirs")
    theirs = feeds.submit(depot.amazon, document, "theirs").feedId
    settled(depot)
    assert cases.listed(memory, limit=10) == []  # what Amazon refused of theirs is no case of ours
    taken = next(f for f in bulk.recent(memory, 9) if f.feed_id == theirs)
    assert "another feed" in taken.remark


@pytest.mark.slow
def test_six_waves_in_five_minutes_are_five_submissions(memory: Database) -> None:
    depot = a_depot(memory)
    waves(depot, 8, timedelta(seconds=20))
    settled(depot)
    assert (depot.sim.counts["createFeed", 429], depot.sim.counts["createFeed", 202] >= 5) == (
        0, True,
    )  # fmt: skip


def test_one_feed_waits_behind_the_one_that_is_worked_on_and_the_rest_goes_together(
    memory: Database,
) -> None:
    depot = a_depot(memory)
    waves(depot, 5, timedelta(seconds=8))
    assert submitted(depot) == 2  # Amazon works on one, and one is next
    settled(depot)
    sent = list(depot.sim.feeds.sent.values())
    assert [len(f.skus) for f in sent] == [6, 6, 18]
    assert sent[2].created >= sent[0].ends
    assert sent[2].begins - sent[1].ends < timedelta(seconds=1)  # and Amazon was never idle


def test_what_a_feed_takes_is_learned_without_the_time_in_line(memory: Database) -> None:
    depot = a_depot(memory)
    waves(depot, 4, timedelta(seconds=20))
    settled(depot)
    assert submitted(depot) >= 3
    lanes = Lanes(depot.amazon, lambda: memory, depot.clock.now, FLOW)
    assert timedelta(seconds=35) < lanes.start() < timedelta(seconds=65)


@pytest.mark.slow
def test_a_decrease_does_not_stand_behind_a_bulk_of_increases(memory: Database) -> None:
    depot = a_depot(memory, [*MANY, "LAST", "GONE"])
    depot.counts(dict.fromkeys(MANY, 9) | {"LAST": 2, "GONE": 0})
    while depot.live("GONE") or depot.live("LAST") != 2:
        depot.turn(timedelta(seconds=1))
    assert depot.clock.now() - BEGAN <= timedelta(seconds=20)
    settled(depot)
    assert depot.line.count("PATCH", "/items/") == 2


@pytest.mark.slow
def test_a_decrease_of_what_waits_for_a_feed_is_taken_out_of_the_basket(memory: Database) -> None:
    depot = a_depot(memory, MANY)
    depot.counts(dict.fromkeys(MANY, 9))
    depot.engines[0].pump()  # all are in the basket; the feed has not begun
    assert bulk.waiting(memory).count == 340
    depot.counts({"S-007": 0})
    while depot.live("S-007"):
        depot.turn(timedelta(seconds=1))
    assert depot.clock.now() - BEGAN <= timedelta(seconds=20)
    settled(depot)
    assert [len(f.skus) for f in depot.sim.feeds.sent.values()] == [339]


def test_news_of_a_sku_in_a_feed_waits_for_its_end(memory: Database) -> None:
    depot = a_depot(memory)
    depot.counts(dict.fromkeys(FEW, 9))
    while not depot.sim.feeds.sent:
        depot.turn()
    depot.counts({"S-3": 0})
    settled(depot)
    assert depot.line.count("PATCH", "S-3") == 1


def test_a_call_without_effect_goes_by_feed_before_a_person_is_asked(memory: Database) -> None:
    depot = a_depot(memory, MANY)
    depot.sim.faults.load([{"fault": "accepted_unchanged", "operations": [PATCH]}])
    depot.counts({"S-001": 9})
    settled(depot)
    row = publications.of(memory, "S-001")
    assert row is not None
    assert (row.path, row.tried, row.attempts) == ("feed", "feed,single", 3)
    assert cases.listed(memory, limit=10) == []


def test_a_feed_without_effect_is_followed_by_calls(memory: Database) -> None:
    depot = a_depot(memory)
    depot.sim.faults.load([{"fault": "accepted_unchanged", "operations": [LISTINGS_FEED]}])
    depot.counts(dict.fromkeys(FEW, 9))
    settled(depot)
    assert cases.listed(memory, limit=10) == []
    assert {r.path for r in publications.every(memory).values()} == {"single"}


@pytest.mark.slow
def test_neither_way_has_an_effect_and_a_person_is_asked(memory: Database) -> None:
    depot = a_depot(memory, MANY)
    depot.sim.faults.load([{"fault": "accepted_unchanged"}])
    depot.counts({"S-001": 9})
    depot.run()
    (case,) = cases.listed(memory, limit=10)
    assert (case.kind, submitted(depot)) == ("stock-not-shown", 1)


def test_switched_off_nothing_that_waits_is_sent(memory: Database) -> None:
    depot = a_depot(memory)
    depot.counts(dict.fromkeys(FEW, 9))
    depot.engines[0].pump()
    depot.desk.switched_on = False
    depot.run()
    assert (submitted(depot), bulk.every(memory)) == (0, {})
    assert inbox.depth(memory, depot.clock.now()).keys() <= {"feeds"}


@pytest.mark.slow
def test_without_the_role_for_feeds_single_calls_go_on_and_a_person_hears(
    memory: Database,
) -> None:
    depot = a_depot(memory)
    real = depot.sim.api.handle

    def handle(request: Any) -> Any:
        if request.method == "POST" and request.path.endswith("/2021-06-30/feeds"):
            from crossdock.simulators.amazon.replies import denied

            return denied("The application has no role for this operation.").reply()
        return real(request)

    depot.sim.api.handle = handle  # type: ignore[method-assign]
    depot.counts(dict.fromkeys(FEW, 9))
    depot.run()
    assert depot.wrong() == {}
    assert {c.kind for c in cases.listed(memory, limit=10)} == {"feed-refused"}

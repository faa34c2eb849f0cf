"""searchOrders: windows, filters, pages and their traps."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.clock import HandClock
from tests.simulators.amazon.conftest import ANN, EVERYTHING, WIRE, Answer, Caller

Place = Callable[..., str]
START = "2026-11-23T09:00:00Z"


def ids(answer: Answer) -> list[str]:
    return [order["orderId"] for order in answer.body["orders"]]


@pytest.fixture
def five(sim: AmazonSim, clock: HandClock) -> list[str]:
    """Five orders a minute apart, all older than two minutes."""
    placed = []
    for _ in range(5):
        placed.append(sim.place_order([WIRE], buyer=ANN, pending=False))
        clock.advance(60)
    clock.advance(120)
    return placed


def test_orders_come_oldest_first_with_the_next_watermark(caller: Caller, five: list[str]) -> None:
    answer = caller.search(lastUpdatedAfter=START, includedData=EVERYTHING)

    assert ids(answer) == five
    assert answer.body["lastUpdatedBefore"] == "2026-11-23T10:05:00.000Z"
    assert "createdBefore" not in answer.body
    assert "pagination" not in answer.body


def test_the_last_two_minutes_are_not_searched(
    sim: AmazonSim, caller: Caller, clock: HandClock
) -> None:
    order_id = sim.place_order([WIRE], buyer=ANN)
    clock.advance(119)
    assert ids(caller.search(createdAfter=START)) == []

    clock.advance(1)
    assert ids(caller.search(createdAfter=START)) == [order_id]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"createdAfter": START, "lastUpdatedAfter": START},
        {"createdAfter": START, "lastUpdatedBefore": "2026-11-23T09:30:00Z"},
        {"lastUpdatedAfter": START, "createdBefore": "2026-11-23T09:30:00Z"},
        {"lastUpdatedBefore": "2026-11-23T09:30:00Z"},
        {"lastUpdatedAfter": START, "lastUpdatedBefore": "2026-11-23T09:58:01Z"},
        {"createdAfter": START, "createdBefore": "2026-11-23T08:00:00Z"},
        {"createdAfter": "yesterday"},
        {"createdAfter": "2026-11-23"},
        {"createdAfter": "2026-11-23T09:00:00"},
        {"createdAfter": START, "maxResultsPerPage": "0"},
        {"createdAfter": START, "maxResultsPerPage": "101"},
        {"createdAfter": START, "maxResultsPerPage": "many"},
        {"createdAfter": START, "fulfillmentStatuses": "PENDING,LOST"},
        {"createdAfter": START, "fulfilledBy": "NOBODY"},
        {"createdAfter": START, "marketplaceIds": "NOWHERE"},
        {"createdAfter": START, "includedData": "EVERYTHING"},
        {"createdAfter": START, "paginationToken": "made-up"},
    ],
)
def test_a_bad_question_is_refused(caller: Caller, query: dict[str, str]) -> None:
    answer = caller.search(**query)

    assert (answer.status, answer.code) == (400, "InvalidInput")


def test_exactly_two_minutes_ago_is_allowed(caller: Caller) -> None:
    query = {"lastUpdatedAfter": START, "lastUpdatedBefore": "2026-11-23T09:58:00Z"}

    assert caller.search(**query).status == 200


def test_a_marketplace_where_the_seller_does_not_sell_is_refused(caller: Caller) -> None:
    assert caller.search(createdAfter=START, marketplaceIds="A1PA6795UKMFR9").status == 403


def test_filters_narrow_the_search(sim: AmazonSim, caller: Caller, clock: HandClock) -> None:
    pending = sim.place_order([WIRE], buyer=ANN)
    canada = sim.place_order([WIRE], buyer=ANN, pending=False, marketplace="A2EUQ1WTGCTBG2")
    amazons = sim.place_order([WIRE], buyer=ANN, pending=False, fulfilled_by="AMAZON")
    clock.advance(180)

    def found(**query: str) -> set[str]:
        return set(ids(caller.search(createdAfter=START, **query)))

    assert found() == {pending, canada, amazons}
    assert found(fulfillmentStatuses="PENDING,SHIPPED") == {pending}
    assert found(marketplaceIds="A2EUQ1WTGCTBG2,A1AM78C64UM0Y8") == {canada}
    assert found(fulfilledBy="AMAZON") == {amazons}


def test_pages_follow_one_another_without_gap_or_repeat(caller: Caller, five: list[str]) -> None:
    found: list[str] = []
    query = {"lastUpdatedAfter": START, "maxResultsPerPage": "2"}
    sizes = []
    while True:
        answer = caller.search(**query)
        sizes.append(len(answer.body["orders"]))
        found += ids(answer)
        if "pagination" not in answer.body:
            break
        query["paginationToken"] = answer.body["pagination"]["nextToken"]

    assert found == five
    assert sizes == [2, 2, 1]


def _first_page(caller: Caller) -> str:
    answer = caller.search(lastUpdatedAfter=START, maxResultsPerPage="2", fulfilledBy="MERCHANT")
    return str(answer.body["pagination"]["nextToken"])


def test_a_token_is_bound_to_its_filters(caller: Caller, five: list[str]) -> None:
    token = _first_page(caller)

    changed = caller.search(lastUpdatedAfter=START, paginationToken=token)
    assert (changed.status, changed.code) == (400, "InvalidInput")

    kept = caller.search(lastUpdatedAfter=START, fulfilledBy="MERCHANT", paginationToken=token)
    assert ids(kept) == five[2:]


def test_page_size_and_included_data_may_change_between_pages(
    caller: Caller, five: list[str]
) -> None:
    answer = caller.search(
        lastUpdatedAfter=START,
        fulfilledBy="MERCHANT",
        paginationToken=_first_page(caller),
        maxResultsPerPage="1",
        includedData="FULFILLMENT",
    )

    assert ids(answer) == five[2:3]
    assert "fulfillment" in answer.body["orders"][0]


def test_a_token_dies_after_a_day(caller: Caller, clock: HandClock, five: list[str]) -> None:
    token = _first_page(caller)
    again = {"lastUpdatedAfter": START, "fulfilledBy": "MERCHANT", "paginationToken": token}
    clock.advance(timedelta(hours=24).total_seconds())
    caller.forget_tokens()
    assert caller.search(**again).status == 200

    clock.advance(1)
    assert caller.search(**again).status == 400


def test_an_order_that_changes_between_pages_is_left_to_the_next_sweep(
    sim: AmazonSim, caller: Caller, clock: HandClock, five: list[str]
) -> None:
    token = _first_page(caller)
    sim.cancel(five[3])

    rest = caller.search(lastUpdatedAfter=START, fulfilledBy="MERCHANT", paginationToken=token)
    assert ids(rest) == [five[2], five[4]]

    clock.advance(120)
    watermark = rest.body["lastUpdatedBefore"]
    assert ids(caller.search(lastUpdatedAfter=watermark)) == [five[3]]


def test_amazon_forgets_after_two_years(sim: AmazonSim, caller: Caller, clock: HandClock) -> None:
    old = sim.place_order([WIRE], buyer=ANN)
    clock.advance(timedelta(days=700).total_seconds())
    young = sim.place_order([WIRE], buyer=ANN)
    clock.advance(timedelta(days=60).total_seconds())

    assert ids(caller.search(createdAfter=START)) == [young]
    assert caller.get_order(old).status == 200


def test_a_partial_page_is_not_the_last_one(
    sim: AmazonSim, caller: Caller, five: list[str]
) -> None:
    sim.faults.load([{"fault": "partial_page"}])
    answer = caller.search(lastUpdatedAfter=START)
    assert ids(answer) == five[:2]

    sim.faults.quiet()
    token = answer.body["pagination"]["nextToken"]
    assert ids(caller.search(lastUpdatedAfter=START, paginationToken=token)) == five[2:]


def test_pages_made_partial_every_time_still_come_to_an_end(
    sim: AmazonSim, caller: Caller, five: list[str]
) -> None:
    sim.faults.load([{"fault": "partial_page"}])
    query, found = {"lastUpdatedAfter": START}, []
    for _ in range(10):
        answer = caller.search(**query)
        found += ids(answer)
        if "pagination" not in answer.body:
            break
        query["paginationToken"] = answer.body["pagination"]["nextToken"]

    assert found == five


def test_a_repeated_page_brings_orders_of_the_page_before(
    sim: AmazonSim, caller: Caller, five: list[str]
) -> None:
    sim.faults.load([{"fault": "repeated_page"}])
    answer = caller.search(
        lastUpdatedAfter=START, fulfilledBy="MERCHANT", paginationToken=_first_page(caller)
    )

    assert ids(answer) == five


def test_an_order_may_show_by_its_id_only(sim: AmazonSim, caller: Caller, clock: HandClock) -> None:
    sim.faults.load([{"fault": "hidden_from_search", "seconds": 600}])
    hidden = sim.place_order([WIRE], buyer=ANN)
    clock.advance(300)
    assert ids(caller.search(createdAfter=START)) == []
    assert caller.get_order(hidden).status == 200

    clock.advance(300)
    assert ids(caller.search(createdAfter=START)) == [hidden]

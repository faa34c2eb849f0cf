"""Token buckets in world time."""

from collections.abc import Callable

import pytest

from crossdock.simulators.amazon import AmazonSim, Seller
from crossdock.simulators.amazon.buckets import RATES
from crossdock.simulators.clock import HandClock
from tests.simulators.amazon.conftest import ANN, WIRE, Caller
from tests.simulators.amazon.published import Published

Place = Callable[..., str]


def _until_throttled(caller: Caller, order_id: str, most: int = 200) -> int:
    for done in range(most):
        if caller.get_order(order_id).status == 429:
            return done
    return most


def test_a_burst_then_the_rate(caller: Caller, clock: HandClock, unshipped: Place) -> None:
    order_id = unshipped()

    assert _until_throttled(caller, order_id) == 30
    clock.advance(1.9)
    assert caller.get_order(order_id).status == 429
    clock.advance(0.1)
    assert caller.get_order(order_id).status == 200
    assert caller.get_order(order_id).status == 429


def test_a_throttled_answer_names_the_quota_but_shows_no_rate(
    caller: Caller, unshipped: Place
) -> None:
    order_id = unshipped()
    first = caller.get_order(order_id)
    _until_throttled(caller, order_id)

    answer = caller.get_order(order_id)

    assert first.headers["x-amzn-ratelimit-limit"] == "0.5"
    assert (answer.status, answer.code) == (429, "QuotaExceeded")
    assert "x-amzn-ratelimit-limit" not in answer.headers
    assert answer.headers["x-amzn-errortype"] == "QuotaExceeded"


def test_an_empty_search_bucket_fills_once_in_three_minutes(
    caller: Caller, clock: HandClock
) -> None:
    def search() -> int:
        return caller.search(createdAfter="2026-11-23T09:00:00Z").status

    assert [search() for _ in range(21)] == [200] * 20 + [429]
    clock.advance(178)
    assert search() == 429
    clock.advance(1)
    assert search() == 200


def test_operations_and_sellers_have_buckets_of_their_own(clock: HandClock) -> None:
    sellers = [Seller(), Seller("A2OTHER", "Atzr|other")]
    sim = AmazonSim(clock, sellers=sellers)
    caller = Caller(sim)
    order_id = sim.place_order([WIRE], buyer=ANN, pending=False)
    _until_throttled(caller, order_id)

    assert caller.confirm(order_id).status == 204
    assert caller.get_order(order_id, token=caller.token(sellers[1])).status == 404
    assert caller.get_order(order_id).status == 429


def test_refused_requests_cost_quota_too(caller: Caller) -> None:
    statuses = [caller.get_order("111-0000000-0000000").status for _ in range(31)]

    assert statuses == [404] * 30 + [429]


def test_a_busy_seller_may_get_more(sim: AmazonSim, caller: Caller, unshipped: Place) -> None:
    sim.api.buckets.rates["getOrder"] = (5.0, 100)
    order_id = unshipped()

    assert caller.get_order(order_id).headers["x-amzn-ratelimit-limit"] == "5"
    assert _until_throttled(caller, order_id) == 99


def test_the_real_quota_may_be_below_the_published_one(
    sim: AmazonSim, caller: Caller, clock: HandClock, unshipped: Place
) -> None:
    sim.faults.load([{"fault": "throttle_below_rate", "share": 0.5}])
    order_id = unshipped()

    assert caller.get_order(order_id).headers["x-amzn-ratelimit-limit"] == "0.5"
    assert _until_throttled(caller, order_id) == 14
    clock.advance(2)
    assert caller.get_order(order_id).status == 429
    clock.advance(2)
    assert caller.get_order(order_id).status == 200


def test_limits_can_be_switched_off(sim: AmazonSim, caller: Caller, unshipped: Place) -> None:
    sim.api.limits = False

    assert _until_throttled(caller, unshipped(), most=60) == 60


@pytest.mark.parametrize("operation", sorted(RATES))
def test_the_rates_are_those_that_amazon_publishes(
    operation: str, published: Published | None
) -> None:
    if published is None:
        pytest.skip("Amazon's published models are not here; set CROSSDOCK_SHARED")
    assert published.rates[operation] == RATES[operation]

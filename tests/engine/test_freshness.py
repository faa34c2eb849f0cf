"""How old news can become, worked out by hand beside the planner's answer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.engine import freshness
from crossdock.engine.freshness import FOREVER, Buckets, Feeds, Load, Rate

BUCKETS = Buckets(
    Rate("searchOrders", 0.05, 20), Rate("getOrder", 0.5, 30), Rate("confirmShipment", 2.0, 10),
    Rate("searchListingsItems", 5.0, 5), Rate("patchListingsItem", 5.0, 5),
    Feeds(Rate("createFeed", 0.01, 15), 25_000, 5, 300, 2, 30, 60, 0.005),
)  # fmt: skip
LOAD = Load(
    orders_a_day=864, peak=10, skus=1000, sweep_every=300, sweep_overlap=600, again_every=3600,
    again_reach=10800, tims_every=30, stock_every=30, check_every=21600,
)  # fmt: skip


def test_orders_wait_for_the_sweep_and_for_the_quota_of_reads():
    found = freshness.orders(LOAD, BUCKETS)  # 0.1 orders a second; 30 are due; 0.3 reads a second
    assert found.seconds == pytest.approx(120 + 300 + 30 / (0.5 - 0.2))
    assert found.full == ""


def test_more_orders_than_amazon_lets_us_read_are_never_caught_up_with():
    found = freshness.orders(replace(LOAD, peak=20), BUCKETS)
    assert (found.seconds, found.full) == (FOREVER, "getOrder")


def test_a_sweep_more_often_than_amazon_allows_is_found_out():
    found = freshness.orders(replace(LOAD, sweep_every=15), BUCKETS)
    assert found.full == "searchOrders"


def test_tracking_waits_for_an_hours_shipments():
    assert freshness.tracking(LOAD, BUCKETS).seconds == pytest.approx(30 + 360 / 2.0)


def test_few_skus_wait_for_single_calls_and_many_for_a_feed():
    assert freshness.stock(LOAD, BUCKETS).seconds == pytest.approx(30 + 1000 / 5)
    many = freshness.stock(replace(LOAD, skus=10_000), BUCKETS)
    assert many.seconds == pytest.approx(30 + 30 + 300 + 60 + 50)  # the window of submissions
    most = freshness.stock(replace(LOAD, skus=25_000), BUCKETS)
    assert most.seconds == pytest.approx(30 + 30 + 3 * (60 + 125))  # behind two others


def test_very_many_skus_wait_for_two_looks_at_each_twenty_at_once():
    found = freshness.stock(replace(LOAD, skus=100_000), BUCKETS)
    assert found.seconds == pytest.approx(30 + 10_000 / (5 - 5000 / 21600))
    assert BUCKETS.feeds.lasts(100_000) == pytest.approx(30 + (2 + 4) * (60 + 125))
    scarce = replace(BUCKETS.feeds, submit=Rate("createFeed", 0.002, 15))
    assert scarce.lasts(100_000) == pytest.approx(30 + 500 + 3 * 500 + 60 + 125)


def test_the_advice_is_the_largest_number_that_still_does():
    most = freshness.most_skus(LOAD, BUCKETS, 200)
    assert freshness.stock(replace(LOAD, skus=most), BUCKETS).seconds <= 200
    assert freshness.stock(replace(LOAD, skus=most + 2), BUCKETS).seconds > 200
    sweep = freshness.longest_sweep(LOAD, BUCKETS, 500)
    assert freshness.orders(replace(LOAD, sweep_every=sweep), BUCKETS).seconds <= 500
    assert sweep < LOAD.sweep_every
    orders = freshness.most_orders(replace(LOAD, peak=20), BUCKETS, 800)
    assert 0 < orders < LOAD.orders_a_day


@given(st.integers(1, 100_000), st.integers(1, 100_000), st.integers(1, 2000))
def test_more_to_do_is_never_fresher(skus, more, orders):
    small = replace(LOAD, skus=skus, orders_a_day=orders)
    large = replace(small, skus=skus + more, orders_a_day=orders + more)
    for ask in (freshness.orders, freshness.tracking, freshness.stock):
        assert ask(small, BUCKETS).seconds <= ask(large, BUCKETS).seconds


def test_prices_wait_for_the_quantities_and_then_for_single_calls():
    found = freshness.prices(replace(LOAD, skus=100, prices=900), BUCKETS)
    assert found.seconds == pytest.approx(30 + (100 + 900) / 5)
    assert freshness.prices(replace(LOAD, skus=0, prices=900), BUCKETS).seconds < found.seconds


@given(target=st.integers(60, 20_000), prices=st.integers(1, 50_000))
def test_so_many_prices_meet_the_target_and_one_more_does_not(target, prices):
    load = replace(LOAD, skus=10, prices=prices)
    most = freshness.most_prices(load, BUCKETS, target)
    assert (
        most == prices or freshness.prices(replace(load, prices=most + 1), BUCKETS).seconds > target
    )
    assert most == 0 or freshness.prices(replace(load, prices=most), BUCKETS).seconds <= target

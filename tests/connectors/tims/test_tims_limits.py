"""How fast we may speak."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.limits import Limits, own_buckets, reset_in, retry_after
from crossdock.connectors.tims.operations import operations
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.quota import Buckets, Grant

RELEASE = "POST /sales_orders/{OrderNumber}/release"


def limits_of(clock, **more):
    return Limits(own_buckets(clock), clock, "key", **more)


def test_thirty_may_go_at_once_then_ten_a_second(clock):
    limits = limits_of(clock)
    for _ in range(30):
        limits.admit(RELEASE)
    with pytest.raises(TryAgain) as caught:
        limits.admit(RELEASE)
    assert caught.value.after == timedelta(seconds=0.1)
    assert not caught.value.counts
    clock.advance(timedelta(seconds=1))
    for _ in range(10):
        limits.admit(RELEASE)
    with pytest.raises(TryAgain):
        limits.admit(RELEASE)


def test_the_first_steps_of_a_batch_leave_tokens_for_the_last(clock):
    limits = limits_of(clock)
    with limits.batch("GET /sales_orders", 100) as finds:
        assert finds.granted == 12
    with limits.batch("POST /sales_orders", 100) as creates:
        assert creates.granted == 9
    with limits.batch(RELEASE, 100) as releases:
        assert releases.granted == 9


def test_a_batch_that_is_not_granted_whole_leaves_the_rest_for_later(site, client, kit):
    for n in range(40):
        number = f"SO-{n}"
        site.on(
            f"POST /api/v1/sales_orders/{number}/release",
            kit.ok(kit.order_json(number, "Allocated")),
        )
    release = operations(client)["tims.release_order"]
    assert release.run_many is not None
    outcomes = [
        getattr(x, "result", x) for x in release.run_many([(f"SO-{n}", 7) for n in range(40)])
    ]
    assert [getattr(x, "OrderNumber", None) for x in outcomes[:30]] == [
        f"SO-{n}" for n in range(30)
    ]
    assert all(isinstance(x, TryAgain) and not x.counts and x.after for x in outcomes[30:])


def test_a_token_nobody_used_is_not_kept_beyond_its_batch(clock):
    limits = limits_of(clock)
    with limits.batch(RELEASE, 30):
        limits.admit(RELEASE)
    with pytest.raises(TryAgain):
        limits.admit(RELEASE)


def test_after_a_refusal_everybody_waits_as_long_as_told(clock):
    limits = limits_of(clock)
    limits.admit(RELEASE)
    assert limits.refused(timedelta(seconds=7)) == timedelta(seconds=7)
    clock.advance(timedelta(seconds=6))
    with pytest.raises(TryAgain) as caught:
        limits.admit(RELEASE)
    assert caught.value.after == timedelta(seconds=1)
    clock.advance(timedelta(seconds=1))
    limits.admit(RELEASE)


def test_a_rate_told_in_a_header_is_obeyed(clock):
    limits = limits_of(clock)
    with limits.batch(RELEASE, 30):
        pass
    limits.heard({"x-ratelimit-limit": "2"})
    clock.advance(timedelta(seconds=1))
    with limits.batch(RELEASE, 30) as grant:
        assert grant.granted == 2


def test_nothing_remaining_means_one_token_of_patience_not_a_whole_refill(clock):
    limits = limits_of(clock)
    limits.heard({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "3"})
    with pytest.raises(TryAgain) as caught:
        limits.admit(RELEASE)
    assert caught.value.after == timedelta(seconds=0.1)


@pytest.mark.parametrize("reset", ["5", "1795428005"])
def test_a_reset_is_a_span_or_a_unix_time(reset, kit):
    assert reset_in({"x-ratelimit-reset": reset}, kit.now) == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "120"}, timedelta(seconds=120)),
        (
            {
                "retry-after": "Mon, 23 Nov 2026 10:02:00 GMT",
                "date": "Mon, 23 Nov 2026 10:00:00 GMT",
            },
            timedelta(seconds=120),
        ),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers, expected):
    assert retry_after(headers) == expected


def test_repeated_refusals_teach_a_lower_rate_and_success_ends_the_lesson(clock):
    buckets = own_buckets(clock)
    buckets.take("key", 30, rate=Decimal(10), burst=30)
    assert buckets.throttled("key", Decimal(10)) == timedelta(seconds=0.1)
    assert buckets.throttled("key", Decimal(10)) == timedelta(seconds=0.2)
    for _ in range(20):
        longest = buckets.throttled("key", Decimal(10))
    assert longest == timedelta(seconds=1.6)


def test_at_most_four_writes_are_under_way(site, account, clock, kit):
    under_way, most, lock = 0, 0, threading.Lock()

    def slow(request):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.01)
        with lock:
            under_way -= 1
        return kit.ok(kit.order_json())

    site.on("POST /api/v1/sales_orders/SO-1/release", slow)
    client = TimsClient(replace(account, burst=100), site, clock)
    client.sign_in.headers()
    threads = [
        threading.Thread(target=operations(client)["tims.release_order"].run, args=("SO-1", 7))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 4


def test_a_site_that_was_busy_for_a_while_is_spoken_to_at_full_speed_again(clock):
    buckets = own_buckets(clock)

    def a_second_later() -> int:
        clock.advance(timedelta(seconds=1))
        return buckets.take("key", 100, rate=Decimal(10), burst=30).granted

    assert a_second_later() == 30
    for _ in range(3):
        buckets.throttled("key", Decimal(10))
    assert a_second_later() == 2
    clock.advance(timedelta(minutes=2))
    a_second_later()
    clock.advance(timedelta(minutes=2))
    a_second_later()
    assert a_second_later() == 10


def test_room_is_told_without_taking_it(clock):
    buckets: Buckets = own_buckets(clock)
    asked = {"rate": Decimal(10), "burst": 30, "reserve": 10}
    tenth = timedelta(seconds=0.1)  # until the one after those
    assert [buckets.room("key", **asked) for _ in range(2)] == [Grant(20, tenth)] * 2
    buckets.take("key", 30, rate=Decimal(10), burst=30)
    room = buckets.room("key", **asked)
    assert (room.granted, room.wait) == (0, timedelta(seconds=1.1))


def test_a_stray_refusal_now_and_then_slows_nobody_down(clock):
    buckets, granted = own_buckets(clock), 0
    for second in range(600):
        clock.advance(timedelta(seconds=1))
        granted += buckets.take("key", 10, rate=Decimal(10), burst=30).granted
        if second % 5 == 4:
            buckets.throttled("key", Decimal(10))
    assert granted > 5_900

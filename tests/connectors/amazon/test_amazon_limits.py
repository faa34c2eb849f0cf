"""Quotas: Amazon's published figures, its header, and what refusals teach."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from crossdock.connectors.amazon.limits import RATES, Quota
from crossdock.kernel.clock import ManualClock
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.quota import MemoryBuckets
from tests.simulators.amazon.published import Published

ORDER = Decimal("0.5")


@pytest.fixture
def buckets(clock: ManualClock) -> MemoryBuckets:
    return MemoryBuckets(clock, jitter=lambda: 0.0)


def rate_learned(buckets: MemoryBuckets, clock: ManualClock, seconds: int = 1000) -> float:
    """Calls per second that the bucket really lets through."""
    while buckets.take("b", 1, rate=ORDER, burst=30).granted:
        pass
    clock.advance(timedelta(seconds=seconds))
    return (calls_in(buckets, clock, seconds) - 30) / seconds


def calls_in(buckets: MemoryBuckets, clock: ManualClock, seconds: int) -> int:
    """Calls that go through from now on, whoever asks every second."""
    got = 0
    for _ in range(seconds):
        clock.advance(timedelta(seconds=1))
        got += buckets.take("b", 5, rate=ORDER, burst=30).granted
    return got


def test_the_rates_are_those_that_amazon_publishes(shared: Path) -> None:
    published = Published(shared / "sp-api").rates
    for operation, rate in RATES.items():
        per_second, burst = published[operation]
        assert (rate.per_second, rate.burst) == (Decimal(str(per_second)), burst), operation


def test_a_full_bucket_gives_its_burst_and_then_says_when(
    buckets: MemoryBuckets, clock: ManualClock
) -> None:
    assert buckets.take("b", 100, rate=ORDER, burst=30).granted == 30
    grant = buckets.take("b", 1, rate=ORDER, burst=30)
    assert grant.granted == 0
    assert timedelta(seconds=2) < grant.wait < timedelta(seconds=2.2)
    clock.advance(grant.wait)
    assert buckets.take("b", 1, rate=ORDER, burst=30).granted == 1


def test_we_use_a_little_less_than_the_rate(buckets: MemoryBuckets, clock: ManualClock) -> None:
    assert 0.9 * 0.5 < rate_learned(buckets, clock) <= 0.95 * 0.5 + 0.001


def test_routine_calls_leave_some_for_urgent_ones(buckets: MemoryBuckets) -> None:
    assert buckets.take("b", 100, rate=ORDER, burst=30, reserve=2).granted == 28
    assert buckets.take("b", 100, rate=ORDER, burst=30).granted == 2


def test_the_header_wins_over_the_published_rate(
    buckets: MemoryBuckets, clock: ManualClock
) -> None:
    buckets.take("b", 1, rate=ORDER, burst=30)
    buckets.observe("b", Decimal("0.1"))
    assert 0.08 < rate_learned(buckets, clock) < 0.1


def test_one_refusal_empties_the_bucket_and_changes_no_rate(
    buckets: MemoryBuckets, clock: ManualClock
) -> None:
    buckets.take("b", 1, rate=ORDER, burst=30)
    wait = buckets.throttled("b", ORDER)
    assert wait >= timedelta(seconds=2)
    assert buckets.take("b", 1, rate=ORDER, burst=30).granted == 0
    assert rate_learned(buckets, clock) > 0.45


def test_refusals_that_repeat_teach_a_lower_rate(
    buckets: MemoryBuckets, clock: ManualClock
) -> None:
    buckets.take("b", 1, rate=ORDER, burst=30)
    waits = []
    for _ in range(4):
        waits.append(buckets.throttled("b", ORDER))
        clock.advance(timedelta(seconds=30))
    assert waits == sorted(waits)
    assert waits[3] > 2 * waits[0]
    buckets.take("b", 30, rate=ORDER, burst=30)  # what came in meanwhile
    assert calls_in(buckets, clock, seconds=120) / 120 < 0.25
    assert rate_learned(buckets, clock, seconds=3600) > 0.45  # nobody refused for two hours


def test_a_learned_rate_never_falls_to_nothing(buckets: MemoryBuckets) -> None:
    waits = [buckets.throttled("b", ORDER) for _ in range(100)]
    assert waits[-1] <= timedelta(seconds=60)


# --- in Amazon's words


def test_buckets_belong_to_a_seller_a_region_and_an_operation(buckets: MemoryBuckets) -> None:
    ours, theirs = Quota(buckets, "A1:na"), Quota(buckets, "A2:na")
    assert ours.take("confirmShipment", 100).granted == 10
    assert ours.take("getOrder", 1).granted == 1
    assert theirs.take("confirmShipment", 100).granted == 10


def test_an_empty_bucket_is_nobody_s_failure(buckets: MemoryBuckets) -> None:
    quota = Quota(buckets, "A1:na")
    quota.take("getOrder", 30)
    with pytest.raises(TryAgain) as caught:
        quota.take_one("getOrder", "Amazon order 1")
    assert not caught.value.counts
    assert caught.value.after is not None
    assert caught.value.about == "Amazon order 1"


def test_a_header_that_is_no_rate_is_ignored(buckets: MemoryBuckets, clock: ManualClock) -> None:
    quota = Quota(buckets, "A1:na")
    quota.take("getOrder", 30)
    for text in ("", "fast", "-1", "0", "NaN", "Infinity"):
        quota.heard("getOrder", {"x-amzn-ratelimit-limit": text})
    clock.advance(timedelta(seconds=10))
    assert quota.take("getOrder", 100).granted == 4


def test_calls_refused_together_are_one_refusal(buckets: MemoryBuckets) -> None:
    quota = Quota(buckets, "A1:na")
    first = quota.throttled("getOrder", sent_at=float("-inf"))
    others = {quota.throttled("getOrder", sent_at=float("-inf")) for _ in range(7)}
    assert others == {first}
    assert quota.throttled("getOrder", sent_at=float("inf")) > first


def test_those_who_wait_are_told_their_turn(buckets: MemoryBuckets) -> None:
    quota = Quota(buckets, "A1:na")
    wait = timedelta(seconds=2)
    waits = [round(quota.waits("getOrder", wait, n).total_seconds(), 1) for n in (0, 1, 10)]
    assert waits == [2.0, 4.1, 23.1]
    assert quota.waits("searchOrders", wait, 1000) <= timedelta(minutes=11)
    quota.take("getOrder", 1)
    quota.heard("getOrder", {"x-amzn-ratelimit-limit": "50"})
    assert quota.waits("getOrder", wait, 10) < timedelta(seconds=2.3)

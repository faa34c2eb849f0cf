"""How fast we may speak to Amazon: one token bucket per seller, region and operation.

Amazon publishes a rate and a burst for each operation and tells the real rate in a header, for
some answers, as a best effort. The header wins; refusals that repeat teach a lower rate. Nothing
here sleeps: it says when.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.quota import Buckets, Grant

RATE_HEADER: Final = "x-amzn-ratelimit-limit"


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls per second, and how many may come at once from a full bucket."""

    per_second: Decimal
    burst: int


RATES: Final[Mapping[str, Rate]] = {
    "searchOrders": Rate(Decimal("0.0056"), 20),
    "getOrder": Rate(Decimal("0.5"), 30),
    "confirmShipment": Rate(Decimal(2), 10),
    "getMarketplaceParticipations": Rate(Decimal("0.016"), 15),
    "createDestination": Rate(Decimal(1), 5),
    "getDestinations": Rate(Decimal(1), 5),
    "getDestination": Rate(Decimal(1), 5),
    "deleteDestination": Rate(Decimal(1), 5),
    "createSubscription": Rate(Decimal(1), 5),
    "getSubscription": Rate(Decimal(1), 5),
    "getSubscriptionById": Rate(Decimal(1), 5),
    "deleteSubscriptionById": Rate(Decimal(1), 5),
}
"""The published rates, from Amazon's model files of 2026-08."""

_LONGEST_STAGGER = timedelta(minutes=10)
_USED_SHARE = 0.95  # Amazon's count and ours differ a little


class Quota:
    """Asks the buckets in Amazon's words. One per account, shared by all threads."""

    def __init__(self, buckets: Buckets, owner: str) -> None:
        self._buckets, self._owner = buckets, owner
        self._told: dict[str, Decimal] = {}  # the header's last word per operation
        self._struck: dict[str, tuple[float, timedelta]] = {}  # monotonic time of a 429, its wait
        self._lock = threading.Lock()

    def take(self, operation: str, want: int = 1, *, reserve: int = 0) -> Grant:
        """Up to `want` calls now; `reserve` are left for more urgent callers."""
        rate = RATES[operation]
        return self._buckets.take(
            self._name(operation), want, rate=rate.per_second, burst=rate.burst, reserve=reserve
        )

    def room(self, operation: str, *, reserve: int = 0) -> Grant:
        """How many calls could go now, and when the next one could."""
        rate = RATES[operation]
        return self._buckets.room(
            self._name(operation), rate=rate.per_second, burst=rate.burst, reserve=reserve
        )

    def take_one(self, operation: str, about: str, *, reserve: int = 0) -> None:
        """One call now, or TryAgain with the time of the next."""
        grant = self.take(operation, reserve=reserve)
        if not grant.granted:
            raise not_yet(operation, about, grant.wait)

    def waits(self, operation: str, wait: timedelta, place: int) -> timedelta:
        """When the caller at that place of the queue may try; 0 is the first one waiting."""
        rate = self._told.get(operation, RATES[operation].per_second)
        return wait + min(timedelta(seconds=place / (float(rate) * _USED_SHARE)), _LONGEST_STAGGER)

    def heard(self, operation: str, headers: Mapping[str, str]) -> None:
        """Adopt the rate that the answer names, if it names one."""
        text = headers.get(RATE_HEADER)
        if not text:
            return
        try:
            rate = Decimal(text)
        except InvalidOperation:
            return
        if rate.is_finite() and rate > 0 and self._told.get(operation) != rate:
            self._told[operation] = rate
            self._buckets.observe(self._name(operation), rate)

    def throttled(self, operation: str, sent_at: float) -> timedelta:
        """Amazon answered 429 to a call sent at that monotonic time; how long to wait. Calls that
        were already under way when the first of them was refused are one refusal, not many.
        """
        with self._lock:
            struck_at, wait = self._struck.get(operation, (float("-inf"), timedelta(0)))
            if sent_at <= struck_at:
                return wait
            published = RATES[operation].per_second
            wait = self._buckets.throttled(self._name(operation), published)
            self._struck[operation] = (time.monotonic(), wait)
            return wait

    def _name(self, operation: str) -> str:
        return f"{self._owner}:{operation}"


def not_yet(operation: str, about: str, wait: timedelta) -> TryAgain:
    """Our own bucket is empty: nobody's failure."""
    return TryAgain(
        f"the quota for {operation} is used up for now",
        after=wait,
        counts=False,
        about=about,
        code="quota",
    )


@dataclass(slots=True)
class _Bucket:
    level: float
    at: datetime
    told: float | None = None
    learned: float | None = None
    strikes: int = 0
    struck_at: datetime | None = None


_STRIKES_TO_LEARN = 2
_STRIKE_MEMORY = timedelta(minutes=30)
_LEARNED_STEP = 0.7
_SLOWEST_SHARE = 0.05


class MemoryBuckets:
    """Buckets of one process; for tools and tests. The engine keeps its own in the store."""

    def __init__(self, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        self._clock, self._jitter = clock, jitter
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, bucket: str, want: int, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        with self._lock:
            now = self._clock.now()
            b = self._buckets.setdefault(bucket, _Bucket(float(burst), now))
            per_second = _effective(b, float(rate))
            passed = max((now - b.at).total_seconds(), 0.0)
            b.level, b.at = min(burst, b.level + passed * per_second), now
            granted = max(0, min(want, int(b.level - reserve + 1e-6)))
            b.level -= granted
            if granted == want:
                return Grant(granted)
            return Grant(granted, timedelta(seconds=(1 + reserve - b.level) / per_second + 0.001))

    def room(self, bucket: str, *, rate: Decimal, burst: int, reserve: int = 0) -> Grant:
        with self._lock:
            now = self._clock.now()
            b = self._buckets.get(bucket) or _Bucket(float(burst), now)
            per_second = _effective(b, float(rate))
            passed = max((now - b.at).total_seconds(), 0.0)
            level = min(burst, b.level + passed * per_second)
            granted = max(0, int(level - reserve + 1e-6))
            wait = (1 + reserve - (level - granted)) / per_second
            return Grant(granted, timedelta(seconds=wait))

    def observe(self, bucket: str, rate: Decimal) -> None:
        with self._lock:
            if bucket in self._buckets:
                self._buckets[bucket].told = float(rate)

    def throttled(self, bucket: str, published: Decimal) -> timedelta:
        with self._lock:
            now = self._clock.now()
            b = self._buckets.setdefault(bucket, _Bucket(0.0, now))
            recent = b.struck_at is not None and now - b.struck_at < _STRIKE_MEMORY
            b.strikes = b.strikes + 1 if recent else 1
            b.struck_at, b.level, b.at = now, 0.0, now
            rate = _effective(b, float(published))
            if b.strikes >= _STRIKES_TO_LEARN:
                rate = max(rate * _LEARNED_STEP, float(published) * _SLOWEST_SHARE)
                b.learned = rate
            return timedelta(seconds=(1 + self._jitter() / 4) / rate)


def _effective(bucket: _Bucket, published: float) -> float:
    rate = bucket.told or published
    return min(rate, bucket.learned or rate) * _USED_SHARE

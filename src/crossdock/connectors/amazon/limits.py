"""How fast we may speak to Amazon: one token bucket per seller, region and operation.

Amazon publishes a rate and a burst for each operation and tells the real rate in a header, for
some answers, as a best effort. The header wins; refusals that repeat teach a lower rate. Nothing
here sleeps: it says when.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from crossdock.kernel.errors import TryAgain
from crossdock.kernel.quota import PACE, Buckets, Grant

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
    "getReports": Rate(Decimal("0.0222"), 10),
    "getReport": Rate(Decimal(2), 15),
    "getReportDocument": Rate(Decimal("0.0167"), 15),
    "listTransactions": Rate(Decimal("0.5"), 10),
    "listSummary": Rate(Decimal("0.5"), 10),
    "listFinancialEventGroups": Rate(Decimal("0.5"), 30),
    "getListingsItem": Rate(Decimal(5), 10),
    "patchListingsItem": Rate(Decimal(5), 5),
    "putListingsItem": Rate(Decimal(5), 10),
    "deleteListingsItem": Rate(Decimal(5), 5),
    "searchListingsItems": Rate(Decimal(5), 5),
    "createFeedDocument": Rate(Decimal("0.5"), 15),
    "createFeed": Rate(Decimal("0.0083"), 15),
    "getFeed": Rate(Decimal(2), 15),
    "getFeeds": Rate(Decimal("0.0222"), 10),
    "getFeedDocument": Rate(Decimal("0.0222"), 10),
    "cancelFeed": Rate(Decimal(2), 15),
    "getInventorySummaries": Rate(Decimal(2), 2),
    "searchCatalogItems": Rate(Decimal(2), 2),
    "getListingsRestrictions": Rate(Decimal(5), 10),
    "getDefinitionsProductType": Rate(Decimal(5), 10),
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

    def until(self, operation: str, calls: int) -> timedelta:
        """When so many calls could have gone, if nobody else called."""
        room = self.room(operation, reserve=max(calls, 1) - 1)
        return timedelta(0) if room.granted else room.wait

    def take_one(self, operation: str, about: str, *, reserve: int = 0) -> None:
        """One call now, or TryAgain with the time of the next."""
        grant = self.take(operation, reserve=reserve)
        if not grant.granted:
            raise not_yet(operation, about, grant.wait)

    def waits(self, operation: str, wait: timedelta, place: int) -> timedelta:
        """When the caller at that place of the queue may try; 0 is the first one waiting."""
        rate = self._told.get(operation, RATES[operation].per_second)
        return wait + min(
            timedelta(seconds=place / (float(rate) * PACE.used_share)), _LONGEST_STAGGER
        )

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

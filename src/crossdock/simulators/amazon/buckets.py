"""Amazon's token buckets, in world time: per operation and seller, filling at a published rate."""

from dataclasses import dataclass
from datetime import datetime

# operation -> requests per second, burst
RATES: dict[str, tuple[float, int]] = {
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "confirmShipment": (2.0, 10),
    "getMarketplaceParticipations": (0.016, 15),
    "getAccount": (0.016, 15),
    "getReports": (0.0222, 10),
    "getReport": (2.0, 15),
    "getReportDocument": (0.0167, 15),
    "listTransactions": (0.5, 10),
    "listSummary": (0.5, 10),
    "listFinancialEventGroups": (0.5, 30),
    "getListingsItem": (5.0, 10),
    "patchListingsItem": (5.0, 5),
    "putListingsItem": (5.0, 10),
    "deleteListingsItem": (5.0, 5),
    "searchListingsItems": (5.0, 5),
    "createFeedDocument": (0.5, 15),
    "createFeed": (0.0083, 15),
    "getFeed": (2.0, 15),
    "getFeeds": (0.0222, 10),
    "getFeedDocument": (0.0222, 10),
    "cancelFeed": (2.0, 15),
    "getInventorySummaries": (2.0, 2),
    "searchCatalogItems": (2.0, 2),
    "getCatalogItem": (2.0, 2),
    "getListingsRestrictions": (5.0, 10),
    "searchDefinitionsProductTypes": (5.0, 10),
    "getDefinitionsProductType": (5.0, 10),
    "createDestination": (1.0, 5),
    "getDestinations": (1.0, 5),
    "getDestination": (1.0, 5),
    "deleteDestination": (1.0, 5),
    "createSubscription": (1.0, 5),
    "getSubscription": (1.0, 5),
    "getSubscriptions": (1.0, 5),
    "getSubscriptionById": (1.0, 5),
    "deleteSubscriptionById": (1.0, 5),
}


@dataclass(slots=True)
class Bucket:
    """What is left of one operation's quota."""

    tokens: float
    at: datetime


class Buckets:
    """All buckets. `rates` may be changed while running: busy sellers get more."""

    def __init__(self) -> None:
        self.rates = dict(RATES)
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def take(self, operation: str, owner: str, now: datetime, share: float = 1.0) -> bool:
        """Take one token, if there is one. `share` is how much of the published rate is real."""
        rate, burst = self.rates[operation]
        largest = max(1.0, burst * share)
        bucket = self._buckets.get((operation, owner))
        if bucket is None:
            bucket = self._buckets[operation, owner] = Bucket(largest, now)
        passed = (now - bucket.at).total_seconds()
        bucket.tokens = min(largest, bucket.tokens + passed * rate * share)
        bucket.at = now
        if bucket.tokens < 1.0:
            return False
        bucket.tokens -= 1.0
        return True

    def header(self, operation: str) -> str:
        """The value of `x-amzn-RateLimit-Limit`."""
        return f"{self.rates[operation][0]:g}"

    def refill(self) -> None:
        """Forget all use; every bucket is full again."""
        self._buckets.clear()

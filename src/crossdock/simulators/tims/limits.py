"""How much one key may ask: a token bucket, and few writes at the same time."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crossdock.simulators.tims.problems import Refusal

RATE = 10.0  # requests a second
BURST = 30
CONCURRENT_WRITES = 4


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime
    writes_end: list[datetime] = field(default_factory=list)


class Limits:
    """One bucket per key, on world time."""

    def __init__(self) -> None:
        self.rate, self.burst, self.concurrent_writes = RATE, BURST, CONCURRENT_WRITES
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str, now: datetime, *, writes: bool) -> dict[str, str]:
        """Use one token; the headers that tell how many are left. A Refusal when there is none."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self.burst, now)
        passed = (now - bucket.at).total_seconds()
        bucket.tokens = min(float(self.burst), bucket.tokens + passed * self.rate)
        bucket.at = now
        if bucket.tokens < 1:
            wait = (1 - bucket.tokens) / self.rate
            raise Refusal(
                "rate_limited",
                f"More than {self.rate:g} requests a second",
                headers={"retry-after": str(max(math.ceil(wait), 1)), **self._told(bucket)},
            )
        if writes:
            self._refuse_crowd(bucket, now)
        bucket.tokens -= 1
        return self._told(bucket)

    def busy(self, key: str, until: datetime) -> None:
        """A write of this key is under way until then."""
        self._buckets[key].writes_end.append(until)

    def _refuse_crowd(self, bucket: _Bucket, now: datetime) -> None:
        bucket.writes_end = [end for end in bucket.writes_end if end > now]
        if len(bucket.writes_end) < self.concurrent_writes:
            return
        wait = math.ceil((min(bucket.writes_end) - now) / timedelta(seconds=1))
        raise Refusal(
            "rate_limited",
            f"More than {self.concurrent_writes} writes at the same time",
            headers={"retry-after": str(max(wait, 1)), **self._told(bucket)},
        )

    def _told(self, bucket: _Bucket) -> dict[str, str]:
        missing = self.burst - bucket.tokens
        return {
            "x-ratelimit-limit": f"{self.rate:g}",
            "x-ratelimit-remaining": str(int(bucket.tokens)),
            "x-ratelimit-reset": str(math.ceil(missing / self.rate)),
        }

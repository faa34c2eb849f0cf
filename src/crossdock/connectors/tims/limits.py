"""How fast we may speak to TIMS: a token bucket per key, and at most four writes at a time.

The bucket lives behind `kernel.quota.Buckets`, so that workers can share one; by itself each
process keeps its own. Nothing here sleeps for a token: it says when.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Final

from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import TryAgain
from crossdock.kernel.quota import Buckets, Grant, MemoryBuckets, Pace

RATE: Final = Decimal(10)
BURST: Final = 30
CONCURRENT_WRITES: Final = 4

KEPT_FREE: Final[Mapping[str, Decimal]] = {
    "GET /changes": Decimal("0.7"),
    "GET /sales_orders": Decimal("0.6"),
    "GET /customers/{CustomerCode}": Decimal("0.5"),
    "POST /sales_orders/validate": Decimal("0.4"),
    "POST /sales_orders": Decimal("0.3"),
    "GET /stock_reservations": Decimal("0.2"),  # also after a create, to hand the hold over
    "GET /sales_orders/{OrderNumber}": Decimal("0.2"),
    "POST /stock_reservations": Decimal("0.1"),
}
"""Share of the burst that a request leaves for later steps. Without it the first step of a new
batch would take every token and no order would ever reach its last step.
"""

_EPOCH_FROM: Final = 1_000_000_000  # a reset above this is a Unix time, below it a span


PACE: Final = Pace(
    used_share=1.0, memory=timedelta(seconds=1), first_step=0.5, next_step=0.5,
    slowest_share=1 / 16, climbs_per_hour=120.0,
)  # fmt: skip
"""A site is busy for moments: down to half when it refuses twice within a second, which at ten
requests a second is a pattern and over minutes is chance; and doubled again in half a minute.
"""


def own_buckets(clock: Clock) -> MemoryBuckets:
    """Buckets of this process at the pace of a TIMS site."""
    return MemoryBuckets(clock, PACE, jitter=lambda: 0.0)


class Limits:
    """The limits of one key, kept by every client and thread of a process."""

    def __init__(
        self,
        buckets: Buckets,
        clock: Clock,
        bucket: str,
        *,
        rate: Decimal = RATE,
        burst: int = BURST,
        concurrent_writes: int = CONCURRENT_WRITES,
    ) -> None:
        self._buckets, self._clock, self._bucket = buckets, clock, bucket
        self._rate, self._burst = rate, burst
        self._writing = threading.BoundedSemaphore(concurrent_writes)
        self._closed_until: datetime | None = None
        self._prepaid = 0
        self._lock = threading.Lock()

    def admit(self, request: str, about: str = "") -> None:
        """One request of that name may go now, or TryAgain says when."""
        if self._spend_prepaid():
            return
        grant = self._take(request, 1)
        if not grant.granted:
            raise waiting(grant.wait, about)

    @contextmanager
    def batch(self, request: str, want: int) -> Iterator[Grant]:
        """Tokens for many requests of that name in one go; what is not used is forgotten."""
        grant = self._take(request, want)
        with self._lock:
            self._prepaid += grant.granted
        try:
            yield grant
        finally:
            with self._lock:
                self._prepaid = max(self._prepaid - grant.granted, 0)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One of the few writes that TIMS takes at the same time."""
        with self._writing:
            yield

    def heard(self, headers: Mapping[str, str]) -> None:
        """Learn from the headers of any answer."""
        limit = _number(headers.get("x-ratelimit-limit"))
        if limit is not None and limit > 0 and limit != self._rate:
            self._rate = limit
            self._buckets.observe(self._bucket, limit)
        if _number(headers.get("x-ratelimit-remaining")) == 0:
            reset = reset_in(headers, self._clock.now())
            if reset is not None:
                self._close_for(min(reset, timedelta(seconds=float(1 / self._rate))))

    def refused(self, retry_after: timedelta | None) -> timedelta:
        """A 429: everybody waits. Returns for how long."""
        wait = max(self._buckets.throttled(self._bucket, self._rate), retry_after or timedelta(0))
        self._close_for(wait)
        return wait

    def _take(self, request: str, want: int) -> Grant:
        closed = self._closed_for()
        if closed > timedelta(0):
            return Grant(0, closed)
        reserve = int(self._burst * KEPT_FREE.get(request, Decimal(0)))
        return self._buckets.take(
            self._bucket, want, rate=self._rate, burst=self._burst, reserve=reserve
        )

    def _spend_prepaid(self) -> bool:
        with self._lock:
            if not self._prepaid or self._closed_for() > timedelta(0):
                return False
            self._prepaid -= 1
            return True

    def _close_for(self, span: timedelta) -> None:
        until = self._clock.now() + span
        if self._closed_until is None or until > self._closed_until:
            self._closed_until = until

    def _closed_for(self) -> timedelta:
        until = self._closed_until
        return timedelta(0) if until is None else until - self._clock.now()


def waiting(wait: timedelta, about: str = "") -> TryAgain:
    """Our own limit holds a request back; nobody's failure."""
    return TryAgain(
        "waiting for our share of TIMS's request limit",
        after=wait,
        counts=False,
        about=about,
        code="own_limit",
    )


def reset_in(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long until X-RateLimit-Reset, which sites write as a Unix time or as seconds to go."""
    reset = _number(headers.get("x-ratelimit-reset"))
    if reset is None or reset < 0:
        return None
    if reset >= _EPOCH_FROM:
        return max(datetime.fromtimestamp(float(reset), UTC) - now, timedelta(0))
    return timedelta(seconds=float(reset))


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Retry-After in seconds or as a date, which is counted from the answer's own Date."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.replace(".", "", 1).isdigit():
        return timedelta(seconds=float(text))
    until, now = http_date(text), http_date(headers.get("date", ""))
    return None if until is None or now is None else max(until - now, timedelta(0))


def http_date(text: str) -> datetime | None:
    """A date as HTTP writes it; None when it is none."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (TypeError, ValueError):
        return None


def _number(text: str | None) -> Decimal | None:
    if text is None:
        return None
    cleaned = text.strip()
    return Decimal(cleaned) if cleaned.replace(".", "", 1).isdigit() else None

"""Two lanes to Amazon: a call for each SKU, or a feed for many. Which is quicker is arithmetic."""

import statistics
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.feeds import MOST_MESSAGES, SUBMISSIONS
from crossdock.connectors.amazon.limits import not_yet
from crossdock.engine.store import Database, bulk
from crossdock.engine.store.bulk import CANCELLED, DONE, FATAL, LOST, REFUSED, ListingFeed
from crossdock.kernel.errors import TryAgain

SINGLE, FEED = "single", "feed"
BULK = "stock.bulk"  # the schedule that carries the basket
PATCH = "patchListingsItem"
WINDOW = timedelta(minutes=5, seconds=2)  # Amazon counts submissions in five minutes of its own
FEED_STARTS = timedelta(
    seconds=60
)  # from the submission to the first message, until we know better
EACH_MESSAGE = timedelta(milliseconds=5)
DISTRUST = timedelta(hours=1)
_LOOKED_BACK = 5  # feeds
_MOST_COUNTED = 5000  # waiting SKUs; more change no decision


class Queue:
    """Places in the line for single calls. A place is a time; decreases stand in a line of their
    own before all others.
    """

    def __init__(self, amazon: AmazonClient, now: Callable[[], datetime]) -> None:
        self._amazon, self._now = amazon, now
        self._urgent: deque[datetime] = deque()
        self._others: deque[datetime] = deque()
        self._lock = threading.Lock()

    def wait(self, *, rises: bool) -> timedelta:
        """How long the next one that comes would wait; zero when there is quota now."""
        with self._lock:
            return self._wait(rises)

    def stand(self, sku: str, *, rises: bool) -> TryAgain | None:
        """None when there is quota now; else the time of a place in the line."""
        with self._lock:
            wait = self._wait(rises)
            if not wait:
                return None
            (self._others if rises else self._urgent).append(self._now() + wait)
        return not_yet(PATCH, f"listing {sku}", wait)

    def length(self) -> int:
        """How many stand in line."""
        with self._lock:
            self._wait(True)
            return len(self._urgent) + len(self._others)

    def _wait(self, rises: bool) -> timedelta:
        now = self._now()
        for line in (self._urgent, self._others):
            while line and line[0] <= now:
                line.popleft()
        quota = self._amazon.quota
        if quota.room(PATCH).granted:
            return timedelta(0)
        before = len(self._urgent) + (len(self._others) if rises else 0)
        return quota.until(PATCH, before + 1)


class Lanes:
    """Compares the lanes. What it knows is in the store, so all workers see the same."""

    def __init__(
        self, amazon: AmazonClient, store: Callable[[], Database], now: Callable[[], datetime],
        flow: str,
    ) -> None:  # fmt: skip
        self.amazon, self.store, self.now, self.flow = amazon, store, now, flow
        self.queue = Queue(amazon, now)

    def trusted(self) -> bool:
        """Feeds do what they should. After two in a row that did not, an hour of single calls."""
        ended = [f for f in bulk.recent(self.store(), 20) if f.ended_at is not None][:2]
        bad = [
            f for f in ended
            if f.state in (FATAL, CANCELLED, LOST, REFUSED) and f.ended_at is not None
            and self.now() - f.ended_at < DISTRUST
        ]  # fmt: skip
        return len(bad) < 2 and self.refused() is None

    def refused(self) -> ListingFeed | None:
        """A feed that Amazon did not take at all, within the hour."""
        since = self.now() - DISTRUST
        ended = [f for f in bulk.recent(self.store(), 20) if f.ended_at and f.ended_at > since]
        return next((f for f in ended if f.state == REFUSED), None)

    def submission_wait(self) -> timedelta:
        """How long until Amazon takes another feed."""
        now = self.now()
        recent = bulk.submissions(self.store(), now - WINDOW)
        window = timedelta(0)
        if len(recent) >= SUBMISSIONS:
            window = max(recent[-SUBMISSIONS] + WINDOW - now, timedelta(0))
        return max(window, self.amazon.quota.until("createFeed", 1))

    def feed_takes(self, messages: int) -> timedelta:
        """From the submission to the last message, as the last feeds did."""
        starts = [
            f.done_at - f.submitted_at - EACH_MESSAGE * f.messages
            for f in bulk.recent(self.store(), 4 * _LOOKED_BACK)
            if f.state == DONE and f.done_at is not None and f.submitted_at is not None
        ][:_LOOKED_BACK]  # fmt: skip
        seconds = [max(s.total_seconds(), 1.0) for s in starts]
        start = timedelta(seconds=statistics.median(seconds)) if seconds else FEED_STARTS
        return start + EACH_MESSAGE * min(messages, MOST_MESSAGES)

    def feed_time(self, writes: int, of: int) -> timedelta | None:
        """How long a feed would take, when so many writes among `of` SKUs, and what waits behind
        them, are told sooner by it than by single calls; None when single calls are quicker.
        """
        if not writes:
            return None
        db, now = self.store(), self.now()
        coming = bulk.due(db, self.flow, now, _MOST_COUNTED) * writes / max(of, 1)
        pending = int(writes + coming) + bulk.waiting(db).count + self.queue.length()
        single = self.amazon.quota.until(PATCH, pending)
        if single <= FEED_STARTS / 2:  # no feed is as quick; saves the looking up
            return None
        feed = self.submission_wait() + self.feed_takes(pending)
        return feed if single > feed and self.trusted() else None

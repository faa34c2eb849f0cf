"""Two lanes to Amazon: a call for each SKU, or a feed for many. Which is quicker is arithmetic.

Amazon works on feeds one after the other, whatever is submitted. So one feed waits behind the one
that is worked on, and no more: what would stand further back stays in our basket, where it can be
changed and taken out, and grows into one feed.
"""

import math
import statistics
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.feeds import MOST_MESSAGES, SUBMISSIONS
from crossdock.engine.store import Database, bulk
from crossdock.engine.store.bulk import (
    CANCELLED,
    DONE,
    FATAL,
    LOST,
    REFUSED,
    SUBMITTED,
    SUBMITTING,
    ListingFeed,
)
from crossdock.wiring.patch_queue import PATCH, Queue

SINGLE, FEED = "single", "feed"
BULK = "stock.bulk"  # the schedule that carries the basket
WINDOW = timedelta(minutes=5, seconds=2)  # Amazon counts submissions in five minutes of its own
FEED_STARTS = timedelta(
    seconds=60
)  # from the submission to the first message, until we know better
EACH_MESSAGE = timedelta(milliseconds=5)
IN_LINE = 2  # feeds at Amazon: one is worked on, one waits
SOON = timedelta(seconds=10)  # for what should have happened by now
DISTRUST = timedelta(hours=1)
EARLIEST = datetime.min.replace(tzinfo=UTC)
_LOOKED_BACK = 5  # feeds
_MOST_COUNTED = 5000  # waiting SKUs; more change no decision


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
        """How long until another feed can be submitted."""
        return max(self._place_wait(self._line(self.start())), self._quota_wait())

    def end_of(self, ref: str) -> datetime | None:
        """When a feed, by our name for it, will have been worked on; None when it has ended."""
        return next((end for feed, end in self._line(self.start()) if feed.ref == ref), None)

    def _line(self, start: timedelta) -> list[tuple[ListingFeed, datetime]]:
        """Feeds under way in their order, each with the time when it will have been worked on. One
        that should have ended by now is expected soon.
        """
        now, free, found = self.now(), EARLIEST, []
        for feed in bulk.under_way(self.store()):
            begins = max(feed.submitted_at or now, free)
            free = max(begins + start + EACH_MESSAGE * feed.messages, now + SOON)
            found.append((feed, free))
        return found

    def _place_wait(self, line: list[tuple[ListingFeed, datetime]]) -> timedelta:
        """How long until no more than one feed is at Amazon."""
        there = [end for feed, end in line if feed.state in (SUBMITTING, SUBMITTED)]
        return there[-IN_LINE] - self.now() if len(there) >= IN_LINE else timedelta(0)

    def _quota_wait(self) -> timedelta:
        now = self.now()
        recent = bulk.submissions(self.store(), now - WINDOW)
        window = timedelta(0)
        if len(recent) >= SUBMISSIONS:
            window = max(recent[-SUBMISSIONS] + WINDOW - now, timedelta(0))
        return max(window, self.amazon.quota.until("createFeed", 1))

    def start(self) -> timedelta:
        """What a feed takes beside its messages, as with the last ones: from its submission, or
        from the end of the one before it.
        """
        starts, free = [], EARLIEST
        for feed in reversed(bulk.recent(self.store(), 4 * _LOOKED_BACK)):
            if feed.done_at is None or feed.submitted_at is None:
                continue
            took = feed.done_at - max(feed.submitted_at, free)
            if feed.state == DONE:
                starts.append(max((took - EACH_MESSAGE * feed.messages).total_seconds(), 1.0))
            free = max(free, feed.done_at)
        last = starts[-_LOOKED_BACK:]
        return timedelta(seconds=statistics.median(last)) if last else FEED_STARTS

    def _feeds_take(self, messages: int) -> timedelta:
        """Until so many are worked on, in as many feeds as it takes, behind those under way."""
        now, start = self.now(), self.start()
        line = self._line(start)
        wait = max(self._place_wait(line), self._quota_wait())
        begins = max([now + wait, *(end for _, end in line)])
        return begins - now + start * math.ceil(messages / MOST_MESSAGES) + EACH_MESSAGE * messages

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
        feed = self._feeds_take(pending)
        return feed if single > feed and self.trusted() else None

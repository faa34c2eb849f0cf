"""Many quantities in one feed: chosen, submitted, followed, and told of SKU by SKU.

A turn of the schedule continues whatever it finds in the store, whoever began it. Amazon makes a
second feed when it is asked twice, so the intent is kept before the question, and after a lost
answer Amazon's own list is read before it is asked again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from crossdock.connectors.amazon import feeds
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.feed_models import Created, FeedResult
from crossdock.connectors.amazon.feeds import MOST_MESSAGES, Unsure
from crossdock.engine.feeds import SWITCHED_OFF, Reading
from crossdock.engine.store import Database, bulk
from crossdock.engine.store.bulk import Ending, Item, ListingFeed
from crossdock.kernel.errors import NeedsPerson, RunError, TryAgain
from crossdock.kernel.ids import new_id
from crossdock.wiring.looking import Looker
from crossdock.wiring.stock_lanes import Lanes
from crossdock.wiring.stock_publishing import LOOK, SHARE

LINGER = timedelta(seconds=60)  # so long a SKU waits for others to share its feed
POLL = timedelta(seconds=10)
LISTED = timedelta(seconds=60)  # Amazon's list shows a feed by then
DEADLINE = timedelta(minutes=30)  # then a feed is taken back, or given up
RESULT_BY = timedelta(minutes=10)  # after its end; then its SKUs are looked at without it
TOGETHER = 60  # SKUs that are looked at together after a feed; searches for more are not saved up
_CLOCKS_DIFFER = timedelta(minutes=2)


class Bulk:
    """Carries the basket to Amazon."""

    def __init__(
        self,
        amazon: AmazonClient,
        store: Callable[[], Database],
        now: Callable[[], datetime],
        lanes: Lanes,
        switched_on: Callable[[], bool],
    ) -> None:
        self.amazon, self.store, self.now = amazon, store, now
        self.lanes, self.switched_on = lanes, switched_on
        self.looker = Looker(amazon)
        self._looks_until = now()  # read-backs of earlier feeds are spread until then

    def turn(self, mark: str | None) -> Reading:
        """Continue every feed that is under way, then begin the next one."""
        if mark:
            self._looks_until = datetime.fromisoformat(mark)
        troubles: list[RunError] = []
        waits = [self._safely(partial(self._advance, feed), troubles)
                 for feed in bulk.under_way(self.store())]  # fmt: skip
        waits += [self._safely(self._fill, troubles)]
        self._tell_of_refusal()
        for error in sorted(troubles, key=lambda e: isinstance(e, TryAgain)):
            raise error
        soonest = min((w for w in waits if w is not None), default=None)
        rest = SWITCHED_OFF.rest if soonest is None and not self.switched_on() else None
        return Reading([], self._looks_until.isoformat(), after=soonest, rest=rest)

    @staticmethod
    def _safely(work: Callable[[], timedelta | None], troubles: list[RunError]) -> timedelta | None:
        """One feed's trouble never stops the others."""
        try:
            return work()
        except RunError as error:
            troubles.append(error)
            return None

    # --- the next feed

    def _fill(self) -> timedelta | None:
        """Submit what waits, when it is worth it; when to look again."""
        db = self.store()
        waiting = bulk.waiting(db)
        if not waiting.count or waiting.oldest is None:
            return None
        if not self.switched_on() or not self.lanes.trusted():
            bulk.release(db, None, Ending("", False), self.lanes.flow, self.now())
            return None
        while waiting.count and waiting.oldest is not None:
            old = self.now() - waiting.oldest >= LINGER
            if waiting.count < MOST_MESSAGES and not old and self._more_to_come():
                return SHARE
            if wait := self.lanes.submission_wait():
                return wait
            ref = new_id("bulk")
            if not bulk.take(db, ref, MOST_MESSAGES, self.now()):
                return SHARE  # another worker was quicker
            for feed in bulk.under_way(db):
                if feed.ref == ref:
                    self._submit(feed)
            waiting = bulk.waiting(db)
        return POLL

    def _more_to_come(self) -> bool:
        return bulk.busy(self.store(), self.lanes.flow, self.now())

    def _submit(self, feed: ListingFeed) -> timedelta | None:
        """The intent is kept, then Amazon is asked."""
        db, about = self.store(), f"feed of {feed.messages} quantities"
        if not self.switched_on():
            ending = Ending(bulk.CANCELLED, False, remark="publishing is off")
            bulk.release(db, feed, ending, self.lanes.flow, self.now())
            return None
        if wait := self.lanes.submission_wait():
            return wait
        document = feeds.quantities_document(
            self.amazon, ((r.sku, r.quantity, r.wiped) for r in bulk.rows_of(db, feed.ref))
        )
        try:
            document_id = feeds.upload(self.amazon, document, about)
            del document
            if not bulk.move(db, feed.ref, bulk.PLANNED, bulk.SUBMITTING, submitting_at=self.now()):
                return SHARE
            made = self._asked(feed, document_id, about)
        except NeedsPerson as error:
            self._refused(feed, error)
            return None
        self._known(feed, made.feedId, made.request_id)
        return self._next_look(feed)

    def _asked(self, feed: ListingFeed, document_id: str, about: str) -> Created:
        try:
            return feeds.submit(self.amazon, document_id, about)
        except Unsure:
            raise
        except TryAgain:  # certainly not submitted
            bulk.move(self.store(), feed.ref, bulk.SUBMITTING, bulk.PLANNED, submitting_at=None)
            raise

    def _refused(self, feed: ListingFeed, error: NeedsPerson) -> None:
        """Amazon takes no feed of ours: the SKUs go by single calls, and a person hears of it."""
        for state in (bulk.PLANNED, bulk.SUBMITTING):
            ending = Ending(bulk.REFUSED, False, remark=error.message[:200])
            at = replace(feed, state=state)
            if bulk.release(self.store(), at, ending, self.lanes.flow, self.now()):
                return

    def _known(self, feed: ListingFeed, feed_id: str, request_id: str = "") -> None:
        bulk.move(
            self.store(), feed.ref, bulk.SUBMITTING, bulk.SUBMITTED,
            feed_id=feed_id, submitted_at=self.now(), request_id=request_id,
        )  # fmt: skip

    def _tell_of_refusal(self) -> None:
        """A person's, for as long as single calls have to do."""
        refused = self.lanes.refused()
        if refused is not None:
            raise NeedsPerson(
                f"Amazon takes no feed of ours: {refused.remark}",
                kind="feed-refused",
                remedy="Do what Amazon's words ask for; meanwhile single calls do the work.",
                about="feeds of quantities",
            )

    # --- feeds that are under way

    def _advance(self, feed: ListingFeed) -> timedelta | None:
        if feed.state == bulk.PLANNED:
            if self.now() - feed.created_at < DEADLINE:
                return self._submit(feed)
            ending = Ending(bulk.CANCELLED, False, remark="it could not be submitted")
            bulk.release(self.store(), feed, ending, self.lanes.flow, self.now())
            return None
        if feed.state == bulk.SUBMITTING:
            return self._find(feed)
        return self._follow(feed)

    def _find(self, feed: ListingFeed) -> timedelta | None:
        """Amazon may know of it: its own list tells. Two that it could be are nobody's."""
        since = feed.submitting_at or feed.created_at
        db, age = self.store(), self.now() - since
        listed = feeds.submitted_since(self.amazon, since - _CLOCKS_DIFFER)
        known = bulk.known_ids(db, since - DEADLINE * 2)
        strange = [one for one in listed if one.feedId not in known]
        if len(strange) == 1:
            self._known(feed, strange[0].feedId)
            return SHARE
        if not strange and age >= LISTED:
            bulk.move(db, feed.ref, bulk.SUBMITTING, bulk.PLANNED, submitting_at=None)
            return SHARE
        if age >= DEADLINE:
            self._settle(feed, Ending(bulk.LOST, False, remark="nobody knows which feed it is"))
            return None
        return LISTED

    def _follow(self, feed: ListingFeed) -> timedelta | None:
        """What Amazon says of it, until it has ended or its time is over."""
        age = self.now() - (feed.submitted_at or feed.created_at)
        try:
            told = feeds.feed(self.amazon, feed.feed_id)
        except RunError:
            if age < DEADLINE:
                raise
            self._settle(feed, Ending(bulk.LOST, False, remark="Amazon does not tell of it"))
            return None
        status = told.processingStatus
        if status in ("DONE", "FATAL"):
            ended = replace(feed, done_at=told.processingEndTime or self.now())
            return self._finish(ended, told.resultFeedDocumentId, fatal=status == "FATAL")
        if status == "CANCELLED" or (age >= DEADLINE and self._taken_back(feed, status)):
            ending = Ending(bulk.CANCELLED, False, remark=f"after {age}")
            bulk.release(self.store(), feed, ending, self.lanes.flow, self.now())
            return None
        if age >= DEADLINE and status != "IN_QUEUE":
            self._settle(feed, Ending(bulk.LOST, False, remark=f"{status} after {age}"))
            return None
        return self._next_look(feed)

    def _taken_back(self, feed: ListingFeed, status: str) -> bool:
        return status == "IN_QUEUE" and feeds.cancel(self.amazon, feed.feed_id)

    def _finish(
        self, feed: ListingFeed, document_id: str | None, *, fatal: bool
    ) -> timedelta | None:
        """Read the result, message by message; without one, every SKU is looked at."""
        late = self.now() - (feed.done_at or self.now()) >= RESULT_BY
        state = bulk.FATAL if fatal else bulk.DONE
        result: FeedResult | None = None
        if document_id is not None:
            try:
                result = feeds.result(self.amazon, document_id, f"feed {feed.feed_id}")
            except RunError:
                if not late:
                    raise
        if result is None and not late and not fatal:
            return POLL
        rows = bulk.rows_of(self.store(), feed.ref)
        self._settle(feed, _ending(state, rows, result, fatal=fatal), rows)
        return None

    def _settle(
        self, feed: ListingFeed, ending: Ending, rows: Sequence[Item] | None = None
    ) -> None:
        if rows is None:
            rows = bulk.rows_of(self.store(), feed.ref)
        looks = self._looks(rows, ending)
        bulk.settle(self.store(), feed, ending, self.lanes.flow, looks, self.now())

    def _looks(self, rows: Sequence[Item], ending: Ending) -> Mapping[str, datetime]:
        """When each is looked at: as fast as the quota allows, and no faster, so that what is due
        meanwhile need not stand behind them all; some together, so that one search serves them.
        """
        told = [row.sku for row in rows if row.sku not in ending.refused]
        at, pace = max(self.now() + LOOK, self._looks_until), self.looker.pace()
        looks = dict.fromkeys(ending.refused, self.now())
        for start in range(0, len(told), TOGETHER):
            some = told[start : start + TOGETHER]
            looks |= dict.fromkeys(some, at)
            at += pace * len(some)
        self._looks_until = at
        return looks

    def _next_look(self, feed: ListingFeed) -> timedelta:
        """When it should have ended; after that, often."""
        end = self.lanes.end_of(feed.ref)
        return POLL if end is None else max(end - self.now(), POLL)


def _ending(state: str, rows: Sequence[Item], result: FeedResult | None, *, fatal: bool) -> Ending:
    if result is None:
        return Ending(state, False, remark="there is no result")
    ours = {n: row.sku for n, row in enumerate(rows, 1)}
    named = [(one.messageId, one.sku) for one in result.issues if one.messageId and one.sku]
    if any(ours.get(number) != sku for number, sku in named):
        return Ending(state, False, remark="the result is of another feed")
    refused = {ours[n]: words for n, words in result.refused().items() if n in ours}
    whole = result.summary.messagesProcessed == len(rows)
    remark = "" if whole else f"{result.summary.messagesProcessed} of {len(rows)} were looked at"
    return Ending(state, whole and not fatal, refused, remark)

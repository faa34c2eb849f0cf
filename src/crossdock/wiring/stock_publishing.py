"""Publishing stock: one SKU's quantity is looked at, written where it differs, and looked at again.

One run is one SKU, so nobody else writes it meanwhile. A quantity is an absolute value: again is
harmless. It counts when Amazon shows it. Few go by single calls, many in a feed; while a SKU is in
a feed, its run waits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from crossdock.business.stock.model import Offer, Published
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.listing_models import Listing
from crossdock.connectors.amazon.listings import not_taken, publish_quantity
from crossdock.engine.store import Database, bulk, publications
from crossdock.engine.store.bulk import Item
from crossdock.engine.store.publications import DRIFT, SEEN, SENT, UNSURE, Publication
from crossdock.kernel.errors import NeedsPerson, RunError, TryAgain
from crossdock.kernel.evidence import Noted, noted
from crossdock.kernel.quota import Grant
from crossdock.wiring.looking import Looker, wait_until_shown
from crossdock.wiring.patch_queue import Queue
from crossdock.wiring.stock_finding import Finder
from crossdock.wiring.stock_guard import StockGuard
from crossdock.wiring.stock_lanes import BULK, FEED, SINGLE, Lanes
from crossdock.wiring.stock_write import Write

LOOK = timedelta(seconds=20)
"""When a write is looked for first; later looks wait as long as it has taken so far."""
PATIENCE = timedelta(minutes=10)  # then it is written again
SETTLING = timedelta(minutes=10)  # an order of Amazon's is in TIMS by then, or it is cancelled
SHARE = timedelta(seconds=2)  # a feed begins no sooner: others of the same wave go with it
IN_A_FEED = timedelta(minutes=5)  # the feed's end wakes the SKU; this is for when it does not
MOST_WRITES = 3  # of one quantity; then a person looks
_NOTHING = Noted(None, ())


_Row = TypeVar("_Row", Publication, Item)


@dataclass(slots=True)
class _Batch:
    """What is known of the SKUs of one claim, and what becomes of them."""

    known: Mapping[str, Publication]
    held: Mapping[str, Item]
    began: datetime
    results: dict[str, Noted] = field(default_factory=dict)
    basket: list[Item] = field(default_factory=list)
    receipts: list[Publication] = field(default_factory=list)  # of what was seen


class Publisher:
    """Writes quantities of one seller's listings. Without lanes there are only single calls."""

    def __init__(
        self,
        amazon: AmazonClient,
        store: Callable[[], Database],
        now: Callable[[], datetime],
        switched_on: Callable[[], bool] = lambda: True,
        lanes: Lanes | None = None,
        guard: StockGuard | None = None,
        withheld: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`switched_on` is asked before every write: who switches it off stops what still waits.
        So is the guard, which may hold a single SKU back. `withheld`: SKUs that may not be for
        sale; that they are not listed is no question.
        """
        self.withheld = withheld
        self.amazon, self.store, self.now = amazon, store, now
        self.switched_on, self.lanes, self.guard = switched_on, lanes, guard
        self.looker, self.finder = Looker(amazon), Finder(amazon, now)
        self.queue = lanes.queue if lanes is not None else Queue(amazon, now)

    def room(self) -> Grant:
        """How many SKUs could be looked at now."""
        return self.looker.room()

    def publish(self, offer: Offer) -> Published:
        """Live, or a TryAgain until it is. Nothing is written over what is right already."""
        result = self.publish_many([(offer,)])[0].result
        if isinstance(result, Exception):
            raise result
        if not isinstance(result, Published):
            raise TypeError(f"publishing gave {type(result).__name__}")
        return result

    def publish_many(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[Noted]:
        """Decreases first: a sale that cannot be kept is worse than one that was missed."""
        offers: list[Offer] = [row[0] for row in rows]
        if not self.switched_on():
            return [Noted(Published(o.sku, o.quantity, "publishing is off"), ()) for o in offers]
        skus = [offer.sku for offer in offers]
        db, now = self.store(), self.now()
        batch = _Batch(publications.of_many(db, skus), bulk.of_many(db, skus), now)
        asked = [o for o in offers if not self._keep(batch, o, self._wait_for_feed, batch.held)]
        writes = self._known_to_differ(asked, batch)
        unread = {write.offer.sku for write in writes}
        looked = self.finder.look([o.sku for o in asked if o.sku not in unread], batch.known)
        for offer in asked:
            if offer.sku not in unread:
                writes += self._judged(batch, offer, looked[offer.sku])
        # Before anything is written.
        self._stored(batch, batch.receipts, lambda rows: publications.keep_many(self.store(), rows))
        feed = self.lanes.feed_time(len(writes), len(offers)) if self.lanes is not None else None
        for write in sorted(writes, key=lambda w: (w.rises, w.quantity > 0)):
            before = batch.results.get(write.offer.sku, _NOTHING)
            self._keep(batch, write.offer, self._told, write, feed, batch.basket, before=before)
        due = self.now() + SHARE
        self._stored(batch, batch.basket, lambda rows: bulk.put(self.store(), rows, BULK, due))
        return [batch.results[sku] for sku in skus]

    def _stored(
        self, batch: _Batch, rows: Sequence[_Row], put: Callable[[Sequence[_Row]], None]
    ) -> None:
        """All in one transaction, or one by one where one of them breaks it: that one alone ends
        with the error.
        """
        try:
            put(rows)
        except Exception:  # noqa: BLE001  (each is tried again, and tells its own error)
            for row in rows:
                try:
                    put([row])
                except Exception as error:  # noqa: BLE001
                    batch.results[row.sku] = Noted(error, batch.results[row.sku].calls)

    # --- one SKU of a batch

    def _keep(
        self, batch: _Batch, offer: Offer, work: Callable[..., object], *args: object,
        before: Noted = _NOTHING,
    ) -> bool:  # fmt: skip
        """Do it for this SKU; True when it came to an end thereby."""
        try:
            note = noted(work, offer, *args)
        except Exception as error:  # noqa: BLE001  (our bug in one record; others go on)
            note = Noted(error, ())
        batch.results[offer.sku] = Noted(note.result, before.calls + note.calls)
        return note.result is not None

    def _judged(self, batch: _Batch, offer: Offer, look: Noted) -> list[Write]:
        """The write that is needed, if one is; else the SKU has come to its end."""
        if isinstance(look.result, RunError):
            batch.results[offer.sku] = look
            return []
        row = batch.known.get(offer.sku)
        self._keep(batch, offer, self._judge, row, look.result, batch, before=look)
        result = batch.results[offer.sku].result
        return [result] if isinstance(result, Write) else []

    def _wait_for_feed(self, offer: Offer, held: Mapping[str, Item]) -> None:
        """In a feed, nobody else may write it. What only waits for one can be taken out again."""
        item = held.get(offer.sku)
        if item is None:
            return
        if item.refused is not None:
            bulk.forget_refusal(self.store(), offer.sku)
            raise not_taken(offer.sku, item.refused)
        waits = item.quantity == offer.quantity
        if item.feed is None and not waits and bulk.withdraw(self.store(), offer.sku):
            return
        raise _in_a_feed(offer, self.now() - item.added_at)

    def _known_to_differ(self, offers: Sequence[Offer], batch: _Batch) -> list[Write]:
        """Those that need not be looked at, because so many differ that a feed will take them."""
        if self.lanes is None:
            return []
        rows = ((offer, batch.known.get(offer.sku)) for offer in offers)
        found = [
            Write(offer, row, row.siblings, {}, row.marketplace_id)
            for offer, row in rows
            if row is not None and row.state == SEEN and row.quantity != offer.quantity
            and self.finder.first(row.marketplace_id)
            and not (self.guard is not None and self.guard.concerns(offer, row.quantity))
        ]  # fmt: skip
        return [] if self.lanes.feed_time(len(found), len(offers)) is None else found

    def _judge(
        self, offer: Offer, row: Publication | None, live: Listing | None, batch: _Batch
    ) -> Published | Write:
        if live is None or live.quantity is None:
            return self._not_ours(offer, live)
        wiped = _wiped(row, live)
        if live.quantity == offer.quantity and not wiped and not self._in_flight(row, offer):
            return self._seen(offer, row, live, batch.receipts)
        if row is not None and row.quantity == offer.quantity:
            if row.state not in (SENT, UNSURE) and live.quantity < offer.quantity:
                self._let_settle(offer, row)
            if row.state == SENT and live.quantity != offer.quantity:
                self._wait(offer, row)
            if row.state in (SENT, UNSURE):
                self._enough(offer, row)
        if self.guard is not None:
            self.guard.admit(offer, live.quantity, batch.began)
        return Write(offer, row, live.siblings, wiped, live.marketplace_id)

    def _in_flight(self, row: Publication | None, offer: Offer) -> bool:
        """Another quantity was written and did not show yet: it would come into effect after us."""
        return (
            row is not None
            and row.state in (SENT, UNSURE)
            and row.quantity != offer.quantity
            and row.sent_at is not None
            and self.now() - row.sent_at < PATIENCE
        )

    def _not_ours(self, offer: Offer, live: Listing | None) -> Published:
        """No merchant offer at Amazon: nothing is pushed to it."""
        if live is not None and live.by_amazon:
            return Published(offer.sku, 0, "held by Amazon")
        if offer.sku in self.withheld():
            return Published(offer.sku, 0, "not for sale")
        raise NeedsPerson(
            f"Amazon has no listing {offer.sku} of the merchant's in any marketplace",
            kind="listing-missing",
            remedy="List it in Seller Central, or take it out of lookups/skus.csv; then retry.",
            about=f"SKU {offer.sku}",
        )

    def _seen(
        self, offer: Offer, row: Publication | None, live: Listing, receipts: list[Publication]
    ) -> Published:
        now = self.now()
        if self.guard is not None and (row is None or row.state != SEEN):
            self.guard.seen(offer)
        if row is None or row.quantity != offer.quantity:  # nobody had to write it
            generation = row.generation + 1 if row else 1
            kept = Publication(
                offer.sku, generation, offer.quantity, SEEN, seen_at=now, siblings=live.siblings,
                marketplace_id=live.marketplace_id,
            )  # fmt: skip
            receipts.append(kept)
            return Published(offer.sku, offer.quantity, "live already")
        if row.state == SEEN:
            return Published(offer.sku, offer.quantity, "unchanged")
        first = row.seen_at or now
        if row.overtook and row.sent_at is not None and now - row.sent_at < PATIENCE:
            if row.seen_at is None:  # its time to effect; that it stays is another question
                receipts.append(replace(row, seen_at=now))
            raise TryAgain(
                f"an older quantity of {offer.sku} may still come into effect",
                after=row.sent_at + PATIENCE - now, counts=False, about=f"SKU {offer.sku}",
                code="overtaken",
            )  # fmt: skip
        # What came back by itself took nothing, and nobody knows that an intent became a write.
        written = row.sent_at if row.submission_id and row.state in (SENT, UNSURE) else None
        receipts.append(replace(row, state=SEEN, sent_at=written, seen_at=first, overtook=False))
        return Published(offer.sku, offer.quantity, "seen")

    def _let_settle(self, offer: Offer, row: Publication) -> None:
        """Amazon has less than we told it, and we would tell it the same again: it has counted a
        sale that TIMS may not know of yet. Such a rise waits; what was cancelled is offered then.
        """
        now = self.now()
        since = row.sent_at if row.state == DRIFT and row.sent_at is not None else now
        if row.state != DRIFT:
            publications.keep(self.store(), replace(row, state=DRIFT, sent_at=now, seen_at=None))
        if now - since < SETTLING:
            raise TryAgain(
                f"Amazon sold of {offer.sku}; the order may be on its way",
                after=since + SETTLING - now, counts=False, about=f"SKU {offer.sku}",
                code="counted-down",
            )  # fmt: skip

    def _wait(self, offer: Offer, row: Publication) -> None:
        """It was written and does not show yet."""
        waited = self.now() - row.sent_at if row.sent_at is not None else None
        words = f"Amazon does not show {offer.quantity} of {offer.sku} yet"
        wait_until_shown(words, offer.sku, waited, LOOK, PATIENCE)

    def _enough(self, offer: Offer, row: Publication) -> None:
        """Written again and again without effect: a person's. Their retry begins anew."""
        if row.attempts >= MOST_WRITES:
            publications.keep(self.store(), replace(row, attempts=0, tried=""))
            raise NeedsPerson(
                f"Amazon took {offer.quantity} of {offer.sku} {row.attempts} times and does not "
                "show it",
                kind="stock-not-shown",
                remedy="Look at the listing in Seller Central; then retry.",
                about=f"SKU {offer.sku}",
                evidence={"submission": row.submission_id, "path": row.tried},
            )

    # --- writing

    def _told(
        self, offer: Offer, write: Write, feed: timedelta | None, basket: list[Item]
    ) -> Published:
        """Amazon is told, or will be in a feed; either way the SKU comes back to look."""
        if not self.switched_on():
            return Published(offer.sku, offer.quantity, "publishing is off")
        if self._lane(write, feed) == FEED:
            basket.append(self._item(write))
            raise _in_a_feed(offer, timedelta(0))
        if place := self.queue.stand(offer.sku, rises=write.rises):
            raise place
        raise self._write(write)

    def _lane(self, write: Write, feed: timedelta | None) -> str:
        """Where it goes: the last time, where it has not been yet. With a feed on its way, single
        calls are for the decreases that they serve sooner.
        """
        if self.lanes is None or not self.finder.first(write.shop):
            return SINGLE
        last = write.attempts == MOST_WRITES
        if last and write.tried == {SINGLE} and self.lanes.trusted():
            return FEED
        if feed is None or (last and write.tried == {FEED}):
            return SINGLE
        return FEED if write.rises or self.queue.wait(rises=False) > feed else SINGLE

    def _item(self, write: Write) -> Item:
        return Item(
            write.offer.sku, write.generation, write.quantity, write.attempts, write.overtakes,
            write.tried_with(FEED), self.now(), write.rises, write.siblings, write.wiped,
        )  # fmt: skip

    def _write(self, write: Write) -> TryAgain:
        """A single call, remembered; what it gives is raised, to come back and look."""
        offer = write.offer
        # Before Amazon is asked: when its answer is lost or it refuses, it is known what stood
        # beside the quantity, and until when this one or one that it overtakes may still show.
        intent = Publication(
            offer.sku, write.generation, offer.quantity, UNSURE, write.attempts - 1,
            write.overtakes, siblings={**write.wiped, **write.siblings},
            tried=",".join(sorted(write.tried)), marketplace_id=write.shop,
            sent_at=self.now(),
        )  # fmt: skip
        publications.keep(self.store(), intent)
        said = publish_quantity(self.amazon, offer.sku, offer.quantity, write.wiped, write.shop)
        told = replace(
            intent, state=SENT, attempts=write.attempts, submission_id=said.submissionId,
            sent_at=self.now(), path=SINGLE, tried=write.tried_with(SINGLE),
            request_id=said.request_id,
        )  # fmt: skip
        publications.keep(self.store(), told)
        return TryAgain(
            f"{offer.quantity} of {offer.sku} are written; they count when Amazon shows them",
            after=LOOK, counts=False, about=f"SKU {offer.sku}", code="not-visible",
        )  # fmt: skip


def _wiped(row: Publication | None, live: Listing) -> dict[str, Any]:
    """What stood beside the quantity before we wrote, and is gone."""
    if row is None or row.state not in (SENT, UNSURE):
        return {}
    return {k: v for k, v in row.siblings.items() if k not in live.siblings}


def _in_a_feed(offer: Offer, waited: timedelta) -> TryAgain:
    return TryAgain(
        f"{offer.quantity} of {offer.sku} go to Amazon in a feed",
        after=max(IN_A_FEED, waited), counts=False, about=f"SKU {offer.sku}", code="in-a-feed",
    )  # fmt: skip

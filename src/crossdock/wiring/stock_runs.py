"""Stock as runs: feeds that tell whose offer may change, and the write with its read-back.

One run is one SKU, so nobody else writes it meanwhile. A quantity is an absolute value: again is
harmless. It counts when Amazon shows it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crossdock.business.stock.model import Offer, Published
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.listing_models import Listing
from crossdock.connectors.amazon.listings import listing, publish_quantity
from crossdock.connectors.tims.feed import Watermark, changed_keys
from crossdock.engine.feeds import Change, Feed, Reading
from crossdock.engine.store import Database, publications
from crossdock.engine.store.publications import DRIFT, SEEN, SENT, Publication
from crossdock.kernel.errors import ConfigError, NeedsPerson, RunError, TryAgain
from crossdock.kernel.evidence import Noted, noted
from crossdock.kernel.operation import Operation, Repeat
from crossdock.kernel.quota import Grant
from crossdock.wiring.stocking import StockDesk, broken

TIMS_STOCK, TIMS_ITEMS, CHECK, FLOW = "tims.stock", "tims.items", "stock.check", "stock"
EVERY, CHECK_EVERY = timedelta(seconds=30), timedelta(hours=6)
LOOK = timedelta(seconds=20)
"""When a write is looked for first; later looks wait as long as it has taken so far."""
PATIENCE = timedelta(minutes=10)  # then it is written again
SETTLING = timedelta(minutes=10)  # an order of Amazon's is in TIMS by then, or it is cancelled
SPARE_READS = 3  # of getListingsItem; fewer, and what is known to differ is written unread
MOST_WRITES = 3  # of one quantity; then a person looks


def stock_feeds(desk: StockDesk) -> tuple[Feed, ...]:
    """SKUs whose stock, or whose item, changed in TIMS. Silent until stock.yaml publishes."""

    def read(entity: str, mark: str | None) -> Reading:
        if not publishes(desk):
            return Reading([], None)
        found = changed_keys(desk.tims, Watermark(entity, int(mark or 0)))
        if entity == "item" and found.keys:
            desk.items_changed()
        # A stock key is the item's number, an @ and the location.
        items = {key.rpartition("@")[0] if entity == "stock" else key for key in found.keys}
        changes = [Change(FLOW, sku) for sku in (_affected(desk, items) if items else ())]
        return Reading(changes, str(found.until), found.more)

    def check(mark: str | None) -> Reading:
        del mark  # everything is looked at, as fast as Amazon's quota allows
        skus = _affected(desk, None) if publishes(desk) else []
        return Reading([Change(FLOW, sku) for sku in skus], None)

    return (
        Feed(CHECK, CHECK_EVERY, check, "Every SKU, for what nobody told of."),
        Feed(TIMS_STOCK, EVERY, lambda mark: read("stock", mark),
             "SKUs whose stock changed in TIMS."),
        Feed(TIMS_ITEMS, EVERY, lambda mark: read("item", mark),
             "SKUs whose item changed in TIMS."),
    )  # fmt: skip


def _affected(desk: StockDesk, items: Collection[str] | None) -> list[str]:
    """SKUs that these items touch, or all; the watermark stays where the table cannot be read."""
    try:
        return sorted(desk.skus().rows) if items is None else desk.affected(items)
    except ConfigError as error:
        raise TryAgain(str(error.problems[0]), about="lookups/skus.csv", code="table") from error


def publishes(desk: StockDesk) -> bool:
    """stock.yaml says so."""
    try:
        return desk.rules.publish
    except ConfigError:
        return True  # it was meant; each SKU will say what is wrong


def stock_operations(
    desk: StockDesk, amazon: AmazonClient, store: Callable[[], Database]
) -> tuple[Operation, ...]:
    """What the stock flow does."""
    publisher = Publisher(amazon, store, desk.now, lambda: publishes(desk), desk.withheld)

    def many(rows: Sequence[tuple[Any, ...]]) -> Sequence[Offer | RunError]:
        skus = [row[0] for row in rows]
        try:
            return desk.offers(skus)
        except ConfigError as error:
            return [broken(error, sku) for sku in skus]

    def one(sku: str) -> Offer:
        (found,) = many([(sku,)])
        if isinstance(found, RunError):
            raise found
        return found

    return (
        Operation("stock.offer", takes=(str,), gives=Offer, repeat=Repeat.READ, run=one,
                  room=publisher.room,
                  run_many=many, about="How many packs of a SKU may be offered, and why."),
        Operation("stock.publish", takes=(Offer,), gives=Published, repeat=Repeat.ABSOLUTE,
                  run=publisher.publish, run_many=publisher.publish_many,
                  about="Makes it the live quantity at Amazon, and looks until it is."),
    )  # fmt: skip


class Publisher:
    """Writes quantities of one seller's listings."""

    def __init__(
        self,
        amazon: AmazonClient,
        store: Callable[[], Database],
        now: Callable[[], datetime],
        switched_on: Callable[[], bool] = lambda: True,
        withheld: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`switched_on` is asked before every write: who switches it off stops what still waits.
        `withheld`: SKUs that may not be for sale; that they are not listed is no question.
        """
        self.amazon, self.store, self.now = amazon, store, now
        self.switched_on, self.withheld = switched_on, withheld

    def room(self) -> Grant:
        """How many SKUs could be read or written now."""
        quota = self.amazon.quota
        rooms = [quota.room(name) for name in ("getListingsItem", "patchListingsItem")]
        return Grant(max(r.granted for r in rooms), min(r.wait for r in rooms))

    def publish_many(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[Noted]:
        """Decreases first: a sale that cannot be kept is worse than one that was missed."""
        known = publications.of_many(self.store(), [row[0].sku for row in rows])

        def rises(n: int) -> bool:
            row = known.get(rows[n][0].sku)
            return row is None or bool(rows[n][0].quantity > row.quantity)

        results: dict[int, Noted] = {}
        for n in sorted(range(len(rows)), key=lambda n: (rises(n), n)):
            try:
                results[n] = noted(self._publish, rows[n][0], known.get(rows[n][0].sku))
            except Exception as error:  # noqa: BLE001  (our bug in one record; others go on)
                results[n] = Noted(error, ())
        return [results[n] for n in range(len(rows))]

    def publish(self, offer: Offer) -> Published:
        """Live, or a TryAgain until it is. Nothing is written over what is right already."""
        return self._publish(offer, publications.of(self.store(), offer.sku))

    def _publish(self, offer: Offer, row: Publication | None) -> Published:
        if not self.switched_on():
            return Published(offer.sku, offer.quantity, "publishing is off")
        if row is not None and self._need_not_look(row, offer):
            raise self._write(offer, row, row.siblings, {})
        live = listing(self.amazon, offer.sku)
        if live is None or live.quantity is None:
            return self._not_ours(offer, live)
        wiped = _wiped(row, live)
        if live.quantity == offer.quantity and not wiped and not self._in_flight(row, offer):
            return self._seen(offer, row, live)
        same = row is not None and row.quantity == offer.quantity
        if row is not None and same and row.state != SENT and live.quantity < offer.quantity:
            self._let_settle(offer, row)
        if row is not None and same and row.state == SENT:
            if live.quantity != offer.quantity:
                self._wait(offer, row)
            self._enough(offer, row)
        raise self._write(offer, row, live.siblings, wiped)

    def _in_flight(self, row: Publication | None, offer: Offer) -> bool:
        """Another quantity was written and did not show yet: it would come into effect after us."""
        return (
            row is not None
            and row.state == SENT
            and row.quantity != offer.quantity
            and row.sent_at is not None
            and self.now() - row.sent_at < PATIENCE
        )

    def _need_not_look(self, row: Publication, offer: Offer) -> bool:
        """In a flood of changes reads are what is short, and the read-back needs them: what is
        known to differ is written at once.
        """
        if row.state != SEEN or row.quantity == offer.quantity:
            return False
        return self.amazon.quota.room("getListingsItem").granted < SPARE_READS

    def _not_ours(self, offer: Offer, live: Listing | None) -> Published:
        """No merchant offer at Amazon: nothing is pushed to it."""
        if live is not None and live.by_amazon:
            return Published(offer.sku, 0, "held by Amazon")
        if offer.sku in self.withheld():
            return Published(offer.sku, 0, "not for sale")
        raise NeedsPerson(
            f"Amazon has no listing {offer.sku} of the merchant's",
            kind="listing-missing",
            remedy="List it in Seller Central, or take it out of lookups/skus.csv; then retry.",
            about=f"SKU {offer.sku}",
        )

    def _seen(self, offer: Offer, row: Publication | None, live: Listing) -> Published:
        now = self.now()
        if row is None or row.quantity != offer.quantity:  # nobody had to write it
            generation = row.generation + 1 if row else 1
            kept = Publication(offer.sku, generation, offer.quantity, SEEN, siblings=live.siblings)
            publications.keep(self.store(), kept)
            return Published(offer.sku, offer.quantity, "live already")
        if row.state == SEEN:
            return Published(offer.sku, offer.quantity, "unchanged")
        if row.overtook and row.sent_at is not None and now - row.sent_at < PATIENCE:
            raise TryAgain(
                f"an older quantity of {offer.sku} may still come into effect",
                after=row.sent_at + PATIENCE - now, counts=False, about=f"SKU {offer.sku}",
                code="overtaken",
            )  # fmt: skip
        written = (
            row.sent_at if row.state == SENT else None
        )  # what came back by itself took nothing
        publications.keep(
            self.store(), replace(row, state=SEEN, sent_at=written, seen_at=now, overtook=False)
        )
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
        waited = self.now() - row.sent_at if row.sent_at is not None else PATIENCE
        if waited < PATIENCE:
            raise TryAgain(
                f"Amazon does not show {offer.quantity} of {offer.sku} yet",
                after=min(max(waited, LOOK), PATIENCE - waited + timedelta(seconds=1)),
                counts=False, about=f"SKU {offer.sku}", code="not-visible",
            )  # fmt: skip

    def _enough(self, offer: Offer, row: Publication) -> None:
        """Written again and again without effect: a person's. Their retry begins anew."""
        if row.attempts >= MOST_WRITES:
            publications.keep(self.store(), replace(row, attempts=0))
            raise NeedsPerson(
                f"Amazon took {offer.quantity} of {offer.sku} {row.attempts} times and does not "
                "show it",
                kind="stock-not-shown",
                remedy="Look at the listing in Seller Central; then retry.",
                about=f"SKU {offer.sku}",
                evidence={"submission": row.submission_id},
            )

    def _write(
        self,
        offer: Offer,
        row: Publication | None,
        siblings: Mapping[str, Any],
        wiped: Mapping[str, Any],
    ) -> TryAgain:
        """Tell Amazon and remember it; what it gives is raised, to come back and look."""
        said = publish_quantity(self.amazon, offer.sku, offer.quantity, wiped)
        again = row is not None and row.state == SENT and row.quantity == offer.quantity
        generation = row.generation if row is not None else 0
        attempts = row.attempts if row is not None and again else 0
        unseen = row is not None and (row.overtook or (row.state == SENT and not again))
        publications.keep(
            self.store(),
            Publication(
                offer.sku, generation if again else generation + 1, offer.quantity, SENT,
                attempts + 1, unseen, said.submissionId, self.now(), None, {**wiped, **siblings},
            ),
        )  # fmt: skip
        return TryAgain(
            f"{offer.quantity} of {offer.sku} are written; they count when Amazon shows them",
            after=LOOK, counts=False, about=f"SKU {offer.sku}", code="not-visible",
        )  # fmt: skip


def _wiped(row: Publication | None, live: Listing) -> dict[str, Any]:
    """What stood beside the quantity before we wrote, and is gone."""
    if row is None or row.state != SENT:
        return {}
    return {k: v for k, v in row.siblings.items() if k not in live.siblings}

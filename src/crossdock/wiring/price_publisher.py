"""Writes the offers of one seller's listings, and looks until Amazon shows them.

A set of offers is an absolute value: again is harmless. It counts when Amazon shows it.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from crossdock.business.pricing.model import PUBLIC, AudienceOffer, PriceOffer, Published
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.price_models import (
    OfferDraft,
    PricedListing,
    same,
    siblings,
)
from crossdock.connectors.amazon.prices import (
    FOR_STOCK,
    find_priced,
    priced_listing,
    publish_offers,
)
from crossdock.engine.store import Database, price_receipts
from crossdock.engine.store.approvals import HOUR, Held
from crossdock.engine.store.price_receipts import SEEN, SENT, UNSURE, PriceReceipt
from crossdock.kernel.errors import NeedsPerson, RunError, TryAgain
from crossdock.kernel.evidence import Noted, noted
from crossdock.kernel.quota import Grant
from crossdock.wiring.approving import hold_unless_approved, one_of, settled
from crossdock.wiring.looking import Looker, wait_until_shown
from crossdock.wiring.patch_queue import Line
from crossdock.wiring.price_siblings import Beside, together
from crossdock.wiring.pricerules import PriceRules
from crossdock.wiring.pricing import key_of

KIND = "prices"
LOOK = timedelta(seconds=60)
"""When a write is looked for first; later looks wait as long as it has taken so far."""
PATIENCE = timedelta(minutes=15)  # then it is written again
MOST_WRITES = 3  # of one set; then a person looks
DAY = timedelta(days=1)
MANY = "more changes within an hour than limits.changes allows"


class PricePublisher:
    """Writes prices of one seller's listings."""

    def __init__(
        self,
        amazon: AmazonClient,
        store: Callable[[], Database],
        now: Callable[[], datetime],
        rules: Callable[[], PriceRules],
        every_key: Callable[[Collection[str]], Sequence[str]],
    ) -> None:
        """`rules` are asked before every write: who switches them off stops what still waits.
        `every_key` names the prices that are published of these SKUs.
        """
        self.amazon, self.store, self.now, self.rules = amazon, store, now, rules
        self._beside = Beside(store, every_key)
        self._line = Line(amazon, store, now, FOR_STOCK)

    def room(self) -> Grant:
        """How many SKUs could be read now."""
        return Looker(self.amazon).room()

    def publish_many(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[Noted]:
        """Looked at twenty at once, then one after the other; an error of one stops no other."""
        offers: list[PriceOffer] = [row[0] for row in rows]
        if self.rules().publish == "off":
            return [Noted(_published(offer, "publishing is off"), ()) for offer in offers]
        keys = {(o.marketplace_id, o.sku): o for o in offers}
        unlooked = self._beside.unlooked(keys)
        # Those first: what has been looked at once is kept, so that little quota is enough in time.
        looked = self._look(unlooked)
        looked |= self._look(keys.keys() - unlooked)
        waits = self._beside.keep(unlooked, looked)
        known = price_receipts.of_many(self.store(), keys)
        return [
            waits.get(key[1]) or self._noted(offer, known.get(key), looked[key])
            for key, offer in keys.items()
        ]

    def _look(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Noted]:
        """What Amazon shows of each, marketplace by marketplace."""
        by_shop: dict[str, list[str]] = {}
        for shop, sku in sorted(keys):
            by_shop.setdefault(shop, []).append(sku)
        found: dict[tuple[str, str], Noted] = {}
        for shop, skus in by_shop.items():
            looker = Looker(
                self.amazon, partial(priced_listing, self.amazon, shop),
                partial(find_priced, self.amazon, shop),
            )  # fmt: skip
            found |= {(shop, sku): note for sku, note in looker.look(skus).items()}
        return found

    def _noted(self, offer: PriceOffer, row: PriceReceipt | None, look: Noted) -> Noted:
        """One SKU's share of a batch; the look belongs to it."""
        if isinstance(look.result, RunError):
            return look
        try:
            note = noted(self._publish, offer, row, look.result)
        except Exception as error:  # noqa: BLE001  (our bug in one record; others go on)
            note = Noted(error, ())
        return Noted(note.result, look.calls + note.calls)

    def publish(self, offer: PriceOffer) -> Published:
        """Live, or a TryAgain until it is. Nothing is written over what is right already."""
        result = self.publish_many([(offer,)])[0].result
        if isinstance(result, Exception):
            raise result
        if not isinstance(result, Published):
            raise TypeError(f"publishing gave {type(result).__name__}")
        return result

    def _publish(
        self, offer: PriceOffer, row: PriceReceipt | None, live: PricedListing | None
    ) -> Published:
        if live is None:
            raise _not_listed(offer)
        drafts, digest = drafts_of(offer), digest_of(offer)
        rows = live.rows(offer.marketplace_id)
        gone = (set(row.audiences) & rows.keys() if row else set()) - {d.audience for d in drafts}
        key, since = (offer.marketplace_id, offer.sku), self.now() - 2 * PATIENCE
        wiped = self._beside.wiped(
            key, row, rows, since
        )  # looked at when it shows, and at PATIENCE
        if self._shows(offer, drafts, live) and not gone and not wiped:
            if not self._in_flight(row, digest):
                return self._seen(offer, row, live, digest)
        elif row is not None and row.state == SENT and row.digest == digest:
            self._wait(offer, row)
            self._enough(offer, row)
        self._allowed(offer, digest, live)
        raise self._write(offer, row, live, gone, wiped)

    def _shows(self, offer: PriceOffer, drafts: Iterable[OfferDraft], live: PricedListing) -> bool:
        """What was submitted is what we want, and everybody pays what they should now."""
        rows, paid, now = (
            live.rows(offer.marketplace_id),
            live.live(offer.marketplace_id),
            self.now(),
        )
        return all(same(d, rows.get(d.audience)) for d in drafts) and all(
            paid.get(o.audience) == o.now(now).amount for o in offer.offers
        )

    def _in_flight(self, row: PriceReceipt | None, digest: str) -> bool:
        """Another set was written and did not show yet: it would come into effect after us."""
        return (
            row is not None
            and row.state in (SENT, UNSURE)
            and row.digest != digest
            and row.sent_at is not None
            and self.now() - row.sent_at < PATIENCE
        )

    def _seen(
        self, offer: PriceOffer, row: PriceReceipt | None, live: PricedListing, digest: str
    ) -> Published:
        now, db = self.now(), self.store()
        if errors := live.price_errors():
            raise NeedsPerson(
                f"Amazon shows the price of {offer.sku} and refuses it: {errors[0].message}",
                kind="price-refused",
                remedy="Correct what Amazon says, in prices.yaml, TIMS or Seller Central; retry.",
                about=f"SKU {offer.sku}",
                evidence={"issues": [f"{i.code} {i.message}" for i in errors[:20]]},
            )
        if row is not None and row.digest == digest and row.state == SEEN:
            return _published(offer, "unchanged")
        if row is not None and row.digest == digest:
            first = row.seen_at or now
            if row.overtook and row.sent_at is not None and now - row.sent_at < PATIENCE:
                if row.seen_at is None:  # its time to effect; that it stays is another question
                    price_receipts.keep(db, replace(row, seen_at=now))
                raise TryAgain(
                    f"an older price of {offer.sku} may still come into effect",
                    after=row.sent_at + PATIENCE - now, counts=False, about=f"SKU {offer.sku}",
                    code="overtaken",
                )  # fmt: skip
            price_receipts.keep(db, replace(row, state=SEEN, seen_at=first, overtook=False))
            self._settled(offer)
            return _published(offer, "seen")
        generation = row.generation + 1 if row is not None else 1
        found = _receipt(offer, generation, digest, SEEN, siblings(live.rows(offer.marketplace_id)))
        price_receipts.keep(db, found)
        self._settled(offer)
        return _published(offer, "live already")

    def _settled(self, offer: PriceOffer) -> None:
        """Nothing waits for a person any more, and what was approved has been used."""
        settled(self.store(), KIND, key_of(offer.marketplace_id, offer.sku))

    def _wait(self, offer: PriceOffer, row: PriceReceipt) -> None:
        """It was written and does not show yet."""
        waited = self.now() - row.sent_at if row.sent_at is not None else None
        words = f"Amazon does not show the new price of {offer.sku} yet"
        wait_until_shown(words, offer.sku, waited, LOOK, PATIENCE)

    def _enough(self, offer: PriceOffer, row: PriceReceipt) -> None:
        """Written again and again without effect: a person's. Their retry begins anew."""
        if row.attempts >= MOST_WRITES:
            price_receipts.keep(self.store(), replace(row, attempts=0))
            raise NeedsPerson(
                f"Amazon took the price of {offer.sku} {row.attempts} times and does not show it",
                kind="price-not-shown",
                remedy="Look at the listing in Seller Central; then retry.",
                about=f"SKU {offer.sku}",
                evidence={"submission": row.submission_id},
            )

    # --- what a person has to allow

    def _allowed(self, offer: PriceOffer, digest: str, live: PricedListing) -> None:
        """Go on, or hold the write until a person has approved this very set of offers."""
        db, now, key = self.store(), self.now(), key_of(offer.marketplace_id, offer.sku)
        standing = live.live(offer.marketplace_id).get(PUBLIC)
        if why := self._why_not(offer, standing):
            old = None if standing is None else f"{standing:f}"
            hold_unless_approved(db, Held(KIND, key, old, digest, why, now), offer.sku)

    def _why_not(self, offer: PriceOffer, standing: Decimal | None) -> str:
        db, now, rules = self.store(), self.now(), self.rules()
        if rules.publish == "plan":
            return "prices.yaml says publish: plan"
        base = price_receipts.base_of(db, offer.sku, offer.marketplace_id, now - DAY)
        if move := too_far(offer, base if base is not None else standing):
            return move
        if rules.changes is None:
            return ""
        others = price_receipts.moved_since(now - HOUR)
        key = key_of(offer.marketplace_id, offer.sku)
        return "" if one_of(db, KIND, key, rules.changes, MANY, others, now) else MANY

    # --- the write

    def _write(
        self, offer: PriceOffer, row: PriceReceipt | None, live: PricedListing,
        gone: Iterable[str], wiped: Mapping[str, Any],
    ) -> TryAgain:  # fmt: skip
        """Tell Amazon and remember it; what it gives is raised, to come back and look."""
        digest, shop = digest_of(offer), offer.marketplace_id
        if (later := self._line.stand(key_of(shop, offer.sku), f"listing {offer.sku}")) is not None:
            return later
        flying = row is not None and row.state in (SENT, UNSURE)
        again = row is not None and flying and row.digest == digest
        generation = row.generation if row is not None else 0
        beside = together(siblings(live.rows(shop)), wiped)
        attempts = row.attempts if row is not None and again else 0
        receipt = replace(
            _receipt(offer, generation if again else generation + 1, digest, UNSURE, beside),
            attempts=attempts, sent_at=self.now(),
            overtook=row is not None and (row.overtook or (flying and not again)),
        )  # fmt: skip
        # Before Amazon is asked: when its answer is lost, what stood beside the prices is known.
        price_receipts.keep(self.store(), receipt)
        said = publish_offers(
            self.amazon, offer.sku, shop, drafts_of(offer), beside=wiped, gone=gone
        )
        self._line.leave(key_of(shop, offer.sku))
        receipt = replace(
            receipt, state=SENT, attempts=attempts + 1, submission_id=said.submissionId,
            sent_at=self.now(), request_id=said.request_id,
        )  # fmt: skip
        standing = live.live(shop).get(PUBLIC)
        first = not again or (row is not None and not row.attempts)
        price_receipts.keep(self.store(), receipt, moved_from=standing, moves=first)
        return TryAgain(
            f"the price of {offer.sku} is written; it counts when Amazon shows it",
            after=LOOK, counts=False, about=f"SKU {offer.sku}", code="not-visible",
        )  # fmt: skip


def too_far(offer: PriceOffer, base: Decimal | None) -> str:
    """Why a price moves further within a day than its rule lets it; empty when it does not."""
    if offer.move is None or base is None or not base:
        return ""
    moved = (offer.public.price.amount - base) / base
    if abs(moved) <= offer.move:
        return ""
    return f"{moved * 100:+.1f} % within a day, {offer.move * 100:.3g} % may"


def drafts_of(offer: PriceOffer) -> list[OfferDraft]:
    """The offers in Amazon's words."""
    return [
        OfferDraft(
            o.audience, o.price.currency, o.price.amount,
            (o.discount.price.amount, o.discount.start, o.discount.end) if o.discount else None,
            tuple((t.packs, t.price.amount) for t in o.tiers),
            o.minimum.amount if o.minimum else None, o.maximum.amount if o.maximum else None,
        )
        for o in offer.offers
    ]  # fmt: skip


def digest_of(offer: PriceOffer) -> str:
    """The same for the same set of offers, and no other."""
    text = json.dumps([_told(o) for o in offer.offers], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _told(o: AudienceOffer) -> list[Any]:
    sale = o.discount
    return [
        o.audience, str(o.price), [[t.packs, str(t.price)] for t in o.tiers],
        None if sale is None else [str(sale.price), sale.start.isoformat(), sale.end.isoformat()],
        str(o.minimum), str(o.maximum),
    ]  # fmt: skip


def _receipt(
    offer: PriceOffer, generation: int, digest: str, state: str, beside: Mapping[str, Any]
) -> PriceReceipt:
    audiences = tuple(o.audience for o in offer.offers)
    return PriceReceipt(
        offer.sku, offer.marketplace_id, generation, digest, offer.public.price.amount, audiences,
        state, siblings=beside,
    )  # fmt: skip


def _published(offer: PriceOffer, state: str) -> Published:
    return Published(offer.sku, offer.marketplace_id, state)


def _not_listed(offer: PriceOffer) -> NeedsPerson:
    return NeedsPerson(
        f"Amazon has no listing {offer.sku}",
        kind="listing-missing",
        remedy="List it in Seller Central, or take it out of lookups/skus.csv; then retry.",
        about=f"SKU {offer.sku}",
    )

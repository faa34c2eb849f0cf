"""Prices as runs: feeds that tell whose price may change, the write, what waits for a person."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from crossdock.business.pricing.model import PriceOffer, Published
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.tims.feed import Watermark, changed_keys
from crossdock.engine.feeds import SWITCHED_OFF, Change, Feed, Reading
from crossdock.engine.store import Database, approvals, price_receipts
from crossdock.engine.store.price_receipts import SEEN
from crossdock.kernel.errors import ConfigError, NeedsPerson, RunError, TryAgain
from crossdock.kernel.operation import Operation, Repeat
from crossdock.wiring.itembook import read_changes
from crossdock.wiring.price_publisher import KIND, PATIENCE, PricePublisher, digest_of
from crossdock.wiring.pricerules import PriceRules
from crossdock.wiring.pricing import PriceDesk, broken, key_of, split
from crossdock.wiring.rulechanges import Changed
from crossdock.wiring.watched import or_wait

FLOW = "prices"
TIMS_PRICES, ITEMS, TURN, BESIDE = "tims.prices", "prices.items", "prices.turn", "prices.beside"
CHECK, WATCH, FILES = "prices.check", "plan.watch", "prices.files"
EVERY, TURN_EVERY = timedelta(seconds=30), timedelta(minutes=5)
CHECK_EVERY, WATCH_EVERY, BESIDE_EVERY, FILES_EVERY = (
    timedelta(hours=6), timedelta(minutes=1), timedelta(minutes=1), timedelta(minutes=1),
)  # fmt: skip
_OVERLAP = timedelta(seconds=30)  # a receipt may be stored later than its time says


def rules_of(desk: PriceDesk) -> PriceRules:
    """prices.yaml as it is; a TryAgain where it cannot be read, so that nothing moves on."""
    try:
        return desk.rules
    except ConfigError as error:
        raise TryAgain(str(error.problems[0]), about="prices.yaml", code="file") from error


def price_feeds(desk: PriceDesk, store: Callable[[], Database]) -> tuple[Feed, ...]:
    """Prices that TIMS, a rule or a day changed. Silent until prices.yaml publishes."""

    def on(read: Callable[[str | None], Reading]) -> Callable[[str | None], Reading]:
        return lambda mark: SWITCHED_OFF if rules_of(desk).publish == "off" else read(mark)

    differing = Changed(lambda: desk.stamp, desk.facts, lambda *_: ())

    def changed(mark: str | None) -> Reading:
        found = changed_keys(desk.tims, Watermark("price", int(mark or 0)))
        named = [desk.tims.wire.price_key(key) for key in found.keys]
        items = {key.item_number for key in named if key is not None}
        all_ = None in named  # a key of a form that nobody agreed on may be any item's
        keys = or_wait(desk.every_key if all_ else lambda: desk.affected(items))
        return Reading(_changes(keys, wakes=True), str(found.until), found.more)

    def items(mark: str | None) -> Reading:
        found, until = read_changes(desk.tims, mark)
        keys = or_wait(lambda: desk.affected(set(found.keys))) if found.keys else []
        return Reading(_changes(keys, wakes=True), until, found.more)

    def turned(mark: str | None) -> Reading:
        now = desk.now()
        after = datetime.fromisoformat(mark) if mark else now
        keys = or_wait(lambda: desk.turning(after, now))
        return Reading(_changes(keys, wakes=True), now.isoformat())

    def beside(mark: str | None) -> Reading:
        now = desk.now()
        rules = rules_of(desk)
        after = datetime.fromisoformat(mark) if mark else now
        keys = _beside(store(), list(rules.lists), after, now)
        known = or_wait(lambda: desk.every_key({split(key)[1] for key in keys}))
        return Reading(_changes([key for key in known if key in keys]), now.isoformat())

    def check(mark: str | None) -> Reading:
        del mark  # everything is looked at, as fast as Amazon's quota allows
        return Reading(_changes(or_wait(desk.every_key)), None)

    def files(mark: str | None) -> Reading:
        keys, stamp = or_wait(lambda: differing.since(mark))
        return Reading(_changes(keys, wakes=True), stamp)

    return (
        Feed(TIMS_PRICES, EVERY, on(changed), "SKUs whose price changed in TIMS."),
        Feed(ITEMS, EVERY, on(items), "SKUs whose item changed in TIMS: its class, or a unit."),
        Feed(TURN, TURN_EVERY, on(turned), "SKUs whose sale or contract begins or ends."),
        Feed(BESIDE, BESIDE_EVERY, on(beside), "SKUs that were written in another marketplace."),
        Feed(CHECK, CHECK_EVERY, on(check), "Every price, for what nobody told of."),
        Feed(FILES, FILES_EVERY, on(files), "SKUs whose rule, list or row of skus.csv changed."),
        Feed(WATCH, WATCH_EVERY, lambda _: _waiting(store()), "Changes that wait for a person."),
    )


def _beside(db: Database, shops: Sequence[str], after: datetime, until: datetime) -> set[str]:
    """Prices that a write in another marketplace may have undone: a SKU is one listing in all of
    them: they are looked at when that write shows, and once more when it cannot come into effect
    any later. A look that finds a price right writes nothing, and nothing follows it.
    """
    if len(shops) < 2:
        return set()
    after -= _OVERLAP
    shown = price_receipts.within(db, "seen_at", after, until)
    settled = price_receipts.within(db, "sent_at", after - PATIENCE, until - PATIENCE)
    return {
        key_of(shop, row.sku) for row in (*shown, *settled)
        for shop in shops if shop != row.marketplace_id
    }  # fmt: skip


def _changes(keys: Sequence[str], *, wakes: bool = False) -> list[Change]:
    return [Change(FLOW, key, wakes=wakes) for key in keys]


def _waiting(db: Database) -> Reading:
    """A case as long as something waits; it closes by itself when nothing does."""
    held = approvals.held(db)
    if not held:
        return Reading([], None)
    kinds = sorted({one.kind for one in held})
    raise NeedsPerson(
        f"{len(held)} changes wait for approval: {held[0].key} because {held[0].why}",
        kind="plan-waits",
        remedy=f"Look at them with `crossdock plan {kinds[0]}`, then `crossdock plan apply HASH`.",
        about=f"{len(held)} changes of {', '.join(kinds)}",
        evidence={"held": [f"{one.key}: {one.why}" for one in held[:50]], "count": len(held)},
    )


def price_operations(
    desk: PriceDesk, amazon: AmazonClient, store: Callable[[], Database]
) -> tuple[Operation, ...]:
    """What the price flow does."""
    publisher = PricePublisher(
        amazon, store, desk.now, lambda: rules_of(desk),
        lambda skus: or_wait(lambda: desk.every_key(skus)),
    )  # fmt: skip

    def many(rows: Sequence[tuple[Any, ...]]) -> Sequence[PriceOffer | RunError]:
        keys = [row[0] for row in rows]
        try:
            found = desk.offers(keys)
        except ConfigError as error:
            return [broken(error, split(key)[1]) for key in keys]
        for key, one in zip(keys, found, strict=True):
            if isinstance(one, RunError):  # what waited for a person cannot be written any more
                approvals.release(store(), KIND, key)
        return found

    def one(key: str) -> PriceOffer:
        (found,) = many([(key,)])
        if isinstance(found, RunError):
            raise found
        return found

    return (
        Operation("price.offer", takes=(str,), gives=PriceOffer, repeat=Repeat.READ, run=one,
                  room=publisher.room, run_many=many,
                  about="What a SKU is to cost in a marketplace, for whom, and why."),
        Operation("price.publish", takes=(PriceOffer,), gives=Published, repeat=Repeat.ABSOLUTE,
                  run=publisher.publish, run_many=publisher.publish_many,
                  about="Makes it the live price at Amazon, and looks until it is."),
    )  # fmt: skip


def price_pending(desk: PriceDesk, db: Database, sku: str, since: datetime | None = None) -> str:
    """Why stock of the SKU should not come back yet: its price is not what it should be. Empty when
    it is, or when prices are not published from here. TIMS is asked at most once after `since`.
    """
    if rules_of(desk).publish == "off":
        return ""
    keys = desk.every_key([sku])
    known = {r.marketplace_id: r for r in price_receipts.of_sku(db, sku)}
    for key, wanted in zip(keys, desk.offers(keys, since), strict=True):
        shop, _ = split(key)
        if isinstance(wanted, RunError):
            return f"it has no price in {shop}: {wanted.message}"
        receipt = known.get(shop)
        if receipt is None or receipt.state != SEEN or receipt.digest != digest_of(wanted):
            return f"Amazon does not show its price in {shop} yet"
    return ""

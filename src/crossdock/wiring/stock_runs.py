"""Stock as runs: what tells whose offer may change, and what the stock flow does."""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any

from crossdock.business.stock.model import Offer, Published
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.tims.feed import Watermark, changed_keys
from crossdock.engine.feeds import SWITCHED_OFF, Change, Feed, Reading
from crossdock.engine.store import Database
from crossdock.kernel.errors import ConfigError, RunError
from crossdock.kernel.operation import Operation, Repeat
from crossdock.wiring.itembook import read_changes
from crossdock.wiring.rulechanges import Changed
from crossdock.wiring.stock_bulk import Bulk
from crossdock.wiring.stock_guard import StockGuard
from crossdock.wiring.stock_lanes import BULK, Lanes
from crossdock.wiring.stock_publishing import Publisher
from crossdock.wiring.stocking import StockDesk, broken
from crossdock.wiring.watched import or_wait

TIMS_STOCK, TIMS_ITEMS, CHECK, FLOW = "tims.stock", "tims.items", "stock.check", "stock"
FILES = "stock.files"
EVERY, CHECK_EVERY, FILES_EVERY = timedelta(seconds=30), timedelta(hours=6), timedelta(minutes=1)
BULK_EVERY = timedelta(seconds=30)


def stock_feeds(desk: StockDesk) -> tuple[Feed, ...]:
    """SKUs whose stock, whose item or whose rule changed. Silent until stock.yaml publishes."""
    changed = Changed(lambda: desk.stamp, desk.facts, desk.sharers)

    def stock(mark: str | None) -> Reading:
        if not publishes(desk):
            return SWITCHED_OFF
        found = changed_keys(desk.tims, Watermark("stock", int(mark or 0)))
        items = {key.rpartition("@")[0] for key in found.keys}  # the number, an @, the location
        return told(items, str(found.until), found.more)

    def items(mark: str | None) -> Reading:
        if not publishes(desk):
            return SWITCHED_OFF
        found, until = read_changes(desk.tims, mark)
        if found.keys:
            desk.items_changed(found.deleted)
        return told(found.keys, until, found.more)

    def told(items: Collection[str], until: str, more: bool) -> Reading:
        skus = _affected(desk, items) if items else ()
        return Reading([Change(FLOW, sku, wakes=True) for sku in skus], until, more)

    def check(mark: str | None) -> Reading:
        del mark  # everything is looked at, as fast as Amazon's quota allows
        skus = _affected(desk, None) if publishes(desk) else []
        return Reading([Change(FLOW, sku) for sku in skus], None)

    def files(mark: str | None) -> Reading:
        if not publishes(desk):
            return SWITCHED_OFF
        skus, stamp = or_wait(lambda: changed.since(mark))
        return Reading([Change(FLOW, sku, wakes=True) for sku in skus], stamp)

    return (
        Feed(CHECK, CHECK_EVERY, check, "Every SKU, for what nobody told of."),
        Feed(TIMS_STOCK, EVERY, stock, "SKUs whose stock changed in TIMS."),
        Feed(TIMS_ITEMS, EVERY, items, "SKUs whose item changed in TIMS."),
        Feed(FILES, FILES_EVERY, files, "SKUs whose rule, or row of skus.csv, changed."),
    )  # fmt: skip


def _affected(desk: StockDesk, items: Collection[str] | None) -> list[str]:
    """SKUs that these items touch, or all."""
    return or_wait(lambda: sorted(desk.skus().rows) if items is None else desk.affected(items))


def publishes(desk: StockDesk) -> bool:
    """stock.yaml says so."""
    try:
        return desk.rules.publish
    except ConfigError:
        return True  # it was meant; each SKU will say what is wrong


def stock_bulk(desk: StockDesk, amazon: AmazonClient, store: Callable[[], Database]) -> Feed:
    """What carries many quantities to Amazon at once."""
    lanes = Lanes(amazon, store, desk.now, FLOW)
    carrier = Bulk(amazon, store, desk.now, lanes, lambda: publishes(desk))
    return Feed(BULK, BULK_EVERY, carrier.turn, "Quantities that go to Amazon in feeds.")


def stock_operations(
    desk: StockDesk,
    amazon: AmazonClient,
    store: Callable[[], Database],
    guard: StockGuard | None = None,
) -> tuple[Operation, ...]:
    """What the stock flow does. The guard is asked before every write."""
    lanes = Lanes(amazon, store, desk.now, FLOW)
    publisher = Publisher(
        amazon, store, desk.now, lambda: publishes(desk), lanes, guard, desk.withheld
    )

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

"""What is read on a schedule: Amazon's changed orders, TIMS's shipments and cancelled orders."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.operations import Sweep, Watermark, sweep_orders
from crossdock.connectors.tims import models as tims_models
from crossdock.connectors.tims.ask import Ask
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.feed import Watermark as TimsMark
from crossdock.connectors.tims.feed import changed_keys, mark_before
from crossdock.engine.feeds import Change, Feed, Reading
from crossdock.settings.model import SweepSettings

AMAZON_SWEEP, AMAZON_AGAIN = "amazon.orders", "amazon.orders.again"
TIMS_ORDERS, TIMS_SHIPMENTS = "tims.orders", "tims.shipments"

FIRST_LOOK_BACK = timedelta(days=2)
"""How far the very first look at either company reaches; older orders are synced by
`crossdock order sync ID`.
"""

_PAGES_A_TURN = 10

FEED_OF_ENTITY: Mapping[str, str] = {
    "sales_order": TIMS_ORDERS,
    "shipment": TIMS_SHIPMENTS,
    "stock": "tims.stock",
    "item": "tims.items",
}
"""Which feed a TIMS webhook wakes: webhooks only shorten the delay, the feed reads what is true."""


def feeds_of(
    amazon: AmazonClient, tims: TimsClient, sweep: SweepSettings, feed_every: timedelta
) -> dict[str, Feed]:
    """All feeds by name."""
    feeds = (
        Feed(AMAZON_SWEEP, sweep.every, lambda mark: _swept(amazon, mark, sweep),
             "Orders that changed at Amazon and that no notification told of."),
        Feed(AMAZON_AGAIN, sweep.again_every, lambda mark: _swept_again(amazon, mark, sweep),
             "Orders that Amazon listed too late for the sweep."),
        Feed(TIMS_SHIPMENTS, feed_every, lambda mark: _shipments(tims, mark),
             "Shipments that were posted, corrected or voided in TIMS."),
        Feed(TIMS_ORDERS, feed_every, lambda mark: _cancelled(tims, mark),
             "Amazon orders whose sales order was cancelled in TIMS, or waits for stock."),
    )  # fmt: skip
    return {feed.name: feed for feed in feeds}


def version_of(moment: datetime) -> str:
    """A version that sorts as text, the way links keep it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _swept(amazon: AmazonClient, mark: str | None, settings: SweepSettings) -> Reading:
    start = (
        Watermark(amazon.clock.now() - FIRST_LOOK_BACK) if mark is None else Watermark.parse(mark)
    )
    return _reading(sweep_orders(amazon, start, overlap=settings.overlap))


def _swept_again(amazon: AmazonClient, mark: str | None, settings: SweepSettings) -> Reading:
    """Everything of the last hours once more. What is known by its version costs no further call;
    the watermark only carries the token of a search that is not read to its end.
    """
    start = Watermark(amazon.clock.now()) if mark is None else Watermark.parse(mark)
    if not start.token:
        start = Watermark(amazon.clock.now())
    return _reading(sweep_orders(amazon, start, overlap=settings.again_reach))


def _reading(sweep: Sweep) -> Reading:
    changes = [
        Change("orders", seen.order_id, version_of(seen.last_updated), "order")
        for seen in sweep.seen
    ]
    return Reading(changes, str(sweep.until), sweep.more)


def _shipments(tims: TimsClient, mark: str | None) -> Reading:
    after = _begun(tims, mark, tims.wire.shipments_since)
    if after is None:
        return Reading([], None)
    found = changed_keys(tims, TimsMark("shipment", after))
    return Reading([Change("fulfilment", key) for key in found.keys], str(found.until), found.more)


def _begun(tims: TimsClient, mark: str | None, since: Callable[[datetime], Ask]) -> int | None:
    """Where to read on. The very first time that is what changed within the look-back: before it
    lies everything the company ever sold, and none of it is news. None while nothing changed.
    """
    if mark is not None:
        return int(mark)
    return mark_before(tims, since(tims.clock.now() - FIRST_LOOK_BACK), "TIMS, the first time")


def _cancelled(tims: TimsClient, mark: str | None) -> Reading:
    """Of all sales orders that changed, those of Amazon that are cancelled now, or that wait for
    stock. The others were changed by us, or by staff on the way to a shipment, which has a feed of
    its own.
    """
    until = _begun(tims, mark, tims.wire.sales_orders_since)
    if until is None:
        return Reading([], None)
    changes: dict[str, Change] = {}
    pages = tims.pages(tims_models.SalesOrder, tims.wire.sales_orders_after(until))
    for number, page in enumerate(pages, 1):
        for order in page.data:
            until = max(until, order.RowVersion)
            if not (order.ExternalSystem or "").startswith("AMAZON:"):
                continue
            key = str(order.ExternalRef)
            if order.Status == "Cancelled":
                changes[key] = Change("orders", key, hint={"tims": "cancelled"})
            elif any(line.QtyBackordered > 0 for line in order.Lines):
                changes[key] = Change("orders", key, hint={"tims": "back-ordered"})
        if number == _PAGES_A_TURN:
            return Reading(list(changes.values()), str(until), more=bool(page.next_cursor))
    return Reading(list(changes.values()), str(until))

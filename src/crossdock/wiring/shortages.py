"""What is remembered while things go on, so that an oversell can be explained afterwards."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crossdock.business.orders.model import Order
from crossdock.connectors.tims.models import Reservations, SalesOrder, StockRow
from crossdock.connectors.tims.stock_models import StockItem
from crossdock.engine.feeds import Feed, Reading
from crossdock.engine.model import Event
from crossdock.engine.store import Database, inbox, oversells
from crossdock.engine.store.oversells import Arrival, SeenShelf, Shortage
from crossdock.kernel.operation import Operation, Repeat
from crossdock.wiring.stock_runs import FLOW
from crossdock.wiring.stocking import Saw

PRUNE, PRUNE_EVERY = "stock.history", timedelta(days=1)
KEPT = timedelta(days=45)

Store = Callable[[], Database]
Now = Callable[[], datetime]


def shortage_operations(
    store: Store, now: Now, is_published: Callable[[str], bool] = lambda _: False
) -> tuple[Operation, ...]:
    """What the orders flow tells stock: what it holds, what a sales order that was read or released
    is short of, and what was cancelled. `is_published`: we write the quantity of that SKU.
    """

    def keep(came: Sequence[list[Arrival]]) -> list[int]:
        oversells.arrived(store(), [line for lines in came for line in lines])
        return [len(lines) for lines in came]

    def held(rows: Sequence[tuple[Any, ...]]) -> list[int]:
        # What could not be held takes nothing from a shelf until its sales order stands.
        return keep([[] if stock.short else arrived_lines(o, now()) for o, stock in rows])

    def short(rows: Sequence[tuple[Any, ...]]) -> list[int]:
        keep([arrived_lines(row[0], now()) for row in rows])
        found = [short_lines(order, sale, now()) for order, sale in rows]
        if any(found):
            oversells.note_short(store(), [line for lines in found for line in lines])
        return [len(lines) for lines in found]

    def again(rows: Sequence[tuple[Any, ...]]) -> list[int]:
        skus = [[x.sku for x in order.dead_lines if x.sku and is_published(x.sku)]
                for (order,) in rows]  # fmt: skip
        events = [Event(FLOW, sku, "orders") for some in skus for sku in some]
        if events:
            with store().writing() as connection:
                inbox.append(store(), connection, events, now())
        return [len(some) for some in skus]

    return (
        Operation("stock.look_again", takes=(Order,), gives=int, repeat=Repeat.READ,
                  run=lambda order: again([(order,)])[0], run_many=again,
                  about="Looks at the offers of what was cancelled."),
        Operation("stock.note_arrival", takes=(Order, Reservations), gives=int, repeat=Repeat.READ,
                  run=lambda order, stock: held([(order, stock)])[0], run_many=held,
                  about="Remembers when TIMS held first what was bought, all of it."),
        Operation("stock.note_shortage", takes=(Order, SalesOrder), gives=int, repeat=Repeat.READ,
                  run=lambda order, sale: short([(order, sale)])[0], run_many=short,
                  about="Remembers lines that TIMS has too little for."),
    )  # fmt: skip


def arrived_lines(order: Order, now: datetime) -> list[Arrival]:
    """What was bought of SKUs that Amazon names."""
    return [
        Arrival(order.order_id, line.item_id, line.sku, line.wanted, order.placed_at, now)
        for line in order.live_lines if line.sku
    ]  # fmt: skip


def short_lines(order: Order, sale: SalesOrder, now: datetime) -> list[Shortage]:
    """Lines of the sales order that wait for stock, as Amazon's order names them."""
    skus = {line.item_id: line.sku or "" for line in order.lines}
    found = []
    for line in sale.Lines:
        item_id = (line.ExternalLineRef or "").partition("#")[0]
        if line.QtyBackordered > 0:
            found.append(
                Shortage(
                    sale.OrderNumber, line.LineNumber, order.order_id, item_id,
                    skus.get(item_id, ""), line.ItemNumber, line.Uom or "", line.QtyBackordered,
                    order.placed_at, sale.CreatedAt, now,
                )
            )  # fmt: skip
    return found


def remember_shelves(store: Store, now: Now) -> Saw:
    """Keeps every state of a shelf that is counted; what is known already costs nothing."""
    known: dict[tuple[str, str], int] = {}
    lock = threading.Lock()

    def saw(rows: Sequence[StockRow], items: Mapping[str, StockItem]) -> None:
        with lock:
            fresh = [
                row for row in rows
                if row.RowVersion and known.get((row.ItemNumber, row.LocationId)) != row.RowVersion
            ]  # fmt: skip
        moment = now()
        states = [s for row in fresh if (s := _state(row, items, moment)) is not None]
        oversells.saw(store(), states)
        with lock:  # only what is stored is known
            known.update({(s.item, s.location): s.version for s in states})

    return saw


def _state(row: StockRow, items: Mapping[str, StockItem], now: datetime) -> SeenShelf | None:
    item = items.get(row.ItemNumber)
    units = item.base_units(row.Uom) if item is not None and row.Uom else 1
    if units is None:
        return None  # its SKUs have a case, and nothing of it is offered
    return SeenShelf(
        row.ItemNumber, row.LocationId, row.RowVersion, row.OnHand * units, row.Allocated * units,
        row.Quarantined * units, row.UpdatedAt, row.CountedAt, now,
    )  # fmt: skip


def history_feed(store: Store, now: Now) -> Feed:
    """Forgets every day what is too old to be asked for."""

    def read(mark: str | None) -> Reading:
        del mark
        oversells.prune(store(), now() - KEPT)
        return Reading([], None)

    return Feed(
        PRUNE, PRUNE_EVERY, read, f"What was told of stock {KEPT.days} days ago is dropped."
    )

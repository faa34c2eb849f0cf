"""Every oversell with its reason: what the store remembers, beside TIMS's sales orders."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from crossdock.business.stock.falls import Promise, State, falls
from crossdock.business.stock.model import Sellable, Shelf
from crossdock.business.stock.oversell import (
    Arrival,
    Explained,
    Facts,
    Fall,
    Sale,
    Tale,
    explain,
)
from crossdock.connectors.tims.models import SalesOrder
from crossdock.engine.model import FEED
from crossdock.engine.store import Database, oversells
from crossdock.engine.store.oversells import SeenShelf, Shortage
from crossdock.wiring.stock_publishing import PATIENCE
from crossdock.wiring.stock_runs import FLOW, TIMS_STOCK
from crossdock.wiring.stocking import StockDesk

_AMAZON, _CANCELLED = "AMAZON:", "Cancelled"
_LOOKED = timedelta(minutes=5)
"""So long before we heard of a change it had not happened: TIMS is looked at every half minute."""


def oversold(desk: StockDesk, db: Database, days: int, sku: str = "") -> list[Explained]:
    """Every line that was bought within so many days and that TIMS had too little for."""
    since = desk.now() - timedelta(days=days)
    sellables = desk.sellables()
    rows = [r for r in oversells.shortages(db, since) if not sku or r.sku == sku]
    sales = _sales(desk, rows, sellables)
    items = {part.item for s in sales if s.sku in sellables for part in sellables[s.sku].parts}
    items |= {row.item for row in rows}
    known = _Known(desk, db, items, since, oversells.shortages(db, since - timedelta(days=1)))
    told = oversells.told_of(db, {s.sku for s in sales})
    usual = _usual(t for some in oversells.told_of(db, sellables).values() for t in some)
    found = []
    for sale in sales:
        parts = _items_of(sale.sku, sellables, rows)
        tales = [Tale(t.quantity, t.submission_id, t.sent_at, t.seen_at) for t in told[sale.sku]]
        heard = known.heard(sale.sku)
        mine = [_bounded(f, heard) for f in known.falls if f.item in parts]
        arrivals = known.arrivals(sale, parts, sellables)
        found.append(explain(sale, Facts(tales, heard, mine, arrivals, usual)))
    return sorted(found, key=lambda e: (e.sale.bought_at, e.sale.order_id, e.sale.sku))


def _sales(
    desk: StockDesk, rows: Sequence[Shortage], sellables: Mapping[str, Sellable]
) -> list[Sale]:
    """One for each line of an Amazon order; TIMS may have split it."""
    together: dict[tuple[str, str], list[Shortage]] = defaultdict(list)
    for row in rows:
        together[row.order_id, row.order_item].append(row)
    sales = []
    for same in together.values():
        first = same[0]
        needed: dict[str, Decimal] = defaultdict(Decimal)
        for row in same:
            for item, units in desk.base_units(row.item, row.uom or None, row.short):
                needed[item] += units
        sellable = sellables.get(first.sku)
        sizes = {p.item: p.units for p in sellable.parts} if sellable is not None else {}
        most = max(needed, key=lambda i: needed[i] / sizes.get(i, Decimal(1)), default="")
        sales.append(
            Sale(
                first.order_id, first.order_number, first.sku,
                needed.get(most, sum((r.short for r in same), Decimal(0))),
                sizes.get(most, Decimal(1)), first.bought_at, min(r.noted_at for r in same),
            )
        )  # fmt: skip
    return sales


def _usual(told: Iterable[oversells.Told]) -> timedelta:
    """What the quicker writes took until they were seen; others were looked for too late."""
    took = sorted(t.seen_at - t.sent_at for t in told if t.seen_at and t.sent_at)
    return min(took[len(took) // 4], PATIENCE) if took else Facts().usual


def _items_of(
    sku: str, sellables: Mapping[str, Sellable], rows: Iterable[Shortage]
) -> frozenset[str]:
    if sku in sellables:
        return frozenset(part.item for part in sellables[sku].parts)
    return frozenset(row.item for row in rows if row.sku == sku)


def _bounded(fall: Fall, heard: Sequence[datetime]) -> Fall:
    """We look at TIMS all the time: what we had not heard of yet had hardly happened."""
    first = next((at for at in heard if at > fall.since), None)
    if first is None or fall.since == fall.at:
        return fall
    since = min(max(fall.since, first - _LOOKED), fall.at)
    return Fall(fall.item, fall.units, since, fall.at, fall.counted_at, fall.why)


class _Known:
    """What is remembered of these items, and what TIMS says of their sales orders."""

    def __init__(
        self, desk: StockDesk, db: Database, items: set[str], since: datetime,
        rows: Iterable[Shortage],
    ) -> None:  # fmt: skip
        self._db, self._since, self._until = db, since - timedelta(days=1), desk.now()
        states = [_state(row) for row in oversells.shelves(db, items)]
        short = {(r.order_number, r.line_number): r.short for r in rows}
        promises = _promises(desk, items, self._since, short) if items else []
        self.falls = falls(states, promises, self._notices() if items else {})

    def heard(self, sku: str) -> list[datetime]:
        """When something of TIMS's made us look at the SKU."""
        rows = oversells.heard(self._db, FLOW, [sku], self._since, self._until)
        return [row.at for row in rows if "shows" not in row.hint]

    def arrivals(
        self, sale: Sale, items: frozenset[str], sellables: Mapping[str, Sellable]
    ) -> list[Arrival]:
        """Orders for the same items, whatever the SKU."""
        sizes = {
            sku: part.units for sku, one in sellables.items() for part in one.parts
            if part.item in items
        }  # fmt: skip
        since = sale.bought_at - timedelta(days=1)
        return [
            Arrival(a.order_id, a.sku, a.packs * sizes[a.sku], a.bought_at, a.known_at)
            for a in oversells.arrivals(self._db, sizes, since)
        ]

    def _notices(self) -> dict[Shelf, list[datetime]]:
        """When TIMS says that a shelf changed: by its webhooks alone."""
        found: dict[Shelf, list[datetime]] = defaultdict(list)
        for row in oversells.heard(self._db, FEED, [TIMS_STOCK], self._since, self._until):
            at, (item, _, place) = row.hint.get("at"), str(row.hint.get("key", "")).rpartition("@")
            if at:
                found[Shelf(item, place)].append(datetime.fromisoformat(str(at)))
        return found


def _state(row: SeenShelf) -> State:
    return State(
        Shelf(row.item, row.location), row.on_hand, row.allocated, row.quarantined,
        row.changed_at or row.seen_at, row.counted_at, row.seen_at,
    )  # fmt: skip


def _promises(
    desk: StockDesk, items: set[str], since: datetime, short: Mapping[tuple[str, int], Decimal]
) -> list[Promise]:
    """What sales orders of any channel took of these items since then, when they were entered."""
    found = []
    asked = desk.tims.wire.sales_orders_since(since)
    for page in desk.tims.pages(SalesOrder, asked, "TIMS sales orders"):
        for order in page.data:
            at, ours = order.CreatedAt, (order.ExternalSystem or "").startswith(_AMAZON)
            if at is None or at < since or (order.Status == _CANCELLED and not ours):
                continue
            for line in order.Lines:
                missing = short.get((order.OrderNumber, line.LineNumber), Decimal(0))
                quantity = line.QtyOrdered - line.QtyCancelled - missing
                for item, units in desk.base_units(line.ItemNumber, line.Uom, quantity):
                    if item in items and units > 0:
                        found.append(Promise(item, units, at, order.OrderNumber, ours))
    return found

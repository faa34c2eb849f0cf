"""Stock from TIMS to Amazon: what each SKU may offer, written when it differs, and seen there."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from crossdock.business.stock.model import Level, Offer, Part, Rule, Sellable, Shelf
from crossdock.business.stock.rules import offers, related
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.models import StockQuery, StockRow
from crossdock.connectors.tims.operations import stock as read_stock
from crossdock.connectors.tims.stock_models import StockItem
from crossdock.kernel.errors import ConfigError, NeedsPerson, RunError
from crossdock.lang.lookups import LookupRow, LookupTable
from crossdock.wiring.language import SHIPPED
from crossdock.wiring.stockrules import StockRules, read_stock_rules

ITEMS_FRESH = timedelta(minutes=5)
_KITS_IN_KITS = 5


class StockDesk:
    """Knows what may be sold of each SKU. Shared by all threads of a process."""

    def __init__(self, workspace: Path, tims: TimsClient, now: Callable[[], datetime]) -> None:
        self.workspace, self.tims, self.now = workspace, tims, now
        self._lock = threading.Lock()
        self._items: dict[str, StockItem] = {}
        self._items_at: datetime | None = None

    @property
    def rules(self) -> StockRules:
        """stock.yaml as it is now."""
        return read_stock_rules(self.workspace)

    def skus(self) -> LookupTable:
        """lookups/skus.csv as it is now."""
        own = self.workspace / "lookups" / "skus.csv"
        path = own if own.exists() else SHIPPED / "orders" / "lookups" / "skus.csv"
        return LookupTable.read("skus", path.read_bytes(), "lookups/skus.csv", "unknown-sku")

    def offers(self, wanted: Sequence[str]) -> list[Offer | RunError]:
        """What each of them may offer now, or what keeps it from being offered. TIMS's stock is
        read once for all of them, and for those that they share an item with.
        """
        sellables, faults = self._sellables()
        rules: dict[str, Rule] = {}
        book = self.rules.rules
        for sku in sellables:
            rule = book.find(sku)
            if rule is None:
                faults[sku] = _no_rule(sku)
            elif rule.fault:
                faults[sku] = _faulty(sku, rule)
            else:
                rules[sku] = rule
        asked = set(wanted)
        open_ = {sku: s for sku, s in sellables.items() if sku in rules}
        near = [g for g in related(open_.values()) if any(s.sku in asked for s in g)]
        levels, uncounted = self._levels({p.item for g in near for s in g for p in s.parts})
        for group in near:
            for one in group:
                error = next((uncounted[p.item] for p in one.parts if p.item in uncounted), None)
                if error is not None:  # its stock cannot be counted; others go on without it
                    faults[one.sku] = error
        found = {
            offer.sku: offer
            for group in related(s for g in near for s in g if s.sku not in faults)
            for offer in offers(group, rules, levels)
        }
        return [found.get(sku) or faults.get(sku) or _unknown(sku) for sku in wanted]

    def affected(self, items: Collection[str]) -> list[str]:
        """SKUs whose offer may change with these items, those that share with them included."""
        changed = set(items)
        sellables, _ = self._sellables()
        return sorted(
            s.sku
            for group in related(sellables.values())
            if any(part.item in changed for s in group for part in s.parts)
            for s in group
        )

    def ruled(self) -> list[tuple[Sellable, Rule]]:
        """SKUs that can be counted and have a sound rule, by name."""
        book, (sellables, _) = self.rules.rules, self._sellables()
        found = [(one, book.find(sku)) for sku, one in sorted(sellables.items())]
        return [(one, rule) for one, rule in found if rule is not None and not rule.fault]

    def base_units(
        self, item: str, uom: str | None, quantity: Decimal
    ) -> list[tuple[str, Decimal]]:
        """What so much of an item takes from the shelves; nothing where TIMS does not say."""
        items = self._known_items()
        known = items.get(item)
        units = known.base_units(uom) if known is not None and uom else Decimal(1)
        if known is None or units is None:
            return []
        needed: dict[str, Decimal] = {}
        _explode(known, quantity * units, items, needed, _KITS_IN_KITS)
        return sorted(needed.items())

    # --- reading

    def _sellables(self) -> tuple[dict[str, Sellable], dict[str, RunError]]:
        items = self._known_items()
        found: dict[str, Sellable] = {}
        faults: dict[str, RunError] = {}
        for sku, row in self.skus().rows.items():
            made = _sellable(sku, row, items)
            if isinstance(made, Sellable):
                found[sku] = made
            else:
                faults[sku] = made
        return found, faults

    def _known_items(self) -> Mapping[str, StockItem]:
        with self._lock:
            now = self.now()
            if self._items_at is None or now - self._items_at > ITEMS_FRESH:
                ask = self.tims.wire.items()
                rows = self.tims.all(StockItem, ask, "TIMS items")
                self._items, self._items_at = {row.ItemNumber: row for row in rows}, now
            return self._items

    def items_changed(self) -> None:
        """They are read anew when they are needed next."""
        with self._lock:
            self._items_at = None

    def _levels(self, items: Iterable[str]) -> tuple[dict[Shelf, Level], dict[str, RunError]]:
        """The shelves of these items; and what keeps one of them from being counted, by item."""
        numbers = tuple(sorted(items))
        found: dict[Shelf, Level] = {}
        faults: dict[str, RunError] = {}
        for row in read_stock(self.tims, StockQuery(ItemNumbers=numbers)) if numbers else ():
            shelf = Shelf(row.ItemNumber, row.LocationId)
            units = self._base_units(row)
            if units is None:
                faults[row.ItemNumber] = _uncounted(row)
                continue
            level = Level(
                shelf, row.OnHand * units, row.Allocated * units, row.Quarantined * units,
                row.BackOrdered * units, row.RowVersion,
            )  # fmt: skip
            old = found.get(shelf)
            found[shelf] = level if old is None else _together(old, level)
        return found, faults

    def _base_units(self, row: StockRow) -> Decimal | None:
        item = self._items.get(row.ItemNumber)
        return Decimal(1) if row.Uom is None or item is None else item.base_units(row.Uom)


def _uncounted(row: StockRow) -> RunError:
    return NeedsPerson(
        f"TIMS counts {row.ItemNumber} at {row.LocationId} in {row.Uom}, and the item has no "
        "conversion for it",
        kind="stock-unit-unknown",
        remedy="Add the unit with its conversion to the item in TIMS, then retry.",
        about=f"TIMS item {row.ItemNumber}",
    )


def _together(one: Level, other: Level) -> Level:
    """A shelf that is counted in two units."""
    return Level(
        one.shelf, one.on_hand + other.on_hand, one.allocated + other.allocated,
        one.quarantined + other.quarantined, one.back_ordered + other.back_ordered,
        max(one.version, other.version),
    )  # fmt: skip


def _sellable(sku: str, row: LookupRow, items: Mapping[str, StockItem]) -> Sellable | RunError:
    where = f"lookups/skus.csv line {row.line}"
    number, uom = row.cells.get("item", ""), row.cells.get("uom", "")
    item = items.get(number)
    if item is None:
        return NeedsPerson(
            f"{sku} is {number or 'no item'} in {where}, and TIMS has no such item",
            kind="unknown-sku", remedy="Correct the row, or the item in TIMS; then retry.",
            about=f"SKU {sku}",
        )  # fmt: skip
    units = _per_pack(row.cells.get("units_per_pack", ""))
    base = item.base_units(uom)
    if units is None or base is None:
        what = f"unit {uom!r}" if base is None else "number of units per pack"
        return NeedsPerson(
            f"{sku}: {where} names a {what} that item {number} has no conversion for",
            kind="stock-unit-unknown",
            remedy="Correct the row, or add the unit to the item in TIMS; then retry.",
            about=f"SKU {sku}",
        )
    needed: dict[str, Decimal] = {}
    _explode(item, units * base, items, needed, _KITS_IN_KITS)
    parts = tuple(Part(name, quantity) for name, quantity in sorted(needed.items()))
    return Sellable(sku, parts, where, _stopped(item))


def _explode(
    item: StockItem, units: Decimal, items: Mapping[str, StockItem], into: dict[str, Decimal],
    deeper: int,
) -> None:  # fmt: skip
    """What leaves the shelves: a kit's components in place of the kit."""
    if not item.KitComponents or not deeper:
        into[item.ItemNumber] = into.get(item.ItemNumber, Decimal(0)) + units
        return
    for component in item.KitComponents:
        part = items.get(component.ItemNumber) or StockItem(ItemNumber=component.ItemNumber)
        _explode(part, units * component.Qty, items, into, deeper - 1)


def _stopped(item: StockItem) -> str:
    if item.Status == "blocked" or not item.IsActive:
        return f"{item.ItemNumber} is {'blocked' if item.Status == 'blocked' else 'not active'}"
    return ""


def _per_pack(text: str) -> Decimal | None:
    try:
        units = Decimal(text)
    except InvalidOperation:
        return None
    return units if units.is_finite() and units > 0 else None


def _no_rule(sku: str) -> RunError:
    return NeedsPerson(
        f"no rule of stock.yaml says how {sku} is offered",
        kind="stock-rule-missing",
        remedy="Add a rule with its locations to stock.yaml, then retry.",
        about=f"SKU {sku}",
    )


def _faulty(sku: str, rule: Rule) -> RunError:
    return NeedsPerson(
        f"the rule for {sku} has a fault: {rule.fault}",
        kind="stock-rule-missing",
        remedy=f"Correct {rule.where}, then retry.",
        about=f"SKU {sku}",
    )


def _unknown(sku: str) -> RunError:
    return NeedsPerson(
        f"{sku} is not in lookups/skus.csv",
        kind="unknown-sku",
        remedy="Add a row for it, or close the listing; then retry.",
        about=f"SKU {sku}",
    )


def broken(error: ConfigError, sku: str) -> RunError:
    """A file of the workspace cannot be read at all."""
    return NeedsPerson(
        str(error.problems[0]), kind="stock-rule-missing", about=f"SKU {sku}",
        remedy="Correct the file: crossdock stock list. Then retry.",
    )  # fmt: skip

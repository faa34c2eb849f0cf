"""What follows from stock.yaml, lookups/skus.csv and TIMS's items together, worked out once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from crossdock.business.stock.model import Part, Rule, Sellable
from crossdock.business.stock.rules import Rules, related
from crossdock.connectors.tims.stock_models import StockItem
from crossdock.kernel.errors import NeedsPerson, RunError, nearest
from crossdock.lang.lookups import LookupRow, LookupTable

_KITS_IN_KITS = 5


@dataclass
class StockBook:
    """Every SKU, how it is offered and with whom it shares; or what keeps it from being offered."""

    sellables: dict[str, Sellable] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)  # of SKUs that may be offered
    faults: dict[str, RunError] = field(default_factory=dict)
    group_of: dict[str, list[Sellable]] = field(default_factory=dict)  # of those with a rule
    skus_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # by item

    def groups(self, skus: Iterable[str]) -> list[list[Sellable]]:
        """The groups of these SKUs, each once."""
        found = {id(g): g for sku in skus if (g := self.group_of.get(sku)) is not None}
        return list(found.values())


def make_book(
    rules: Rules, table: LookupTable, items: Mapping[str, StockItem], withheld: Mapping[str, str],
    locations: Collection[str],
) -> StockBook:  # fmt: skip
    """The book as files, items and TIMS's locations say now. What is `withheld` is counted, and
    offered as none.
    """
    book = StockBook()
    for sku, row in table.rows.items():
        made = _sellable(sku, row, items)
        if isinstance(made, Sellable):
            stopped = made.stopped or withheld.get(sku, "")
            book.sellables[sku] = replace(made, stopped=stopped)
        else:
            book.faults[sku] = made
    for sku in book.sellables:
        rule = _rule_of(sku, rules, locations)
        if isinstance(rule, Rule):
            book.rules[sku] = rule
        else:
            book.faults[sku] = rule
    for group in related(book.sellables.values()):
        skus = {one.sku for one in group}
        sold = {table.rows[sku].cells.get("item", "") for sku in skus}
        for item in {number for one in sold for number in inside(one, items)}:
            book.skus_of[item] |= skus
    for group in related(book.sellables[sku] for sku in book.rules):
        for one in group:
            book.group_of[one.sku] = group
    return book


def _rule_of(sku: str, rules: Rules, locations: Collection[str]) -> Rule | RunError:
    """The rule that counts, or why none does."""
    rule = rules.find(sku)
    if rule is None:
        return _no_rule(sku)
    if rule.fault:
        return _faulty(sku, rule)
    missing = [place for place in rule.locations if place not in locations]
    return _nowhere(sku, rule, missing, locations) if missing else rule


def _sellable(sku: str, row: LookupRow, items: Mapping[str, StockItem]) -> Sellable | RunError:
    where = f"lookups/skus.csv line {row.line}"
    fault = row.fault("item", "uom", "units_per_pack")
    if fault is not None:
        kind = "unknown-sku" if row.fault("item") else "stock-unit-unknown"
        return NeedsPerson(
            f"{fault.file}: {fault.where}: {fault.what}", kind=kind,
            remedy=f"In {fault.file}, {fault.where}: {fault.fix} Then retry.", about=f"SKU {sku}",
        )  # fmt: skip
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
    explode(item, units * base, items, needed)
    parts = tuple(Part(name, quantity) for name, quantity in sorted(needed.items()))
    contents = (items[name] for name in inside(number, items) if name in items)
    stopped = next((words for one in contents if (words := _stopped(one))), "")
    return Sellable(sku, parts, where, stopped)


def explode(
    item: StockItem, units: Decimal, items: Mapping[str, StockItem], into: dict[str, Decimal],
    deeper: int = _KITS_IN_KITS,
) -> None:  # fmt: skip
    """What leaves the shelves: a kit's components in place of the kit."""
    if not item.KitComponents or not deeper:
        into[item.ItemNumber] = into.get(item.ItemNumber, Decimal(0)) + units
        return
    for component in item.KitComponents:
        part = items.get(component.ItemNumber) or StockItem(ItemNumber=component.ItemNumber)
        explode(part, units * component.Qty, items, into, deeper - 1)


def inside(
    number: str, items: Mapping[str, StockItem], deeper: int = _KITS_IN_KITS
) -> Iterator[str]:
    """An item, and everything that is in it where it is a kit."""
    yield number
    item = items.get(number)
    for component in item.KitComponents if item is not None and deeper else ():
        yield from inside(component.ItemNumber, items, deeper - 1)


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


def _nowhere(sku: str, rule: Rule, missing: Sequence[str], locations: Collection[str]) -> RunError:
    """A place that TIMS does not have holds nothing, and that is not what its author meant."""
    words = unknown_location(missing[0], locations)
    return NeedsPerson(
        f"{rule.places}: {words}, so {sku} cannot be counted",
        kind="stock-location-unknown",
        remedy=f"Correct {rule.places}, or open the location in TIMS; then retry.",
        about=f"SKU {sku}",
        evidence={"locations": list(missing), "TIMS has": sorted(locations)[:50]},
    )


def unknown_location(place: str, locations: Collection[str]) -> str:
    """What is wrong with it, and which one may be meant."""
    if not locations:
        return f"TIMS has no location {place!r}, and tells of no other"
    return f"TIMS has no location {place!r} ({nearest(place, sorted(locations)).rstrip('.')})"

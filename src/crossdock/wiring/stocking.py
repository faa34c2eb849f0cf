"""Stock from TIMS to Amazon: what each SKU may offer, and which SKUs a change touches."""

import copy
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from crossdock.business.stock.model import Level, Offer, Rule, Sellable, Shelf
from crossdock.business.stock.rules import offers, related
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.longreading import long_reading
from crossdock.connectors.tims.models import StockQuery, StockRow
from crossdock.connectors.tims.operations import stock as read_stock
from crossdock.connectors.tims.stock_models import StockItem, StockLocation
from crossdock.kernel.errors import ConfigError, NeedsPerson, RunError
from crossdock.lang.lookups import LookupTable
from crossdock.wiring.itembook import Heard, ItemBook, News
from crossdock.wiring.language import read_table, table_path
from crossdock.wiring.rulechanges import Facts, content_of
from crossdock.wiring.stockbook import StockBook, explode, make_book
from crossdock.wiring.stockrules import FILE, TABLE, StockRules, read_stock_rules
from crossdock.wiring.unknownskus import unknown_sku
from crossdock.wiring.watched import Watched

ITEMS_FRESH = timedelta(minutes=5)
PLACES_FRESH = timedelta(seconds=30)  # while a rule names a location that TIMS did not have

Saw = Callable[[Sequence[StockRow], Mapping[str, StockItem]], None]
"""Told of every row of stock that was counted, with the items as they are known."""


class StockDesk:
    """Knows what may be sold of each SKU. Shared by all threads of a process."""

    def __init__(
        self,
        workspace: Path,
        tims: TimsClient,
        now: Callable[[], datetime],
        withheld: Callable[[], Mapping[str, str]] = dict,
        news: News = Heard,
    ) -> None:
        """`withheld`: SKUs that may not be for sale, whatever is on the shelf, and why. `news`: how
        far the workers have read what changed of TIMS's items.
        """
        self.tims, self.now, self.withheld = tims, now, withheld
        self.saw: Saw | None = None
        self._lock = threading.Lock()
        self._rules = Watched(
            lambda: (workspace / FILE, workspace / TABLE), lambda: read_stock_rules(workspace)
        )
        self._skus = Watched(
            lambda: (table_path(workspace, "orders", "skus.csv"),), lambda: _read_skus(workspace)
        )
        self._content = Watched(lambda: _files(workspace), lambda: content_of(_files(workspace)))
        self._items = ItemBook(tims, StockItem, now, ITEMS_FRESH, news)
        self._places: frozenset[str] = frozenset()
        self._reading_places = long_reading(
            tims, StockLocation, tims.wire.locations(), "TIMS locations"
        )
        self._places_at: datetime | None = None
        self._book: tuple[object, StockBook] | None = None
        self._old_book = StockBook()

    @property
    def rules(self) -> StockRules:
        """stock.yaml as it is now."""
        return self._rules.get()[1]

    @property
    def stamp(self) -> str:
        """Another text when stock.yaml, stock.csv or skus.csv says something else."""
        return self._content.get()[1]

    def facts(self) -> Facts:
        """What the files say of each SKU, wherever in them it stands."""
        book, rules = self._now(), self.rules
        said = {id(r): replace(r, patterns=(), where="", places="") for r in book.rules.values()}
        found: dict[str, tuple[Any, ...]] = {}
        for sku, row in self.skus().rows.items():
            rule, fault, one = book.rules.get(sku), book.faults.get(sku), book.sellables.get(sku)
            parts = frozenset(part.item for part in one.parts) if one is not None else frozenset()
            found[sku] = (said[id(rule)] if rule is not None else str(fault), row.cells, parts)
        return Facts((rules.publish, rules.planned, rules.to_zero), found)

    def sharers(self, skus: Collection[str], *facts: Facts) -> list[str]:
        """SKUs that share an item with these, by any of these facts."""
        known = [one.of_key[sku] for one in facts for sku in skus if sku in one.of_key]
        return self.affected({item for _, _, parts in known for item in parts})

    def skus(self) -> LookupTable:
        """lookups/skus.csv as it is now."""
        return self._skus.get()[1]

    def offers(self, wanted: Sequence[str]) -> list[Offer | RunError]:
        """What each of them may offer now, or what keeps it from being offered. TIMS's stock is
        read once for all of them, and for those that they share an item with.
        """
        book = self._now()
        near = book.groups(wanted)
        levels, uncounted = self._levels({p.item for g in near for s in g for p in s.parts})
        faults: dict[str, RunError] = {}
        for one in (s for group in near for s in group):
            error = next((uncounted[p.item] for p in one.parts if p.item in uncounted), None)
            if error is not None:  # its stock cannot be counted; others go on without it
                faults[one.sku] = error
        if faults:
            near = related(s for group in near for s in group if s.sku not in faults)
        found = {offer.sku: offer for g in near for offer in offers(g, book.rules, levels)}
        return [
            found.get(sku) or copy.copy(faults.get(sku) or book.faults.get(sku)) or unknown_sku(sku)
            for sku in wanted
        ]

    def affected(self, items: Collection[str]) -> list[str]:
        """SKUs whose offer may change with these items, those that share with them included; also
        what shared until a moment ago: a kit that loses a part leaves more of it to others.
        """
        books = (self._now(), self._old_book)
        return sorted({s for book in books for item in items for s in book.skus_of.get(item, ())})

    def ruled(self) -> list[tuple[Sellable, Rule]]:
        """SKUs that can be counted and have a sound rule, by name."""
        book = self._now()
        return [(book.sellables[sku], rule) for sku, rule in sorted(book.rules.items())]

    def sellables(self) -> Mapping[str, Sellable]:
        """SKUs whose packs can be counted in TIMS's units."""
        return self._now().sellables

    def base_units(
        self, item: str, uom: str | None, quantity: Decimal
    ) -> list[tuple[str, Decimal]]:
        """What so much of an item takes from the shelves; nothing where TIMS does not say."""
        items = self._items.at_hand() or self.items()
        known = items.get(item)
        units = known.base_units(uom) if known is not None and uom else Decimal(1)
        if known is None or units is None:
            return []
        needed: dict[str, Decimal] = {}
        explode(known, quantity * units, items, needed)
        return sorted(needed.items())

    def items(self) -> Mapping[str, StockItem]:
        """TIMS's items, some minutes old at most and no older than the change that is worked on."""
        return self._items.known()

    def locations(self) -> Collection[str]:
        """Where TIMS can have stock, some minutes old at most."""
        return self._known_places(self.rules)

    def items_changed(self, gone: Collection[str] = ()) -> None:
        """What is different is read when they are needed next; these TIMS has no more."""
        self._items.changed(gone)

    # --- reading

    def _now(self) -> StockBook:
        """The book, made anew when a file or TIMS's items have changed."""
        (rules_stamp, rules), (skus_stamp, table) = self._rules.get(), self._skus.get()
        items, withheld = self._items.known(), self.withheld()
        places = self._known_places(rules)
        stamp = (rules_stamp, skus_stamp, items, withheld, places)
        known = self._book
        if known is None or known[0] != stamp:
            self._old_book = known[1] if known is not None else StockBook()
            known = self._book = (stamp, make_book(rules.rules, table, items, withheld, places))
        return known[1]

    def _known_places(self, rules: StockRules) -> frozenset[str]:
        """Read again sooner while a rule names one that is not there: it may just be opened."""
        with self._lock:
            now, missing = self.now(), not rules.locations.keys() <= self._places
            fresh = PLACES_FRESH if missing else ITEMS_FRESH
            if self._places_at is None or now - self._places_at > fresh:
                self._places = frozenset(row.LocationId for row in self._reading_places.finish())
                self._places_at = now
            return self._places

    def _levels(self, items: Iterable[str]) -> tuple[dict[Shelf, Level], dict[str, RunError]]:
        """The shelves of these items; and what keeps one of them from being counted, by item."""
        numbers = tuple(sorted(items))
        found: dict[Shelf, Level] = {}
        faults: dict[str, RunError] = {}
        rows = read_stock(self.tims, StockQuery(ItemNumbers=numbers)) if numbers else ()
        if self.saw is not None:
            self.saw(rows, self._items.at_hand())
        for row in rows:
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
        item = self._items.at_hand().get(row.ItemNumber)
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


def _files(workspace: Path) -> tuple[Path, ...]:
    table = table_path(workspace, "orders", "skus.csv")
    return workspace / FILE, workspace / TABLE, table


def _read_skus(workspace: Path) -> LookupTable:
    return read_table(workspace, "orders", "skus")


def broken(error: ConfigError, sku: str) -> RunError:
    """A file of the workspace cannot be read at all."""
    return NeedsPerson(
        str(error.problems[0]), kind="stock-rule-missing", about=f"SKU {sku}",
        remedy="Correct the file: crossdock stock list. Then retry.",
    )  # fmt: skip

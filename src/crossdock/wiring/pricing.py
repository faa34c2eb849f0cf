"""What every SKU is to cost in every marketplace: TIMS's prices, the workspace's rules, put
together.

A key of the flow `prices` is a marketplace and a SKU: `ATVPDKIKX0DER:WLD-TIP-035`.
"""

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.business.pricing.model import (
    Break,
    Entry,
    Kind,
    Priced,
    PriceOffer,
    Quoted,
    Rule,
    Sale,
)
from crossdock.business.pricing.offers import price
from crossdock.connectors.amazon.marketplaces import MARKETPLACES
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.price_models import PriceBreak, PriceEntry
from crossdock.connectors.tims.stock_models import StockItem
from crossdock.kernel.errors import ConfigError, NeedsPerson, Problem, RunError
from crossdock.lang.lookups import LookupRow
from crossdock.wiring.cataloguerules import FILE as CATALOGUE
from crossdock.wiring.language import read_table, table_path
from crossdock.wiring.pricebook import Days, PriceBook, price_missing
from crossdock.wiring.pricerules import FILE, TABLE, ListOf, PriceRules, read_price_rules
from crossdock.wiring.rulechanges import Facts, content_of
from crossdock.wiring.stocking import StockDesk
from crossdock.wiring.unknownskus import unknown_sku
from crossdock.wiring.watched import Watched

_ALWAYS, _EVER = date(2000, 1, 1), date(2100, 1, 1)  # of a promotion that is open to one side


def key_of(marketplace_id: str, sku: str) -> str:
    """The key of a price."""
    return f"{marketplace_id}:{sku}"


def split(key: str) -> tuple[str, str]:
    """Marketplace and SKU of a key; the SKU may hold a colon."""
    marketplace_id, _, sku = key.partition(":")
    return marketplace_id, sku


class PriceDesk:
    """Knows what every SKU is to cost. Shared by all threads of a process."""

    def __init__(
        self, workspace: Path, tims: TimsClient, stock: StockDesk, now: Callable[[], datetime]
    ) -> None:
        self.now, self.tims, self._stock = now, tims, stock
        self.kept_out: Callable[[Collection[str]], Collection[tuple[str, str]]] = lambda _: ()
        """Which of these SKUs the catalogue keeps out of a marketplace: marketplace, SKU."""
        self.book = PriceBook(tims, now)
        self._rules = Watched(
            lambda: (workspace / FILE, workspace / TABLE), lambda: read_price_rules(workspace)
        )
        self._shops = Watched(
            lambda: (table_path(workspace, "orders", "marketplaces.csv"),),
            lambda: read_table(workspace, "orders", "marketplaces"),
        )

        self._content = Watched(lambda: _files(workspace), lambda: content_of(_files(workspace)))

    @property
    def stamp(self) -> str:
        """Another text when the rules, or what says where and as what packs, are others."""
        return self._content.get()[1]

    def facts(self) -> Facts:
        """What the files say of each price, wherever in them it stands."""
        rules, items, shops = self.rules, self._stock.items(), self._shops.get()[1]
        lists = {
            shop: (known.code, known.zone, row.cells if (row := shops.find(shop)) else None)
            for shop, known in rules.lists.items()
        }
        said: dict[int, Rule] = {}
        asked = set(self.every_key())
        found: dict[str, tuple[Any, ...]] = {}
        for sku, row in self._stock.skus().rows.items():
            item = items.get(row.cells.get("item", ""))
            rule = rules.rules.find(sku, *_kind_of(item))
            if rule is not None and id(rule) not in said:
                said[id(rule)] = replace(rule, patterns=(), classes=(), brands=(), where="")
            words = said[id(rule)] if rule is not None else None
            for shop, of_list in lists.items():
                if (key := key_of(shop, sku)) in asked:
                    found[key] = (words, row.cells, of_list)
        return Facts((rules.publish, rules.changes), found)

    @property
    def rules(self) -> PriceRules:
        """prices.yaml as it is now."""
        return self._rules.get()[1]

    def every_key(self, skus: Iterable[str] | None = None) -> list[str]:
        """Every price, or those of these SKUs, in marketplaces where they may be listed."""
        wanted = sorted(self._stock.skus().rows if skus is None else skus)
        lists = self.rules.lists
        out = self.kept_out(wanted) if lists else ()
        return [key_of(x, sku) for sku in wanted for x in lists if (x, sku) not in out]

    def affected(self, items: Collection[str]) -> list[str]:
        """Prices that these items' change."""
        changed, rows = set(items), self._stock.skus().rows
        return self.every_key(sku for sku, row in rows.items() if row.cells.get("item") in changed)

    def turning(self, after: datetime, until: datetime) -> list[str]:
        """Prices that change by themselves between these moments, because a day begins."""
        lists = self.rules.lists
        self._fresh(lists.values())
        days: dict[str, Days] = {}
        unread: set[str] = set()  # of these marketplaces nobody knows what turns: all may
        for shop, known in lists.items():
            with contextlib.suppress(NeedsPerson):  # its own prices say what is wrong
                days[known.code] = self._days(shop, known)
                if self.book.unread(known.code) and days[known.code].begun(after, until):
                    unread.add(shop)
        turned = self.affected(self.book.boundaries(after, until, days))
        return sorted({*turned, *(k for k in self.every_key() if split(k)[0] in unread)})

    def offers(
        self, keys: Sequence[str], since: datetime | None = None
    ) -> list[PriceOffer | RunError]:
        """What each is to cost, or what keeps it from being known; by what TIMS says now, or said
        at `since` or later.
        """
        rules, items, skus = self.rules, self._stock.items(), self._stock.skus().rows
        self._fresh(rules.lists.values(), since)
        return [self._offer(*split(key), rules, items, skus) for key in keys]

    def rule_of(self, sku: str) -> Rule | None:
        """The rule that decides on a SKU; None when nobody has decided, or it cannot be known."""
        row = self._stock.skus().rows.get(sku)
        item = self._stock.items().get(row.cells.get("item", "")) if row is not None else None
        if item is None:
            return None
        return self.rules.rules.find(sku, item.ItemClass or "", item.Brand or "")

    def _fresh(self, lists: Iterable[ListOf], since: datetime | None = None) -> None:
        self.book.fresh({known.code for known in lists}, self.rules.customers, since)

    def _offer(
        self, marketplace_id: str, sku: str, rules: PriceRules, items: Mapping[str, StockItem],
        skus: Mapping[str, LookupRow],
    ) -> PriceOffer | RunError:  # fmt: skip
        try:
            row, known = skus.get(sku), rules.lists.get(marketplace_id)
            if row is None:
                raise unknown_sku(sku)
            if (fault := row.fault("item", "uom", "units_per_pack")) is not None:
                raise _unusable(sku, fault)
            if known is None:
                raise price_missing(sku, f"{FILE} names no list for {marketplace_id}")
            item = items.get(row.cells.get("item", ""))
            if item is None:
                raise price_missing(sku, f"TIMS has no item {row.cells.get('item')!r}")
            rule = rules.rules.find(sku, *_kind_of(item))
            if rule is None or rule.fault:
                raise _no_rule(sku, rule)
            return price(
                self._priced(marketplace_id, sku, row, known, item, rule), rule, self.now()
            )
        except RunError as error:
            return error

    def _priced(
        self, marketplace_id: str, sku: str, row: LookupRow, known: ListOf, item: StockItem,
        rule: Rule,
    ) -> Priced:  # fmt: skip
        days = self._days(marketplace_id, known)
        today, currency = days.day_of(self.now()), MARKETPLACES[marketplace_id].currency
        if words := self.book.holds(known.code, today):
            raise price_missing(sku, f"{known.where}: {words}", known.where)
        uom = row.cells.get("uom", "")
        uoms = [uom, *(u.Uom for u in item.Uoms if u.Uom != uom)]
        found = self.book.entry(known.code, item.ItemNumber, uoms)
        units = Decimal(0) if found is None else _units(sku, row, item, found.Uom)
        contracts = {}
        for source in (one.source for one in rule.audiences.values()):
            if source.kind is Kind.CONTRACT:
                quoted = self._contract(source.name, item, sku, row, units, today, currency)
                if quoted is not None:
                    contracts[source.name] = quoted
        where = f"lookups/skus.csv line {row.line}"
        entry = None if found is None else _entry(found, known.code, days)
        return Priced(
            sku, marketplace_id, currency, item.ItemNumber, units, entry, contracts, where
        )

    def _contract(
        self, customer: str, item: StockItem, sku: str, row: LookupRow, units: Decimal,
        today: date, currency: str,
    ) -> Quoted | None:  # fmt: skip
        """The contract's price for one of the units that the list prices."""
        for one in self.book.contract(customer, item.ItemNumber, today):
            if one.CurrencyCode != currency or not units:
                continue
            per = _units(sku, row, item, one.Uom) / units
            breaks = tuple(Break(b.MinQty / per, b.UnitPrice * per) for b in one.QuantityBreaks)
            return Quoted(one.UnitPrice * per, breaks, f"TIMS contract of {customer}")
        return None

    def _days(self, marketplace_id: str, known: ListOf) -> Days:
        """Days of a list: in the time zone that it names, else in its marketplace's."""
        zone = known.zone or self._zone(marketplace_id)
        return Days(
            lambda day: datetime.combine(day, time(0), zone).astimezone(UTC),
            lambda moment: moment.astimezone(zone).date(),
        )

    def _zone(self, marketplace_id: str) -> ZoneInfo:
        row = self._shops.get()[1].find(marketplace_id)
        name = row.cells.get("time_zone", "") if row is not None else ""
        try:
            return ZoneInfo(name)
        except (ValueError, OSError) as error:  # also a zone that is not found
            raise NeedsPerson(
                f"the days of {marketplace_id} are in no known time zone ({name!r})",
                kind="price-missing",
                remedy=f"Name a time_zone for its list in {FILE}, or in lookups/marketplaces.csv.",
                about=f"marketplace {marketplace_id}",
            ) from error


def _files(workspace: Path) -> tuple[Path, ...]:
    tables = (table_path(workspace, "orders", f"{name}.csv") for name in ("skus", "marketplaces"))
    return workspace / FILE, workspace / TABLE, workspace / CATALOGUE, *tables


def _kind_of(item: StockItem | None) -> tuple[str, str]:
    """Class and brand, which rules may ask for."""
    return ("", "") if item is None else (item.ItemClass or "", item.Brand or "")


def _entry(row: PriceEntry, list_code: str, days: Days) -> Entry:
    source = f"TIMS list {list_code}, {row.Uom}, version {row.RowVersion}"
    return Entry(
        row.CurrencyCode,
        Quoted(row.ListPrice, _breaks(row.QuantityBreaks), source),
        row.Cost or None,  # a cost of nothing is one that nobody has entered
        row.MapPrice, row.FloorPrice,
        {c.PriceClass: Quoted(c.UnitPrice, _breaks(c.QuantityBreaks), f"{source}, {c.PriceClass}")
         for c in row.PriceClassPrices},
        tuple(
            Sale(p.UnitPrice, days.starts(p.Start or _ALWAYS),
                 days.starts(p.End + timedelta(days=1) if p.End else _EVER), f"{source}, promotion")
            for p in row.Promotions
        ),
    )  # fmt: skip


def _breaks(rows: Iterable[PriceBreak]) -> tuple[Break, ...]:
    return tuple(Break(row.MinQty, row.UnitPrice) for row in rows)


def _units(sku: str, row: LookupRow, item: StockItem, priced_uom: str) -> Decimal:
    """How many of the priced units are in one pack."""
    pack, uom = row.cells.get("units_per_pack", ""), row.cells.get("uom", "")
    sold, priced = item.base_units(uom), item.base_units(priced_uom)
    if not sold or not priced or not pack.replace(".", "", 1).isdigit() or not Decimal(pack):
        raise NeedsPerson(
            f"{sku}: a pack of {pack or 'nothing'} {uom} cannot be put in {priced_uom}, which TIMS "
            f"prices {item.ItemNumber} in",
            kind="stock-unit-unknown",
            remedy="Correct lookups/skus.csv, or add the unit to the item in TIMS; then retry.",
            about=f"SKU {sku}",
        )
    return Decimal(pack) * sold / priced


def _no_rule(sku: str, rule: Rule | None) -> RunError:
    words = f"no rule of {FILE} says what {sku} costs"
    if rule is not None:
        words = f"the rule for {sku} has a fault: {rule.fault}"
    where = rule.where if rule is not None else FILE
    return NeedsPerson(
        words, kind="price-rule-missing",
        remedy=f"Correct {where}, then retry.", about=f"SKU {sku}",
    )  # fmt: skip


def _unusable(sku: str, fault: Problem) -> RunError:
    return NeedsPerson(
        f"{sku} cannot be used: {fault}",
        kind="unknown-sku",
        remedy="Correct the row of lookups/skus.csv, then retry.",
        about=f"SKU {sku}",
    )


def broken(error: ConfigError, sku: str) -> RunError:
    """A file of the workspace cannot be read at all."""
    return NeedsPerson(
        str(error.problems[0]), kind="price-rule-missing",
        remedy="Correct the file, then retry.", about=f"SKU {sku}",
    )  # fmt: skip

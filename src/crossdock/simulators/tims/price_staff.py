"""Those at TIMS who set prices."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from crossdock.simulators.tims.office import Office
from crossdock.simulators.tims.price_records import (
    Break,
    ClassPrice,
    ContractPrice,
    DiscountCode,
    PriceEntry,
    PriceList,
    Promotion,
    Span,
    contract_key,
    entry_key,
)
from crossdock.simulators.tims.prices import UPDATED, Prices
from crossdock.simulators.tims.records import known

Number = Decimal | int | str
Breaks = Mapping[Number, Number]  # from that quantity on -> unit price

STANDARD = "STANDARD"
"""The list that is meant when none is named, in the company's own currency."""


class PriceStaff:
    """What people do to prices in one environment. What is impossible is a ValueError."""

    _office: Office

    # --- the truth ------------------------------------------------------------------------------

    @property
    def price_lists(self) -> dict[str, PriceList]:
        """Every price list, by code."""
        return self._prices.lists.rows

    @property
    def prices(self) -> dict[str, PriceEntry]:
        """Every entry of a list, by `<list code>/<item number>`."""
        return self._prices.entries.rows

    @property
    def contract_prices(self) -> dict[str, ContractPrice]:
        """Every contract price, by `contract:<customer>/<item number>`."""
        return self._prices.contracts.rows

    @property
    def discount_codes(self) -> dict[str, DiscountCode]:
        """Every discount code."""
        return self._prices.codes.rows

    # --- lists ----------------------------------------------------------------------------------

    def add_price_list(
        self,
        code: str,
        name: str = "",
        *,
        currency: str = "",
        location_id: str | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> PriceList:
        """A further list; for all locations and in the company's currency unless said otherwise."""
        if code in self.price_lists or "/" in code or ":" in code:
            raise ValueError(f"price list {code} is already on file, or has / or : in its code")
        return self._prices.lists.add(
            PriceList(
                code=code,
                name=name,
                currency=currency or self._office.site.base_currency,
                location_id=location_id,
                span=Span(start, end),
            )
        )

    def change_price_list(
        self,
        code: str,
        *,
        is_active: bool | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> None:
        """What is not said stays. Each of its prices counts as changed."""
        price_list = known(self._prices.lists, code)
        span = price_list.span
        price_list.span = Span(start or span.start, end or span.end)
        price_list.is_active = price_list.is_active if is_active is None else is_active
        self._prices.list_changed(price_list)

    # --- entries --------------------------------------------------------------------------------

    def set_price(
        self,
        item_number: str,
        list_price: Number,
        floor_price: Number | None = None,
        *,
        list_code: str = "",
        uom: str | None = None,
        cost: Number | None = None,
        map_price: Number | None = None,
        breaks: Breaks | None = None,
        classes: Mapping[str, Number] | None = None,
        class_breaks: Mapping[str, Breaks] | None = None,
    ) -> PriceEntry:
        """From now on. What is not said stays as it is; drop the price first to begin anew."""
        table = self._prices.entries
        item = known(self._office.items.table, item_number)
        price_list = self._list(list_code)
        entry = table.get(entry_key(price_list.code, item_number))
        new = entry is None
        if entry is None:
            entry = PriceEntry(
                price_list=price_list,
                item_number=item_number,
                uom=item.base_uom,
                list_price=Decimal(list_price),
            )
        entry.list_price = Decimal(list_price)
        entry.floor_price = _or(floor_price, entry.floor_price)
        entry.uom = uom or entry.uom
        entry.cost = _or(cost, entry.cost)
        entry.map_price = _or(map_price, entry.map_price)
        if breaks is not None:
            entry.breaks = _breaks(breaks)
        if classes is not None:
            entry.class_prices = _classes(classes, class_breaks or {})
        if new:
            return table.add(entry, UPDATED)
        table.touch(entry, UPDATED)
        return entry

    def drop_price(self, item_number: str, list_code: str = "") -> None:
        """The list has no price for the item any more."""
        key = entry_key(list_code or STANDARD, item_number)
        known(self._prices.entries, key)
        self._prices.entries.drop(key, UPDATED)

    def put_on_sale(
        self,
        item_number: str,
        unit_price: Number,
        start: date | None = None,
        end: date | None = None,
        list_code: str = "",
    ) -> None:
        """A promotion more, the last day included."""
        entry = self._entry(item_number, list_code)
        promotion = Promotion(Decimal(unit_price), Span(start, end))
        entry.promotions = (*entry.promotions, promotion)
        self._prices.entries.touch(entry, UPDATED)

    def end_sales(self, item_number: str, list_code: str = "") -> None:
        """No promotion any more."""
        entry = self._entry(item_number, list_code)
        entry.promotions = ()
        self._prices.entries.touch(entry, UPDATED)

    # --- contracts and discounts ----------------------------------------------------------------

    def set_contract_price(
        self,
        customer_code: str,
        item_number: str,
        unit_price: Number,
        *,
        uom: str = "",
        currency: str = "",
        breaks: Breaks | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> ContractPrice:
        """Instead of what was promised before."""
        table = self._prices.contracts
        known(self._office.customers.table, customer_code)
        item = known(self._office.items.table, item_number)
        promised = ContractPrice(
            customer_code=customer_code,
            item_number=item_number,
            uom=uom or item.base_uom,
            currency=currency or self._office.site.base_currency,
            unit_price=Decimal(unit_price),
            breaks=_breaks(breaks or {}),
            span=Span(start, end),
        )
        before = table.get(promised.key)
        if before is None:
            return table.add(promised, UPDATED)
        table.rows[promised.key] = replace(
            promised, id=before.id, created_at=before.created_at, is_active=before.is_active
        )
        table.touch(table.rows[promised.key], UPDATED)
        return table.rows[promised.key]

    def drop_contract_price(self, customer_code: str, item_number: str) -> None:
        """Nothing is promised any more."""
        key = contract_key(customer_code, item_number)
        known(self._prices.contracts, key)
        self._prices.contracts.drop(key, UPDATED)

    def add_discount_code(
        self,
        code: str,
        value: Number,
        type: str = "percent",  # noqa: A002  TIMS's word
        *,
        currency: str | None = None,
        start: date | None = None,
        end: date | None = None,
        stackable: bool = False,
    ) -> DiscountCode:
        """A share in percent, or an amount in a currency."""
        if code in self.discount_codes:
            raise ValueError(f"discount code {code} is already on file")
        money = (currency or self._office.site.base_currency) if type == "amount" else None
        return self._prices.codes.add(
            DiscountCode(
                code=code,
                type=type,
                value=Decimal(value),
                currency=money,
                span=Span(start, end),
                stackable=stackable,
            )
        )

    def _renumber_prices(self, old: str, new: str) -> None:
        entries, contracts = self._prices.of_item(old)
        for entry in entries:
            self._prices.entries.drop(entry.key, UPDATED)
            entry.item_number = new
            self._prices.entries.add(entry, UPDATED)
        for promised in contracts:
            self._prices.contracts.drop(promised.key, UPDATED)
            promised.item_number = new
            self._prices.contracts.add(promised, UPDATED)

    @property
    def _prices(self) -> Prices:
        return self._office.prices

    def _list(self, code: str) -> PriceList:
        if code in ("", STANDARD) and STANDARD not in self.price_lists:
            return self.add_price_list(STANDARD, "Standard prices")
        return known(self._prices.lists, code or STANDARD)

    def _entry(self, item_number: str, list_code: str) -> PriceEntry:
        return known(self._prices.entries, entry_key(list_code or STANDARD, item_number))


def _or(said: Number | None, kept: Decimal | None) -> Decimal | None:
    return kept if said is None else Decimal(said)


def _breaks(said: Breaks) -> tuple[Break, ...]:
    found = (Break(Decimal(least), Decimal(price)) for least, price in said.items())
    return tuple(sorted(found, key=lambda x: x.min_qty))


def _classes(said: Mapping[str, Number], breaks: Mapping[str, Breaks]) -> tuple[ClassPrice, ...]:
    return tuple(
        ClassPrice(name, Decimal(price), _breaks(breaks.get(name, {})))
        for name, price in said.items()
    )

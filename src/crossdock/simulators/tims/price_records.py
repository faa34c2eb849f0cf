"""Prices as TIMS keeps them: lists and their entries, contract prices, discount codes."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.fields import money_text, quantity_text
from crossdock.simulators.tims.records import Record


@dataclass(frozen=True, slots=True)
class Span:
    """Business days, the last one included; None is open."""

    start: date | None = None
    end: date | None = None

    def holds(self, day: date) -> bool:
        """True on every day of it."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    def fields(self) -> dict[str, Any]:
        return {"Start": _day(self.start), "End": _day(self.end)}


ALWAYS = Span()


@dataclass(frozen=True, slots=True)
class Break:
    """A unit price from that quantity on."""

    min_qty: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class ClassPrice:
    """What customers of a price class pay."""

    price_class: str
    unit_price: Decimal
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True, slots=True)
class Promotion:
    """A price for some days."""

    unit_price: Decimal
    span: Span


@dataclass(kw_only=True, eq=False)
class PriceList(Record):
    """Prices in one currency, for one location or for all."""

    code: str
    name: str = ""
    currency: str = "USD"
    location_id: str | None = None
    span: Span = ALWAYS

    @property
    def key(self) -> str:
        return self.code

    def in_force(self, day: date) -> bool:
        """True when TIMS prices by it on that day."""
        return self.is_active and self.span.holds(day)

    def fields(self) -> dict[str, Any]:
        return {
            "Code": self.code,
            "Name": self.name or self.code,
            "CurrencyCode": self.currency,
            "LocationId": self.location_id,
            **self.span.fields(),
        }


@dataclass(kw_only=True, eq=False)
class PriceEntry(Record):
    """What one item costs in one list. Breaks count in its `uom`."""

    price_list: PriceList
    item_number: str
    uom: str
    list_price: Decimal
    cost: Decimal | None = None
    map_price: Decimal | None = None
    floor_price: Decimal | None = None
    breaks: tuple[Break, ...] = ()
    class_prices: tuple[ClassPrice, ...] = ()
    promotions: tuple[Promotion, ...] = ()

    @property
    def key(self) -> str:
        return entry_key(self.price_list.code, self.item_number)

    @property
    def costed(self) -> bytes:
        """The body for those who may see what the item costs us."""
        cost = {"Cost": _money(self.cost)}
        return self.json[:-1] + b"," + json.dumps(cost, separators=(",", ":")).encode()[1:]

    def of_class(self, price_class: object) -> ClassPrice | None:
        """The price of that class of customers, if there is one."""
        return next((x for x in self.class_prices if x.price_class == price_class), None)

    def promotion(self, day: date) -> Promotion | None:
        """The lowest promotion in force on that day."""
        running = [x for x in self.promotions if x.span.holds(day)]
        return min(running, key=lambda x: x.unit_price, default=None)

    def fields(self) -> dict[str, Any]:
        classes = [
            {
                "PriceClass": x.price_class,
                "UnitPrice": money_text(x.unit_price),
                "QuantityBreaks": break_rows(x.breaks),
            }
            for x in self.class_prices
        ]
        promotions = [
            {"UnitPrice": money_text(x.unit_price), **x.span.fields()} for x in self.promotions
        ]
        return {
            "PriceListCode": self.price_list.code,
            "ItemNumber": self.item_number,
            "Uom": self.uom,
            "CurrencyCode": self.price_list.currency,
            "ListPrice": money_text(self.list_price),
            "MapPrice": _money(self.map_price),
            "FloorPrice": _money(self.floor_price),
            "QuantityBreaks": break_rows(self.breaks),
            "PriceClassPrices": classes,
            "Promotions": promotions,
        }


@dataclass(kw_only=True, eq=False)
class ContractPrice(Record):
    """What one customer has been promised for one item."""

    customer_code: str
    item_number: str
    uom: str
    currency: str
    unit_price: Decimal
    breaks: tuple[Break, ...] = ()
    span: Span = ALWAYS

    @property
    def key(self) -> str:
        return contract_key(self.customer_code, self.item_number)

    def fields(self) -> dict[str, Any]:
        return {
            "CustomerCode": self.customer_code,
            "ItemNumber": self.item_number,
            "Uom": self.uom,
            "CurrencyCode": self.currency,
            "UnitPrice": money_text(self.unit_price),
            "QuantityBreaks": break_rows(self.breaks),
            **self.span.fields(),
        }


@dataclass(kw_only=True, eq=False)
class DiscountCode(Record):
    """Takes a share, or an amount of money, off."""

    code: str
    type: str  # percent | amount
    value: Decimal
    currency: str | None = None  # of an amount
    span: Span = ALWAYS
    stackable: bool = False

    @property
    def key(self) -> str:
        return self.code

    def fields(self) -> dict[str, Any]:
        return {
            "DiscountCode": self.code,
            "Type": self.type,
            "Value": money_text(self.value),
            "CurrencyCode": self.currency,
            **self.span.fields(),
            "Stackable": self.stackable,
        }


def entry_key(list_code: str, item_number: str) -> str:
    """The natural key of an entry, as the change feed says it."""
    return f"{list_code}/{item_number}"


def contract_key(customer_code: str, item_number: str) -> str:
    """The natural key of a contract price, as the change feed says it."""
    return f"contract:{customer_code}/{item_number}"


def break_rows(breaks: tuple[Break, ...]) -> list[dict[str, str]]:
    """Quantity breaks as the body has them, the smallest quantity first."""
    return [
        {"MinQty": quantity_text(x.min_qty), "UnitPrice": money_text(x.unit_price)} for x in breaks
    ]


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else money_text(amount)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()

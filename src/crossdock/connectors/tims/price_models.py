"""TIMS's prices, under its own field names. Amounts are of one Uom, in the row's CurrencyCode.

A price is above zero, always: a row with another one is not a price (see `prices.PriceFault`).
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from crossdock.connectors.tims.fields import Draft, Exact, Moment, Record, Rows, Words

R = TypeVar("R")


def _above_zero(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError(f"{value} is not above zero")
    return value


def _not_below_zero(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError(f"{value} is below zero")
    return value


def _currency(value: str) -> str:
    if not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
        raise ValueError(f"{value!r} is not a currency code such as USD")
    return value


Price = Annotated[Exact, AfterValidator(_above_zero)]
"""An exact amount of money for one Uom; never rounded, never zero."""

Currency = Annotated[str, AfterValidator(_currency)]


class PriceBreak(Record):
    """A unit price from that many Uom on."""

    MinQty: Annotated[Exact, AfterValidator(_above_zero)]
    UnitPrice: Price


def _rising(rows: tuple[PriceBreak, ...]) -> tuple[PriceBreak, ...]:
    return _once(sorted(rows, key=lambda x: x.MinQty), lambda x: f"from {x.MinQty}")


BreakRows = Annotated[Rows[PriceBreak], AfterValidator(_rising)]
"""Quantity breaks, the smallest quantity first."""


class Spell(Record):
    """Business days in the company's time zone, the last one included; None is open."""

    Start: date | None = None
    End: date | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.Start is not None and self.End is not None and self.End < self.Start:
            raise ValueError(f"ends on {self.End}, before it starts on {self.Start}")
        return self

    def holds(self, day: date) -> bool:
        """True on every day from Start to End. Days pass without a row in the change feed."""
        return (self.Start is None or self.Start <= day) and (self.End is None or day <= self.End)


class ClassPrice(Record):
    """What customers of a price class pay."""

    PriceClass: str
    UnitPrice: Price
    QuantityBreaks: BreakRows = ()


class Promotion(Spell):
    """A price for some days."""

    UnitPrice: Price


def _classes(rows: tuple[ClassPrice, ...]) -> tuple[ClassPrice, ...]:
    return _once(rows, lambda x: f"for class {x.PriceClass}")


class PriceList(Spell):
    """Prices in one currency, for one location or for all. It must be active, and hold."""

    Code: str = Field(min_length=1)
    Name: Words = None
    CurrencyCode: Currency
    LocationId: Words = None  # None: every location
    IsActive: bool = True
    RowVersion: int | None = None
    UpdatedAt: Moment | None = None


class PriceEntry(Record):
    """What one item costs in one list. None is unknown, or that there is none."""

    PriceListCode: str = ""
    ItemNumber: str = Field(min_length=1)
    Uom: str = Field(min_length=1)
    CurrencyCode: Currency
    ListPrice: Price
    Cost: Annotated[Exact, AfterValidator(_not_below_zero)] | None = None  # needs costs:read
    MapPrice: Price | None = None
    FloorPrice: Price | None = None
    QuantityBreaks: BreakRows = ()
    PriceClassPrices: Annotated[Rows[ClassPrice], AfterValidator(_classes)] = ()
    Promotions: Rows[Promotion] = ()
    IsActive: bool = True
    RowVersion: int | None = None
    UpdatedAt: Moment | None = None

    def of_class(self, price_class: str) -> ClassPrice | None:
        """The price of that class of customers; None when the list has none."""
        return next((x for x in self.PriceClassPrices if x.PriceClass == price_class), None)


class ContractPrice(Spell):
    """What one customer has been promised for one item."""

    CustomerCode: str = Field(min_length=1)
    ItemNumber: str = Field(min_length=1)
    Uom: str = Field(min_length=1)
    CurrencyCode: Currency
    UnitPrice: Price
    QuantityBreaks: BreakRows = ()
    IsActive: bool = True
    RowVersion: int | None = None
    UpdatedAt: Moment | None = None


class DiscountCode(Spell):
    """Takes a share (Type percent) or an amount of money (Type amount) off."""

    DiscountCode: str = Field(min_length=1)
    Type: str
    Value: Price
    CurrencyCode: Words = None  # of an amount
    Stackable: bool = False
    IsActive: bool = True
    RowVersion: int | None = None


class PriceQueryLine(Draft):
    """So much of an item. Without a Uom TIMS takes the item's base unit, without Qty one."""

    ItemNumber: str
    Uom: Words = None
    Qty: Exact | None = None


class PriceQuery(Draft):
    """What would this customer pay? Without a day TIMS takes today, without a currency its own."""

    CustomerCode: str
    LocationId: Words = None
    Date: date | None = None
    CurrencyCode: Currency | None = None
    Lines: tuple[PriceQueryLine, ...]


class QuotedLine(Record):
    """A price of one Uom. Breaks, of the source that decided, count in PriceUom."""

    ItemNumber: str
    Uom: str
    Qty: Exact
    UnitPrice: Price
    PriceSource: str  # contract | promotion | price_class | quantity_break | list
    PriceUom: Words = None
    Breaks: BreakRows = ()


class PriceQuote(Record):
    """TIMS's answer, line by line in the order asked."""

    CustomerCode: str
    LocationId: Words = None
    Date: date
    CurrencyCode: Currency
    Lines: tuple[QuotedLine, ...]


def _once(rows: Sequence[R], name: Callable[[R], str]) -> tuple[R, ...]:
    """Without repeats; two prices for the same are nobody's price."""
    named: dict[str, R] = {}
    for row in rows:
        if named.setdefault(name(row), row) != row:
            raise ValueError(f"has two prices {name(row)}")
    return tuple(named.values())

"""What would this customer pay? Answered from the books; nothing is stored.

A contract goes before a promotion, a promotion before the price of the customer's class, that
before a quantity break of the list, and the list price comes last. Breaks of a contract or of a
class belong to it: the source stays `contract` or `price_class`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.simulators.tims.call import Answer, Call
from crossdock.simulators.tims.customers import Customer
from crossdock.simulators.tims.fields import (
    Reader,
    day,
    many,
    money_text,
    number,
    quantity_text,
    read,
    record,
    text,
)
from crossdock.simulators.tims.items import Item
from crossdock.simulators.tims.locations import Location
from crossdock.simulators.tims.price_records import Break, break_rows
from crossdock.simulators.tims.prices import Prices
from crossdock.simulators.tims.problems import Findings

CONTRACT, PROMOTION, PRICE_CLASS = "contract", "promotion", "price_class"
QUANTITY_BREAK, LIST = "quantity_break", "list"

_QUOTE: dict[str, Reader] = {
    "CustomerCode": text(20),
    "LocationId": text(20),
    "Date": day,
    "CurrencyCode": text(3),
    "Lines": many(
        record(
            {"ItemNumber": text(40), "Uom": text(10), "Qty": number(4, above=True)},
            required=("ItemNumber",),
        ),
        most=500,
    ),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A price of one `uom`, and where it comes from."""

    source: str
    uom: str
    unit_price: Decimal
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom, where and when."""

    customer: Customer
    location_id: str | None
    day: date
    currency: str


@dataclass(frozen=True, slots=True)
class Quoting:
    """The desk for quotes."""

    prices: Prices
    customer: Callable[[str], Customer | None]
    item: Callable[[str], Item | None]
    location: Callable[[str], Location | None]
    base_currency: str
    zone: ZoneInfo

    def quote(self, call: Call) -> Answer:
        """A price for every line, or everything that is wrong."""
        findings = Findings()
        said = read(call.body, _QUOTE, findings, required=("CustomerCode", "Lines"))
        asked = self._asked(said, call, findings)
        rows = said.get("Lines") or []
        lines = [self._line(x, i, asked, findings) for i, x in enumerate(rows)] if asked else []
        findings.refuse()
        assert asked is not None  # noqa: S101  a finding would have been refused
        body = {
            "CustomerCode": asked.customer.customer_code,
            "LocationId": asked.location_id,
            "Date": asked.day.isoformat(),
            "CurrencyCode": asked.currency,
            "Lines": lines,
        }
        return Answer(200, json.dumps(body, separators=(",", ":")).encode())

    def price_of(self, item: Item, units: Decimal, asked: Asked) -> Found | None:
        """The price by the precedence above; `units` are base units of the item."""

        def wanted(uom: str) -> Decimal:
            per = item.uoms.get(uom)
            return units / per if per else Decimal(0)

        customer, number_ = asked.customer, item.item_number
        kept = self.prices.contract(customer.customer_code, number_, asked.currency, asked.day)
        if kept is not None:
            price = _broken(kept.breaks, wanted(kept.uom), kept.unit_price)
            return Found(CONTRACT, kept.uom, price, kept.breaks)
        entry = self.prices.entry(number_, asked.currency, asked.location_id, asked.day)
        if entry is None:
            return None
        promotion = entry.promotion(asked.day)
        if promotion is not None:
            return Found(PROMOTION, entry.uom, promotion.unit_price)
        of_class = entry.of_class(customer.said.get("PriceClass"))
        if of_class is not None:
            price = _broken(of_class.breaks, wanted(entry.uom), of_class.unit_price)
            return Found(PRICE_CLASS, entry.uom, price, of_class.breaks)
        quantity = wanted(entry.uom)
        broken = any(x.min_qty <= quantity for x in entry.breaks)
        price = _broken(entry.breaks, quantity, entry.list_price)
        return Found(QUANTITY_BREAK if broken else LIST, entry.uom, price, entry.breaks)

    def _asked(self, said: dict[str, Any], call: Call, findings: Findings) -> Asked | None:
        code, location = said.get("CustomerCode"), said.get("LocationId")
        customer = None if code is None else self.customer(code)
        if code is not None and customer is None:
            message = f"Customer {code} is not on file"
            findings.add("/CustomerCode", "customer_not_found", message, code)
        if location is not None and self.location(location) is None:
            message = f"Location {location} is not on file"
            findings.add("/LocationId", "location_not_found", message, location)
        if customer is None:
            return None
        on = said.get("Date") or call.now.astimezone(self.zone).date()
        return Asked(customer, location, on, said.get("CurrencyCode") or self.base_currency)

    def _line(
        self, row: dict[str, Any] | None, i: int, asked: Asked, findings: Findings
    ) -> dict[str, Any] | None:
        number_ = (row or {}).get("ItemNumber")
        if row is None or number_ is None:
            return None
        item, where = self.item(number_), f"/Lines/{i}/ItemNumber"
        if item is None:
            findings.add(where, "item_not_found", f"Item {number_} is not on file", number_)
            return None
        uom, qty = row.get("Uom") or item.base_uom, row.get("Qty") or Decimal(1)
        if uom not in item.uoms:
            message = f"Item {number_} is not sold by {uom}; valid: {', '.join(item.uoms)}"
            findings.add(f"/Lines/{i}/Uom", "uom_mismatch", message, uom)
            return None
        price = self.price_of(item, qty * item.uoms[uom], asked)
        if price is None:
            message = f"Item {number_} has no price in {asked.currency}"
            findings.add(where, "price_not_found", message, number_)
            return None
        per = item.uoms.get(price.uom)
        if not per or item.uoms[uom] % per:
            message = f"Item {number_} is priced by {price.uom}"
            findings.add(f"/Lines/{i}/Uom", "uom_mismatch", message, uom)
            return None
        return {
            "ItemNumber": number_,
            "Uom": uom,
            "Qty": quantity_text(qty),
            "UnitPrice": money_text(price.unit_price * (item.uoms[uom] / per)),
            "PriceSource": price.source,
            "PriceUom": price.uom,  # what the breaks count in
            "Breaks": break_rows(price.breaks),
        }


def _broken(breaks: tuple[Break, ...], quantity: Decimal, otherwise: Decimal) -> Decimal:
    """The price of the highest break that the quantity reaches."""
    reached = [x.unit_price for x in breaks if x.min_qty <= quantity]
    return reached[-1] if reached else otherwise

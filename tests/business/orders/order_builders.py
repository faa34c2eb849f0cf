"""Orders for tests: a builder mentions only what matters."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings

from crossdock.business.orders.model import (
    Address,
    Amounts,
    Line,
    Order,
    Status,
    Terms,
    TimsLine,
    TimsOrder,
)
from crossdock.business.orders.rules import draft
from crossdock.kernel.money import Money

# A busy machine draws slowly; slowness is no property of orders.
unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHIP_BY = datetime(2026, 11, 25, 7, 59, 59, tzinfo=UTC)
US = "ATVPDKIKX0DER"
HOME = Address(
    name="Ann Weld", line1="1 Spark Street", city="Billings", state="MT",
    postal_code="59101", country="US",
)  # fmt: skip
TERMS = Terms(
    external_system=f"AMAZON:{US}",
    customer_code="AMZ-US",
    customer_name="Amazon.com customers",
    tax_collected_by="marketplace",
)


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def amounts(
    item: str, *, currency: str = "USD", tax_included: bool = False, **parts: str
) -> Amounts:
    """Amounts that tie; name only the parts that are there."""

    def coin(name: str) -> Money | None:
        return Money(Decimal(parts[name]), currency) if name in parts else None

    def number(name: str) -> Decimal:
        return Decimal(parts.get(name, "0"))

    total = Decimal(item) + number("shipping") + number("gift_wrap") - number("discount")
    total += Decimal(0) if tax_included else number("tax")
    named: dict[str, Any] = {name: coin(name) for name in parts}
    return Amounts(total=Money(total, currency), item=Money(Decimal(item), currency), **named)


def a_line(
    item: str = "64.50",
    *,
    item_id: str = "05015851154158",
    quantity: int = 1,
    units_per_pack: int | None = 1,
    money: Amounts | None = None,
    **more: Any,
) -> Line:
    sku = more.pop("sku", "WLD-1")
    known: dict[str, Any] = {"item_number": "TIMS-1", "uom": "EA"} | more
    return Line(
        item_id, quantity, sku=sku, units_per_pack=units_per_pack,
        amounts=money or amounts(item), **known,
    )  # fmt: skip


def an_order(*lines: Line, **more: Any) -> Order:
    """An unshipped order whose total is the sum of its lines."""
    lines = lines or (a_line(),)
    totals = [line.amounts.total for line in lines if line.amounts and line.amounts.total]
    whole = Money(
        sum((t.amount for t in totals), Decimal(0)), totals[0].currency if totals else "USD"
    )
    known: dict[str, Any] = {
        "order_id": "112-1234567-1234567",
        "status": Status.UNSHIPPED,
        "status_text": "UNSHIPPED",
        "placed_at": NOON,
        "last_updated": NOON,
        "marketplace_id": US,
        "channel": "AMAZON",
        "fulfilled_by": "MERCHANT",
        "ship_by": SHIP_BY,
        "ship_to": HOME,
        "total": whole,
    }
    return Order(lines=lines, **(known | more))


def in_tims(
    order: Order, status: str = "Allocated", terms: Terms = TERMS, **more: Any
) -> TimsOrder:
    """The sales order that TIMS holds after `order` was entered."""
    wanted = draft(order, terms)
    lines = tuple(
        TimsLine(
            number, line.ref, line.quantity, Decimal(0), Decimal(0), line.unit_price,
            line.discount, line.tax, tuple(charge.amount for charge in line.charges),
        )
        for number, line in enumerate(wanted.lines, start=1)
    )  # fmt: skip
    made = TimsOrder(
        "SO-1",
        status,
        3,
        lines,
        wanted.po_number,
        wanted.must_ship_by,
        wanted.ship_to,
        wanted.total,
    )
    return replace(made, **more)

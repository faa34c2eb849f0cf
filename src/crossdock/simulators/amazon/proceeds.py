"""Amazon's money: what an order and its items come to, in Amazon's breakdowns.

The total is items + shipping + gift wrap + tax - discounts. Amazon does not publish whether a
DISCOUNT subtotal is negative; `sign` chooses, and a reader must take the magnitude.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from crossdock.simulators.amazon.people import Line
from crossdock.simulators.amazon.state import amount

_ORDER = ("ITEM", "SHIPPING", "GIFT_WRAP", "TAX", "DISCOUNT")


def money(value: Decimal, currency: str) -> dict[str, str]:
    """Amazon's Money."""
    return {"amount": f"{amount(value, currency):f}", "currencyCode": currency}


def subtotals(line: Line) -> dict[str, Decimal]:
    """Each category's magnitude for the whole line; discounts positive."""
    return {
        "ITEM": line.unit_price * line.quantity,
        "SHIPPING": line.shipping,
        "GIFT_WRAP": line.gift_wrap,
        "TAX": line.tax + line.shipping_tax + line.gift_wrap_tax - line.discount_tax,
        "DISCOUNT": line.discount + line.shipping_discount,
    }


def line_total(line: Line) -> Decimal:
    """What the line comes to."""
    parts = subtotals(line)
    return sum((parts[name] for name in _ORDER if name != "DISCOUNT"), -parts["DISCOUNT"])


def grand_total(lines: Iterable[Line]) -> Decimal:
    """What the order comes to."""
    return sum((line_total(line) for line in lines), Decimal(0))


def item_proceeds(line: Line, currency: str, sign: int) -> dict[str, Any]:
    """An order item's proceeds."""
    parts = subtotals(line)
    details = {
        "TAX": {
            "ITEM": line.tax,
            "SHIPPING": line.shipping_tax,
            "GIFT_WRAP": line.gift_wrap_tax,
            "DISCOUNT": line.discount_tax * sign,
        },
        "DISCOUNT": {"ITEM": line.discount * sign, "SHIPPING": line.shipping_discount * sign},
    }
    rows: list[dict[str, Any]] = []
    for name in _ORDER:
        if not parts[name] and name != "ITEM":
            continue
        signed = parts[name] * sign if name == "DISCOUNT" else parts[name]
        row: dict[str, Any] = {"type": name, "subtotal": money(signed, currency)}
        if name in details:
            row["detailedBreakdowns"] = [
                {"subtype": subtype, "value": money(value, currency)}
                for subtype, value in details[name].items()
                if value
            ]
        rows.append(row)
    return {"proceedsTotal": money(line_total(line), currency), "breakdowns": rows}


def order_proceeds(lines: list[Line], currency: str, sign: int) -> dict[str, Any]:
    """The order's proceeds: the items' categories added up."""
    parts = [subtotals(line) for line in lines]
    rows = []
    for name in _ORDER:
        total = sum((part[name] for part in parts), Decimal(0))
        if total or name == "ITEM":
            signed = total * sign if name == "DISCOUNT" else total
            rows.append({"type": name, "subtotal": money(signed, currency)})
    return {"grandTotal": money(grand_total(lines), currency), "breakdowns": rows}

"""A sales order as TIMS keeps it: header, lines, totals, status."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.fields import moment_text, money_text, quantity_text
from crossdock.simulators.tims.items import Need
from crossdock.simulators.tims.records import Record

ZERO = Decimal(0)
ENTERED, ALLOCATED, BACKORDERED, HELD = "Entered", "Allocated", "Backordered", "Held"
PICKING, PARTIALLY_SHIPPED, SHIPPED = "Picking", "PartiallyShipped", "Shipped"
INVOICED, COMPLETED, CANCELLED = "Invoiced", "Completed", "Cancelled"

# What a caller may change or cancel. A held order that was being picked is not among them.
OPEN = {ENTERED, ALLOCATED, BACKORDERED}
# Where each deed may start.
MOVES: dict[str, set[str]] = {
    "release": {ENTERED, BACKORDERED, HELD},
    "hold": {ENTERED, ALLOCATED, BACKORDERED, PICKING},
    "cancel": {ENTERED, ALLOCATED, BACKORDERED, HELD},
    "pick": {ALLOCATED, BACKORDERED, PARTIALLY_SHIPPED},
    "ship": {PICKING, PARTIALLY_SHIPPED},
    "invoice": {SHIPPED},
    "complete": {INVOICED},
}
NEEDS_NO_STOCK = {"drop_ship", "marketplace_fba"}


@dataclass(eq=False, slots=True)
class SimLine:
    """One line. Discount and tax are amounts for the whole line."""

    line_number: int
    item_number: str
    uom: str
    qty_ordered: Decimal
    unit_price: Decimal
    discount: Decimal = ZERO
    tax: Decimal = ZERO
    charges: list[dict[str, Any]] = field(default_factory=list)  # Type, Amount (Decimal)
    override_backorder: bool = False
    external_line_ref: str | None = None
    serial_numbers: list[str] = field(default_factory=list)
    needs: tuple[Need, ...] = ()  # stock per unit sold
    qty_allocated: Decimal = ZERO
    qty_backordered: Decimal = ZERO
    qty_shipped: Decimal = ZERO
    qty_invoiced: Decimal = ZERO
    qty_cancelled: Decimal = ZERO

    @property
    def wanted(self) -> Decimal:
        """What the customer still gets or has got."""
        return self.qty_ordered - self.qty_cancelled

    @property
    def open(self) -> Decimal:
        """What has not left yet."""
        return self.wanted - self.qty_shipped

    @property
    def extension(self) -> Decimal:
        """Price of what is wanted, before the discount."""
        return self.unit_price * self.wanted

    def body(self) -> dict[str, Any]:
        charges = [{**x, "Amount": money_text(x["Amount"])} for x in self.charges]
        return {
            "LineNumber": self.line_number,
            "ExternalLineRef": self.external_line_ref,
            "ItemNumber": self.item_number,
            "Uom": self.uom,
            "QtyOrdered": quantity_text(self.qty_ordered),
            "OverrideBackorderQuantity": self.override_backorder,
            "QtyAllocated": quantity_text(self.qty_allocated),
            "QtyBackordered": quantity_text(self.qty_backordered),
            "QtyShipped": quantity_text(self.qty_shipped),
            "QtyInvoiced": quantity_text(self.qty_invoiced),
            "QtyCancelled": quantity_text(self.qty_cancelled),
            "UnitPrice": money_text(self.unit_price),
            "Discount": money_text(self.discount),
            "Tax": money_text(self.tax),
            "Charges": charges,
            "SerialNumbers": self.serial_numbers,
        }


@dataclass(frozen=True, slots=True)
class Totals:
    """What the order comes to."""

    lines: Decimal
    charges: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.lines + self.charges + self.tax

    def body(self) -> dict[str, str]:
        return {
            "Lines": money_text(self.lines),
            "Charges": money_text(self.charges),
            "Tax": money_text(self.tax),
            "Total": money_text(self.total),
        }


@dataclass(kw_only=True, eq=False)
class SimSalesOrder(Record):
    """An order. `header` holds the fields that callers write, as TIMS spells them."""

    order_number: str
    header: dict[str, Any]
    lines: list[SimLine]
    status: str = ENTERED
    location_id: str | None = None
    held_from: str = ""  # the status before Held
    shipments: list[str] = field(default_factory=list)
    history: list[tuple[datetime, str, str]] = field(default_factory=list)  # at, status, why

    @property
    def key(self) -> str:
        return self.order_number

    @property
    def customer_code(self) -> str:
        return str(self.header["CustomerCode"])

    @property
    def external_system(self) -> str | None:
        return self.header["ExternalSystem"]  # type: ignore[no-any-return]

    @property
    def external_ref(self) -> str | None:
        return self.header["ExternalRef"]  # type: ignore[no-any-return]

    @property
    def needs_stock(self) -> bool:
        return self.header["OrderType"] not in NEEDS_NO_STOCK

    @property
    def is_open(self) -> bool:
        """True while a caller may change or cancel it."""
        return self.status in OPEN or (self.status == HELD and self.held_from != PICKING)

    @property
    def totals(self) -> Totals:
        amounts = (x["Amount"] for line in self.lines for x in line.charges)
        return Totals(
            lines=sum((line.extension - line.discount for line in self.lines), ZERO),
            charges=sum(amounts, ZERO),
            tax=sum((line.tax for line in self.lines), ZERO),
        )

    def line(self, line_number: int) -> SimLine:
        """The line of that number; a ValueError when there is none."""
        for line in self.lines:
            if line.line_number == line_number:
                return line
        raise ValueError(f"order {self.order_number} has no line {line_number}")

    def fields(self) -> dict[str, Any]:
        header = {name: _plain(value) for name, value in self.header.items()}
        return {
            "OrderNumber": self.order_number or None,
            "Status": self.status,
            **header,
            "LocationId": self.location_id,
            "Totals": self.totals.body(),
            "Lines": [line.body() for line in self.lines],
        }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment_text(value)
    return value.isoformat() if isinstance(value, date) else value

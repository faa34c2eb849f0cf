"""A merge patch of a sales order: what may still be said differently before it is picked."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.fields import (
    Reader,
    address,
    day,
    many,
    moment,
    number,
    read,
    record,
    text,
    whole,
)
from crossdock.simulators.tims.order_entry import charges, check_amounts
from crossdock.simulators.tims.orders import SimLine, SimSalesOrder
from crossdock.simulators.tims.problems import Findings

_LINE: dict[str, Reader] = {
    "LineNumber": whole,
    "ExternalLineRef": text(60),
    "QtyOrdered": number(4, above=True),
    "QtyCancelled": number(4),
    "Discount": number(2),
    "Tax": number(2),
    "Charges": charges,
}
_HEADER: dict[str, Reader] = {
    "ShipToAddress": address,
    "RequestedShipDate": day,
    "MustShipBy": moment,
    "CustomerPoNumber": text(60),
    "Notes": many(text(500)),
}
_ATTRIBUTES = {
    "QtyOrdered": "qty_ordered",
    "QtyCancelled": "qty_cancelled",
    "Discount": "discount",
    "Tax": "tax",
    "Charges": "charges",
}
_NOT_CHANGEABLE = [
    "Id",
    "OrderNumber",
    "Status",
    "OrderType",
    "CustomerCode",
    "ShipToCode",
    "LocationId",
    "OrderDate",
    "BlanketPoNumber",
    "SalesChannel",
    "ExternalSystem",
    "ExternalRef",
    "CurrencyCode",
    "TermsCode",
    "DiscountCode",
    "ChargesFixedByCaller",
    "TaxCollectedBy",
    "Totals",
    "CreatedAt",
    "UpdatedAt",
    "RowVersion",
    "IsActive",
]
_LINE_NOT_CHANGEABLE = [
    "ItemNumber",
    "Uom",
    "UnitPrice",
    "OverrideBackorderQuantity",
    "SerialNumbers",
    "QtyAllocated",
    "QtyBackordered",
    "QtyShipped",
    "QtyInvoiced",
]


def apply_change(order: SimSalesOrder, body: Any) -> bool:
    """Change the order; True when quantities changed. A Refusal leaves it as it was."""
    findings = Findings()
    lines = many(record(_LINE, read_only=_LINE_NOT_CHANGEABLE), most=500)
    spec = {**_HEADER, "Lines": lines}
    said = read(body, spec, findings, read_only=_NOT_CHANGEABLE)
    rows = said.pop("Lines", None) or []
    planned = [_planned(order, row, f"/Lines/{i}", findings) for i, row in enumerate(rows)]
    findings.refuse()
    _change_header(order, body, said)
    changes = [plan for plan in planned if plan is not None]
    before = [(line.qty_ordered, line.qty_cancelled) for line in order.lines]
    for line, values in changes:
        for name, value in values.items():
            setattr(line, name, value)
    return before != [(line.qty_ordered, line.qty_cancelled) for line in order.lines]


def _change_header(order: SimSalesOrder, body: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    emptied = {name: None for name in _HEADER if name in body and body[name] is None}
    if "Notes" in emptied:
        said = {**said, "Notes": []}
    if "ShipToAddress" in said:
        emptied["ShipToCode"] = None  # an address of its own replaces the customer's
    order.header = {**order.header, **emptied, **said}


def _planned(
    order: SimSalesOrder, row: Mapping[str, Any], pointer: str, findings: Findings
) -> tuple[SimLine, dict[str, Any]] | None:
    line = _named(order, row, pointer, findings)
    if line is None:
        return None
    values = {attribute: row[name] for name, attribute in _ATTRIBUTES.items() if name in row}
    if any(value is None for value in values.values()):
        return None  # already among the findings
    trial = SimLine(
        line_number=line.line_number,
        item_number=line.item_number,
        uom=line.uom,
        qty_ordered=values.get("qty_ordered", line.qty_ordered),
        qty_cancelled=values.get("qty_cancelled", line.qty_cancelled),
        unit_price=line.unit_price,
        discount=values.get("discount", line.discount),
        tax=values.get("tax", line.tax),
        charges=values.get("charges", line.charges),
    )
    if trial.qty_cancelled > trial.qty_ordered:
        rejected = str(trial.qty_cancelled)
        message = f"More than the {trial.qty_ordered} ordered"
        findings.add(f"{pointer}/QtyCancelled", "out_of_range", message, rejected)
        return None
    _cap_discount(trial, "Discount" in row)
    values["discount"] = trial.discount
    check_amounts(trial, pointer, order.header["TaxCollectedBy"], findings)
    return line, values


def _cap_discount(line: SimLine, said: bool) -> None:
    """A discount that nobody restated never exceeds what is left of the line."""
    if not said and line.discount > line.extension:
        line.discount = line.extension.quantize(Decimal("0.01"))


def _named(
    order: SimSalesOrder, row: Mapping[str, Any], pointer: str, findings: Findings
) -> SimLine | None:
    line_number, ref = row.get("LineNumber"), row.get("ExternalLineRef")
    if line_number is None and ref is None:
        findings.add(pointer, "required", "LineNumber or ExternalLineRef names the line")
        return None
    for line in order.lines:
        if line_number in (None, line.line_number) and ref in (None, line.external_line_ref):
            return line
    message = f"The order has no line {ref if line_number is None else line_number}"
    findings.add(pointer, "line_not_found", message, ref if line_number is None else line_number)
    return None

"""Reads and checks the body of a new sales order; everything that is wrong is said at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.customers import Customer
from crossdock.simulators.tims.fields import (
    Reader,
    address,
    day,
    flag,
    many,
    moment,
    number,
    one_of,
    read,
    record,
    text,
    whole_cents,
)
from crossdock.simulators.tims.items import Item
from crossdock.simulators.tims.locations import Location
from crossdock.simulators.tims.orders import ZERO, SimLine, SimSalesOrder
from crossdock.simulators.tims.price_records import PriceEntry
from crossdock.simulators.tims.problems import Findings

CHARGE_TYPES = [
    "tax",
    "hazmat",
    "delivery",
    "freight",
    "energy_surcharge",
    "deposit",
    "rental",
    "gift_wrap",
    "cod_fee",
    "handling",
    "other",
]
CURRENCIES = {"USD", "CAD", "MXN", "EUR", "GBP"}

charges = many(
    record(
        {"Type": one_of(*CHARGE_TYPES), "Amount": number(2), "Description": text()},
        required=("Type", "Amount"),
    )
)
_LINE: dict[str, Reader] = {
    "ExternalLineRef": text(60),
    "ItemNumber": text(40),
    "Uom": text(10),
    "QtyOrdered": number(4, above=True),
    "OverrideBackorderQuantity": flag,
    "UnitPrice": number(4),
    "Discount": number(2),
    "Tax": number(2),
    "Charges": charges,
    "SerialNumbers": many(text(60)),
}
_LINE_READ_ONLY = {
    "LineNumber",
    "QtyAllocated",
    "QtyBackordered",
    "QtyShipped",
    "QtyInvoiced",
    "QtyCancelled",
}
_HEADER: dict[str, Reader] = {
    "ExternalSystem": text(60),
    "ExternalRef": text(60),
    "OrderType": one_of("standard", "will_call", "transfer", "drop_ship", "marketplace_fba"),
    "CustomerCode": text(20),
    "ShipToCode": text(20),
    "ShipToAddress": address,
    "LocationId": text(20),
    "OrderDate": day,
    "RequestedShipDate": day,
    "MustShipBy": moment,
    "CustomerPoNumber": text(60),
    "BlanketPoNumber": text(60),
    "SalesChannel": text(40),
    "CurrencyCode": text(3),
    "TermsCode": text(20),
    "DiscountCode": text(20),
    "ChargesFixedByCaller": flag,
    "TaxCollectedBy": one_of("tims", "marketplace"),
    "Notes": many(text(500)),
    "Lines": many(
        record(_LINE, required=("ItemNumber", "Uom", "QtyOrdered"), read_only=_LINE_READ_ONLY),
        most=500,
    ),
}
_HEADER_READ_ONLY = {
    "Id",
    "OrderNumber",
    "Status",
    "Totals",
    "CreatedAt",
    "UpdatedAt",
    "RowVersion",
    "IsActive",
}


@dataclass(frozen=True, slots=True)
class Books:
    """What an order is checked against."""

    customer: Callable[[str], Customer | None]
    item: Callable[[str], Item | None]
    location: Callable[[str], Location | None]
    price: Callable[[str, str, str | None, date], PriceEntry | None]
    base_currency: str = "USD"
    hazmat_fee: Decimal = Decimal("7.50")  # TIMS's own charge, unless the caller fixes charges


def check_order(body: Any, books: Books, today: date) -> SimSalesOrder:
    """The order that the body describes, not stored yet; a Refusal with every fault otherwise."""
    findings = Findings()
    said = read(
        body,
        _HEADER,
        findings,
        required=("CustomerCode", "Lines"),
        read_only=_HEADER_READ_ONLY,
    )
    header = _header(said, books, today)
    _check_header(header, body, findings)
    _check_account(header, books, findings)
    location = said.get("LocationId")
    if location is not None:
        _check_location(location, header, books, findings)
    rows = said.get("Lines") or []
    if rows == [] and isinstance(said.get("Lines"), list):
        findings.add("/Lines", "required", "An order needs a line")
    lines = _lines(rows, header, location, books, findings)
    findings.refuse()
    return SimSalesOrder(order_number="", header=header, lines=lines, location_id=location)


def _header(said: Mapping[str, Any], books: Books, today: date) -> dict[str, Any]:
    header = {name: said.get(name) for name in _HEADER if name not in ("Lines", "LocationId")}
    usual = {
        "OrderType": "standard",
        "OrderDate": today,
        "CurrencyCode": books.base_currency,
        "ChargesFixedByCaller": False,
        "TaxCollectedBy": "tims",
        "Notes": [],
    }
    for name, value in usual.items():
        if header[name] is None:
            header[name] = value
    return header


def _check_header(header: Mapping[str, Any], body: Any, findings: Findings) -> None:
    if (header["ExternalSystem"] is None) != (header["ExternalRef"] is None):
        missing = "ExternalRef" if header["ExternalRef"] is None else "ExternalSystem"
        findings.add(f"/{missing}", "required", "ExternalSystem and ExternalRef go together")
    if header["CurrencyCode"] not in CURRENCIES:
        code = header["CurrencyCode"]
        findings.add("/CurrencyCode", "unknown_currency", "Not one of TIMS's currencies", code)
    named = [x for x in ("ShipToCode", "ShipToAddress") if isinstance(body, dict) and body.get(x)]
    if len(named) == 2:
        findings.add("/ShipToAddress", "not_both", "Either ShipToCode or ShipToAddress")
    if not named and header["OrderType"] != "will_call":
        findings.add("/ShipToAddress", "required", "ShipToCode or ShipToAddress is required")


def _check_account(header: Mapping[str, Any], books: Books, findings: Findings) -> None:
    code = header["CustomerCode"]
    if code is None:
        return
    customer = books.customer(code)
    if customer is None:
        findings.add("/CustomerCode", "customer_not_found", f"Customer {code} is not on file", code)
        return
    if not customer.is_active:
        findings.add("/CustomerCode", "customer_not_found", f"Customer {code} is closed", code)
    if customer.on_credit_hold:
        message = f"Customer {code} is on credit hold"
        findings.add("/CustomerCode", "customer_on_credit_hold", message, code)
    ship_to = header["ShipToCode"]
    if ship_to and not customer.has_ship_to(ship_to):
        message = f"Customer {code} has no delivery address {ship_to}"
        findings.add("/ShipToCode", "ship_to_not_found", message, ship_to)
    if customer.said.get("IsBlanketPoRequired") and not header["BlanketPoNumber"]:
        message = f"Customer {code} orders against a blanket purchase order"
        findings.add("/BlanketPoNumber", "required", message)


def _check_location(
    location_id: str, header: Mapping[str, Any], books: Books, findings: Findings
) -> None:
    location = books.location(location_id)
    if location is None:
        message = f"Location {location_id} is not on file"
        findings.add("/LocationId", "location_not_found", message, location_id)
        return
    if not location.is_active or header["RequestedShipDate"] in location.closed_dates:
        message = f"Location {location_id} is closed"
        findings.add("/LocationId", "location_closed", message, location_id)


def _lines(
    rows: list[dict[str, Any]],
    header: Mapping[str, Any],
    location: str | None,
    books: Books,
    findings: Findings,
) -> list[SimLine]:
    lines: list[SimLine] = []
    refs: set[str] = set()
    for i, row in enumerate(rows):
        pointer = f"/Lines/{i}"
        ref = row.get("ExternalLineRef")
        if ref in refs:
            message = "Another line has this reference"
            findings.add(f"{pointer}/ExternalLineRef", "duplicate_external_line_ref", message, ref)
        elif ref:
            refs.add(ref)
        item = _item(row, pointer, header, books, findings)
        if item is None or row.get("QtyOrdered") is None:
            continue
        entry = books.price(item.item_number, header["CurrencyCode"], location, header["OrderDate"])
        line = _line(i + 1, row, item, entry, pointer, findings)
        if line is None:
            continue
        check_amounts(line, pointer, header["TaxCollectedBy"], findings)
        if item.is_hazmat and not header["ChargesFixedByCaller"] and books.hazmat_fee:
            line.charges.append({"Type": "hazmat", "Amount": books.hazmat_fee})
        lines.append(line)
    return lines


def _item(
    row: Mapping[str, Any],
    pointer: str,
    header: Mapping[str, Any],
    books: Books,
    findings: Findings,
) -> Item | None:
    number_ = row.get("ItemNumber")
    if number_ is None:
        return None
    where = f"{pointer}/ItemNumber"
    item = books.item(number_)
    if item is None:
        findings.add(where, "item_not_found", f"Item {number_} is not on file", number_)
        return None
    if item.status != "active":
        findings.add(where, "item_inactive", f"Item {number_} is {item.status}", number_)
    channel = header["SalesChannel"]
    if channel and channel in item.restricted_channels:
        findings.add(where, "channel_restricted", f"{number_} is not sold on {channel}", number_)
    uom = row.get("Uom")
    if uom is not None and uom not in item.uoms:
        valid = ", ".join(item.uoms)
        message = f"Item {number_} is not sold by {uom}; valid: {valid}"
        findings.add(f"{pointer}/Uom", "uom_mismatch", message, uom)
        return None
    return item if uom is not None else None


def _line(
    line_number: int,
    row: Mapping[str, Any],
    item: Item,
    entry: PriceEntry | None,
    pointer: str,
    findings: Findings,
) -> SimLine | None:
    price = row.get("UnitPrice")
    if price is None and "UnitPrice" in row:
        return None  # already among the findings
    units = item.uoms[row["Uom"]]
    per = item.uoms.get(entry.uom) if entry is not None else None
    if price is None and entry is not None and per and units % per == 0:
        price = entry.list_price * (units / per)
    if price is None:
        findings.add(f"{pointer}/UnitPrice", "required", "UnitPrice is required")
        return None
    floor = entry.floor_price if entry is not None else None
    if floor is not None and per and price * per < floor * units:
        message = f"The price is below the floor of {item.item_number}"
        findings.add(f"{pointer}/UnitPrice", "price_below_floor", message, str(price))
    return SimLine(
        line_number=line_number,
        item_number=item.item_number,
        uom=row["Uom"],
        qty_ordered=row["QtyOrdered"],
        unit_price=price,
        discount=row.get("Discount") or ZERO,
        tax=row.get("Tax") or ZERO,
        charges=[x for x in row.get("Charges") or [] if x and x.get("Amount") is not None],
        override_backorder=bool(row.get("OverrideBackorderQuantity")),
        external_line_ref=row.get("ExternalLineRef"),
        serial_numbers=row.get("SerialNumbers") or [],
        needs=item.needs(row["Uom"]),
    )


def check_amounts(line: SimLine, pointer: str, collected_by: str, findings: Findings) -> None:
    """The money rules of a line: whole cents, no discount beyond it, no tax counted twice."""
    extension = line.extension
    if not whole_cents(extension):
        message = f"{line.unit_price} x {line.wanted} is not in whole cents"
        findings.add(f"{pointer}/UnitPrice", "not_whole_cents", message, str(line.unit_price))
    elif line.discount > extension:
        message = f"The discount is more than the line's {extension}"
        findings.add(f"{pointer}/Discount", "discount_exceeds_line", message, str(line.discount))
    if collected_by == "marketplace":
        if line.tax:
            message = "The marketplace collects the tax: send 0.00"
            findings.add(f"{pointer}/Tax", "tax_collected_elsewhere", message, str(line.tax))
        for i, charge in enumerate(line.charges):
            if charge.get("Type") == "tax":
                message = "The marketplace collects the tax: send no tax charge"
                where = f"{pointer}/Charges/{i}/Type"
                findings.add(where, "tax_collected_elsewhere", message, "tax")

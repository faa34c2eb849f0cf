"""What must be in TIMS and at Amazon, worked out from the world's own knowledge alone."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crossdock.simulators.world.catalogue import OWN_ACCOUNT, Catalogue
from crossdock.simulators.world.truth import (
    NOTHING,
    AmazonOrder,
    Bought,
    Confirmed,
    SalesOrder,
    Shipment,
    Sold,
)

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that does not say what it must."""

    field: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.field}: {self.found}, should be {self.expected}"


@dataclass(frozen=True, slots=True)
class Package:
    """A package that Amazon must know."""

    order_id: str
    shipment: str
    carrier_code: str | None  # None: nobody has said what Amazon calls the carrier
    tracking: str
    ship_date: datetime
    packs: Mapping[str, int]


# --- sales orders ---------------------------------------------------------------------------------


def sale_differences(order: AmazonOrder, sale: SalesOrder, goods: Catalogue) -> list[Difference]:
    """Where a sales order does not say what the Amazon order says."""
    header = [
        Difference(name, wanted, found)
        for name, wanted, found in _header(order, sale, goods)
        if wanted != found
    ]
    return [*header, *_address(order, sale), *_lines(order, sale, goods), *_total(order, sale)]


def _header(
    order: AmazonOrder, sale: SalesOrder, goods: Catalogue
) -> Iterator[tuple[str, object, object]]:
    shop = goods.shop(order.marketplace_id)
    if order.company and shop is goods.shops[0]:  # as business_buyers.csv says
        own = sale.customer_code[: len(OWN_ACCOUNT)]
        yield "CustomerCode", OWN_ACCOUNT, own
    else:
        yield "CustomerCode", shop.customer_code, sale.customer_code
    yield "ExternalSystem", f"AMAZON:{order.marketplace_id}", sale.external_system
    yield "CurrencyCode", order.currency, sale.currency
    yield "CustomerPoNumber", order.po_number, sale.po_number
    if order.facilitator_tax and order.tax:
        yield "TaxCollectedBy", "marketplace", sale.tax_collected_by
    if sale.must_ship_by is not None and abs(sale.must_ship_by - order.ship_by) > _MILLISECOND:
        yield "MustShipBy", order.ship_by, sale.must_ship_by


def _address(order: AmazonOrder, sale: SalesOrder) -> Iterator[Difference]:
    for name, wanted in order.address.items():
        found = sale.address.get(name, "")
        if wanted != found:
            # What people are called and where they live is not for a report.
            yield Difference(f"ShipToAddress.{name}", f"{len(wanted)} characters", "another text")


def _lines(order: AmazonOrder, sale: SalesOrder, goods: Catalogue) -> Iterator[Difference]:
    sold: dict[str, list[Sold]] = defaultdict(list)
    for row in sale.lines:
        sold[row.ref.partition("#")[0]].append(row)
    for line in order.lines:
        yield from _line(line, sold.pop(line.item_id, []), goods, order)
    for ref, rows in sold.items():
        if any(row.units for row in rows):
            yield Difference(f"line {ref or rows[0].number}", "not there", "there")


def _line(
    line: Bought, rows: Sequence[Sold], goods: Catalogue, order: AmazonOrder
) -> Iterator[Difference]:
    sku, name = goods.sku(line.sku), f"line {line.item_id}"
    live = [row for row in rows if row.units]
    units = line.packs * sku.units_per_pack
    found_units = sum((row.units for row in rows), NOTHING)
    if found_units != units:
        yield Difference(f"{name} units", units, found_units)
    if not line.packs:
        return
    for row in live:
        if row.item != sku.product.item:
            yield Difference(f"{name} item", sku.product.item, row.item)
        if row.uom != sku.product.uom:
            yield Difference(f"{name} uom", sku.product.uom, row.uom)
    amounts: tuple[tuple[str, Decimal, Callable[[Sold], Decimal]], ...] = (
        ("extension", line.goods, lambda row: row.goods),
        ("discount", line.discount, lambda row: row.discount),
        ("freight", line.freight, lambda row: row.freight),
        ("gift wrap", line.gift_wrap, lambda row: row.gift_wrap),
        ("other charges", NOTHING, lambda row: row.other_charges),
    )
    if order.facilitator_tax:
        amounts += (("tax", NOTHING, lambda row: row.tax),)
    for what, wanted, read in amounts:
        found = sum((read(row) for row in live), NOTHING)
        if found != wanted:
            yield Difference(f"{name} {what}", wanted, found)


def _total(order: AmazonOrder, sale: SalesOrder) -> Iterator[Difference]:
    kept = order.tax if order.facilitator_tax else NOTHING
    if sale.total + kept != order.total:
        yield Difference("total with the marketplace's tax", order.total, sale.total + kept)


# --- packages -------------------------------------------------------------------------------------


def packages(
    shipment: Shipment, sale: SalesOrder, order: AmazonOrder, goods: Catalogue
) -> list[Package]:
    """What Amazon must be told about a shipment, in packs."""
    sizes = {line.item_id: goods.sku(line.sku).units_per_pack for line in order.lines}
    items = {row.number: row.ref.partition("#")[0] for row in sale.lines}
    found = []
    for parcel in shipment.parcels:
        units: dict[str, Decimal] = defaultdict(Decimal)
        for number, quantity in parcel.units.items():
            if items.get(number) in sizes:
                units[items[number]] += quantity
        packs = {item: int(quantity // sizes[item]) for item, quantity in units.items()}
        carrier = goods.carrier(parcel.carrier)
        found.append(
            Package(
                order.order_id,
                shipment.number,
                carrier.amazon_code if carrier else None,
                parcel.tracking,
                shipment.shipped_at,
                packs,
            )
        )
    return found


def package_differences(wanted: Package, found: Confirmed) -> list[Difference]:
    """Where a package at Amazon does not say what was shipped."""
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("carrierCode", wanted.carrier_code, found.carrier_code),
        ("trackingNumber", wanted.tracking, found.tracking),
        ("quantities", dict(wanted.packs), dict(found.packs)),
    )
    differences = [Difference(name, a, b) for name, a, b in pairs if a != b]
    if abs(wanted.ship_date - found.ship_date) >= timedelta(seconds=1):
        differences.append(Difference("shipDate", wanted.ship_date, found.ship_date))
    return differences


def pair(
    wanted: Sequence[Package], found: Sequence[Confirmed]
) -> tuple[list[tuple[Package, Confirmed]], list[Package], list[Confirmed]]:
    """Which package at Amazon stands for which: by tracking number, else by what is in it."""
    pairs: list[tuple[Package, Confirmed]] = []
    missing, left = list(wanted), list(found)
    tests: tuple[Callable[[Package, Confirmed], bool], ...] = (
        lambda a, b: a.tracking == b.tracking,
        lambda a, b: a.packs == b.packs and a.ship_date == b.ship_date,
        lambda a, b: a.packs == b.packs,
    )
    for fits in tests:
        for one in list(missing):
            other = next((package for package in left if fits(one, package)), None)
            if other is not None:
                pairs.append((one, other))
                missing.remove(one)
                left.remove(other)
    return pairs, missing, left

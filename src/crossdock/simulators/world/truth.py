"""What both companies themselves know, in one form: the truth that the verdict is taken from.

Only this file looks inside the simulators.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.amazon import AmazonSim, SimOrder
from crossdock.simulators.amazon.proceeds import grand_total, subtotals
from crossdock.simulators.tims import SimLine, SimSalesOrder, SimShipment, TimsSim

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bought:
    """An item of an Amazon order. Amounts are for the whole line; zero packs when cancelled."""

    item_id: str
    sku: str
    packs: int
    goods: Decimal
    discount: Decimal
    freight: Decimal
    gift_wrap: Decimal
    wants_to_cancel: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A package that Amazon was told of."""

    reference: str
    carrier_code: str
    tracking: str
    ship_date: datetime
    packs: Mapping[str, int]  # by item id


@dataclass(frozen=True, slots=True)
class AmazonOrder:
    """An order at Amazon."""

    order_id: str
    marketplace_id: str
    currency: str
    status: str
    fulfilled_by: str
    payable_at: datetime | None
    ship_by: datetime
    address: Mapping[str, str]
    po_number: str
    facilitator_tax: bool
    company: str  # of an Amazon Business buyer
    total: Decimal
    tax: Decimal
    lines: tuple[Bought, ...]
    packages: tuple[Confirmed, ...] = ()
    changes: tuple[str, ...] = ()  # what happened to it, in order


@dataclass(frozen=True, slots=True)
class Sold:
    """A line of a sales order, without what was cancelled."""

    number: int
    ref: str
    item: str
    uom: str
    units: Decimal
    goods: Decimal
    discount: Decimal
    freight: Decimal
    gift_wrap: Decimal
    other_charges: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class SalesOrder:
    """A sales order in TIMS."""

    number: str
    status: str
    customer_code: str
    external_system: str
    external_ref: str
    currency: str
    po_number: str
    tax_collected_by: str
    address: Mapping[str, str]
    must_ship_by: datetime | None
    total: Decimal
    lines: tuple[Sold, ...]
    created_at: datetime
    locked: bool = False  # was picked: TIMS lets nobody change or cancel it since


@dataclass(frozen=True, slots=True)
class Parcel:
    """A package of a shipment: units by line number."""

    number: str
    carrier: str
    tracking: str
    units: Mapping[int, Decimal]


@dataclass(frozen=True, slots=True)
class Shipment:
    """A shipment in TIMS."""

    number: str
    order_number: str
    status: str
    shipped_at: datetime
    parcels: tuple[Parcel, ...]


@dataclass(frozen=True, slots=True)
class Reservation:
    """Stock that TIMS holds for somebody now."""

    number: str
    external_ref: str
    item: str
    units: Decimal


@dataclass(frozen=True, slots=True)
class Truth:
    """Both companies at one moment."""

    at: datetime
    orders: Mapping[str, AmazonOrder]
    sales_orders: tuple[SalesOrder, ...]
    shipments: tuple[Shipment, ...]
    reservations: tuple[Reservation, ...]
    # What stood in the way, and until when; `at` while it still does.
    blocked_until: Mapping[str, datetime] = field(default_factory=dict)  # by item
    held_until: Mapping[str, datetime] = field(default_factory=dict)  # by customer on credit hold
    struck: Mapping[str, datetime] = field(default_factory=dict)  # fault -> when it did last

    @property
    def sales_of(self) -> Mapping[str, list[SalesOrder]]:
        """Sales orders that say they come from Amazon, by Amazon's order id."""
        found: dict[str, list[SalesOrder]] = defaultdict(list)
        for sale in self.sales_orders:
            if sale.external_system.startswith("AMAZON"):
                found[sale.external_ref].append(sale)
        return found

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def look(amazon: AmazonSim, tims: TimsSim, at: datetime) -> Truth:
    """The truth now."""
    return Truth(
        at=at,
        orders={order_id: _order(order) for order_id, order in amazon.orders.items()},
        sales_orders=tuple(_sales_order(order) for order in tims.orders.values()),
        shipments=tuple(_shipment(shipment) for shipment in tims.shipments.values()),
        reservations=tuple(
            Reservation(row.number, row.external_ref or "", row.item_number, row.qty)
            for row in tims.reservations.values()
            if row.status == "active"
        ),
        blocked_until=_until(
            at, ((x.item_number, not x.is_active, x.unblocked_at) for x in tims.items.values())
        ),
        held_until=_until(
            at,
            ((x.key, x.on_credit_hold, x.hold_lifted_at) for x in tims.customers.values()),
        ),
        struck={
            f"{name}.{fault.name}": fault.struck_at
            for name, faults in (("amazon", amazon.faults), ("tims", tims.faults))
            for fault in faults.all()
            if fault.struck_at is not None
        },
    )


def _until(
    at: datetime, things: Iterable[tuple[str, bool, datetime | None]]
) -> Mapping[str, datetime]:
    """Until when each thing stood in the way; those that never did are left out."""
    ends = ((name, at if still else ended) for name, still, ended in things)
    return {name: end for name, end in ends if end is not None}


def _order(order: SimOrder) -> AmazonOrder:
    to, business = order.buyer.address, order.business
    company = to.company or (business.company if business else "")
    payable = [e.at for e in order.history if e.status not in ("PENDING", "PENDING_AVAILABILITY")]
    bought = [line.line for line in order.lines]
    return AmazonOrder(
        order_id=order.order_id,
        marketplace_id=order.marketplace.id,
        currency=order.marketplace.currency,
        status=order.status,
        fulfilled_by=order.fulfilled_by,
        payable_at=payable[0] if payable else None,
        ship_by=order.ship_by,
        address={
            "Name": to.name,
            "CompanyName": company,
            "Line1": to.line1,
            "Line2": to.line2,
            "Line3": to.line3,
            "City": to.city,
            "State": to.state,
            "PostalCode": to.postal_code,
            "Country": to.country,
        },
        po_number=business.po_number if business else "",
        facilitator_tax=order.facilitator_tax,
        company=business.company if business else "",
        total=grand_total(bought),
        tax=sum((subtotals(line)["TAX"] for line in bought), NOTHING),
        lines=tuple(
            Bought(
                item_id=line.order_item_id,
                sku=line.line.sku,
                packs=0 if line.cancelled_by else line.quantity,
                goods=line.line.unit_price * line.quantity,
                discount=line.line.discount,
                freight=line.line.shipping - line.line.shipping_discount,
                gift_wrap=line.line.gift_wrap,
                wants_to_cancel=line.cancel_request is not None,
            )
            for line in order.lines
        ),
        packages=tuple(
            Confirmed(p.reference_id, p.carrier_code, p.tracking, p.ship_date, dict(p.items))
            for p in order.packages.values()
        ),
        changes=tuple(event.what for event in order.history),
    )


def _sales_order(order: SimSalesOrder) -> SalesOrder:
    header = order.header
    address = header.get("ShipToAddress") or {}
    return SalesOrder(
        number=order.order_number,
        status=order.status,
        customer_code=order.customer_code,
        external_system=order.external_system or "",
        external_ref=order.external_ref or "",
        currency=header["CurrencyCode"],
        po_number=header.get("CustomerPoNumber") or "",
        tax_collected_by=header["TaxCollectedBy"],
        address={name: str(value or "") for name, value in address.items()},
        must_ship_by=header.get("MustShipBy"),
        total=order.totals.total,
        lines=tuple(_sold(line) for line in order.lines),
        created_at=order.created_at,
        locked=any(status == "Picking" for _, status, _ in order.history),
    )


def _sold(line: SimLine) -> Sold:
    charges: dict[str, Decimal] = defaultdict(Decimal)
    for charge in line.charges:
        known = charge["Type"] if charge["Type"] in ("freight", "gift_wrap") else "other"
        charges[known] += charge["Amount"]
    return Sold(
        number=line.line_number,
        ref=line.external_line_ref or "",
        item=line.item_number,
        uom=line.uom,
        units=line.wanted,
        goods=line.extension,
        discount=line.discount,
        freight=charges["freight"],
        gift_wrap=charges["gift_wrap"],
        other_charges=charges["other"],
        tax=line.tax,
    )


def _shipment(shipment: SimShipment) -> Shipment:
    return Shipment(
        number=shipment.shipment_number,
        order_number=shipment.order_number,
        status=shipment.status,
        shipped_at=shipment.shipped_at,
        parcels=tuple(
            Parcel(
                p.number,
                p.carrier_code,
                p.tracking,
                {line: Decimal(units) for line, units in p.lines.items()},
            )
            for p in shipment.packages
        ),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(x) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(x) for x in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value

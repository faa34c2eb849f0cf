"""TIMS's documents, under TIMS's own field names.

What is read ignores fields we do not know; what is written refuses them, as TIMS does. Money and
quantities are decimal strings on the wire and Decimal here; a JSON number with a fraction is
refused, because it has already been through a float somewhere.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from pydantic import Field

from crossdock.connectors.tims.fields import Draft, Exact, Moment, Record, Rows, Words

PRE_SHIP: Final = frozenset({"Entered", "Allocated", "Backordered", "Held"})
"""An order in one of these can still be changed or cancelled."""

RELEASED: Final = frozenset(
    {"Allocated", "Backordered", "Picking", "PartiallyShipped", "Shipped", "Invoiced", "Completed"}
)
"""An order in one of these has been released, by us or by a person."""


# --- sales orders -------------------------------------------------------------------------------


class Address(Record):
    """Where goods or invoices go. Personal: never printed."""

    Name: Words = Field(default=None, repr=False)
    CompanyName: Words = Field(default=None, repr=False)
    Line1: Words = Field(default=None, repr=False)
    Line2: Words = Field(default=None, repr=False)
    Line3: Words = Field(default=None, repr=False)
    City: Words = Field(default=None, repr=False)
    State: Words = None
    PostalCode: Words = Field(default=None, repr=False)
    Country: Words = None
    Phone: Words = Field(default=None, repr=False)
    Email: Words = Field(default=None, repr=False)


class Charge(Record):
    """Freight, gift wrap and the like on a line."""

    Type: str
    Amount: Exact
    Description: str | None = None


class NewSalesOrderLine(Draft):
    """One line of an order to be entered. Discount and Tax are for the whole line."""

    ExternalLineRef: str
    ItemNumber: str
    Uom: str
    QtyOrdered: Exact
    UnitPrice: Exact
    Discount: Exact = Decimal(0)
    Tax: Exact
    OverrideBackorderQuantity: bool = False
    Charges: tuple[Charge, ...] = ()


class NewSalesOrder(Draft):
    """An order to be entered. `IdempotencyKey` is a header: the same key, the same order."""

    IdempotencyKey: str = Field(exclude=True, min_length=1)
    ExternalSystem: str
    ExternalRef: str
    OrderType: str = "standard"
    CustomerCode: str
    ShipToCode: str | None = None
    ShipToAddress: Address | None = None
    LocationId: str | None = None  # None: TIMS decides
    OrderDate: date
    RequestedShipDate: date | None = None
    MustShipBy: Moment | None = None
    CustomerPoNumber: Words = None
    BlanketPoNumber: Words = None
    SalesChannel: Words = None
    CurrencyCode: str
    TermsCode: str | None = None
    DiscountCode: str | None = None
    ChargesFixedByCaller: bool
    TaxCollectedBy: str  # tims | marketplace
    Notes: tuple[str, ...] = ()
    Lines: tuple[NewSalesOrderLine, ...] = Field(min_length=1)


class SalesOrderLine(Record):
    """One line as TIMS holds it."""

    LineNumber: int
    ItemNumber: str
    Uom: str | None = None
    ExternalLineRef: str | None = None
    QtyOrdered: Exact
    QtyAllocated: Exact = Decimal(0)
    QtyBackordered: Exact = Decimal(0)
    QtyShipped: Exact = Decimal(0)
    QtyInvoiced: Exact = Decimal(0)
    QtyCancelled: Exact = Decimal(0)
    UnitPrice: Exact
    Discount: Exact = Decimal(0)
    Tax: Exact = Decimal(0)
    OverrideBackorderQuantity: bool = False
    Charges: Rows[Charge] = ()
    SerialNumbers: Rows[str] = ()


class OrderTotals(Record):
    """TIMS's own sums of an order."""

    Lines: Exact
    Charges: Exact
    Tax: Exact
    Total: Exact


class SalesOrder(Record):
    """An order as TIMS holds it.

    `Adopted` is ours: True when a create found the order already there under the same reference.
    """

    OrderNumber: str
    Status: str
    RowVersion: int
    Id: str | None = None
    OrderType: str | None = None
    CustomerCode: str | None = None
    ShipToCode: str | None = None
    ShipToAddress: Address | None = None
    LocationId: str | None = None
    OrderDate: date | None = None
    RequestedShipDate: date | None = None
    MustShipBy: Moment | None = None
    CustomerPoNumber: str | None = None
    BlanketPoNumber: str | None = None
    SalesChannel: str | None = None
    ExternalSystem: str | None = None
    ExternalRef: str | None = None
    CurrencyCode: str | None = None
    TermsCode: str | None = None
    DiscountCode: str | None = None
    ChargesFixedByCaller: bool | None = None
    TaxCollectedBy: str | None = None
    Notes: Rows[str] = ()
    Totals: OrderTotals | None = None
    Lines: Rows[SalesOrderLine] = ()
    CreatedAt: Moment | None = None
    UpdatedAt: Moment | None = None
    IsActive: bool = True
    Adopted: bool = False


class LineChange(Draft):
    """New quantities of one line, named by our reference or by TIMS's number."""

    ExternalLineRef: str | None = None
    LineNumber: int | None = None
    QtyOrdered: Exact | None = None
    QtyCancelled: Exact | None = None
    Discount: Exact | None = None
    Tax: Exact | None = None
    Charges: tuple[Charge, ...] | None = None


class SalesOrderChange(Draft):
    """What an order shall say from now on; fields left None stay as they are.

    `RowVersion` is the version the change was made for; without it the current one is read first.
    """

    OrderNumber: str = Field(exclude=True)
    RowVersion: int | None = Field(default=None, exclude=True)
    ShipToAddress: Address | None = None
    RequestedShipDate: date | None = None
    MustShipBy: Moment | None = None
    CustomerPoNumber: str | None = None
    Notes: tuple[str, ...] | None = None
    Lines: tuple[LineChange, ...] | None = None


class OrderRef(Draft):
    """How our side names an order: AMAZON:{marketplace} and Amazon's order id."""

    ExternalSystem: str
    ExternalRef: str


class SalesOrderProblem(Record):
    """One thing TIMS would refuse."""

    pointer: str = ""
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class SalesOrderCheck:
    """TIMS's answer to a dry run; nothing was stored."""

    ok: bool
    problems: tuple[SalesOrderProblem, ...] = ()
    totals: OrderTotals | None = None


# --- shipments ----------------------------------------------------------------------------------


class PackageLine(Record):
    """How many of an order line are in a package."""

    LineNumber: int
    ItemNumber: str | None = None
    Qty: Exact
    ExternalLineRef: str | None = None


class Package(Record):
    """One parcel. Carrier fields are filled when the parcel has its own carrier."""

    PackageNumber: str
    TrackingNumber: str | None = None
    Weight: Exact | None = None
    CarrierCode: str | None = None
    CarrierName: str | None = None
    ServiceCode: str | None = None
    Lines: Rows[PackageLine] = ()


class Shipment(Record):
    """What left a location."""

    ShipmentNumber: str
    OrderNumber: str
    Status: str  # posted | voided
    RowVersion: int
    LocationId: str | None = None
    ShippedAt: Moment | None = None
    CarrierCode: str | None = None
    CarrierName: str | None = None
    ServiceCode: str | None = None
    Packages: Rows[Package] = ()
    CreatedAt: Moment | None = None
    UpdatedAt: Moment | None = None


# --- customers, items, stock --------------------------------------------------------------------


class NewCustomer(Draft):
    """A customer to be opened under a code that we choose."""

    CustomerCode: str
    CompanyName: str
    ContactName: str | None = Field(default=None, repr=False)
    Email: str | None = Field(default=None, repr=False)
    Phone: str | None = Field(default=None, repr=False)
    BillTo: Address | None = None
    TermsCode: str | None = None
    PriceClass: str | None = None
    DiscountCode: str | None = None
    CustomerType: str = "marketplace"


class Customer(Record):
    """An account in TIMS; its key is a code."""

    CustomerCode: str
    CompanyName: str | None = None
    RowVersion: int = 0
    ContactName: str | None = Field(default=None, repr=False)
    Email: str | None = Field(default=None, repr=False)
    Phone: str | None = Field(default=None, repr=False)
    BillTo: Address | None = None
    TermsCode: str | None = None
    PriceClass: str | None = None
    DiscountCode: str | None = None
    CreditLimit: Exact | None = None
    OnCreditHold: bool = False
    IsBlanketPoRequired: bool = False
    CustomerType: str | None = None
    IsActive: bool = True


class ItemUom(Record):
    """A unit an item is sold in."""

    Uom: str
    ConversionToBase: Exact = Decimal(1)
    Gtin: str | None = None


class Item(Record):
    """TIMS's inventory item."""

    ItemNumber: str
    RowVersion: int = 0
    Description: str | None = None
    ItemClass: str | None = None
    Brand: str | None = None
    Gtin: str | None = None
    Uoms: Rows[ItemUom] = ()
    Status: str | None = None  # active | discontinued | blocked
    IsActive: bool = True


class StockRow(Record):
    """What one location has of one item."""

    ItemNumber: str
    LocationId: str
    Uom: str | None = None
    OnHand: Exact
    Allocated: Exact = Decimal(0)
    BackOrdered: Exact = Decimal(0)
    InTransit: Exact = Decimal(0)
    OnPurchaseOrder: Exact = Decimal(0)
    NextReceiptDate: date | None = None
    Quarantined: Exact = Decimal(0)
    Available: Exact
    RowVersion: int = 0
    CountedAt: Moment | None = None
    UpdatedAt: Moment | None = None


class StockQuery(Draft):
    """Which items' stock is asked for; of every location when none is named."""

    ItemNumbers: tuple[str, ...]
    LocationId: str | None = None


class NewReservation(Draft):
    """Hold stock for an order that is not payable yet."""

    ItemNumber: str
    LocationId: str | None = None
    Uom: str | None = None  # None: the item's base unit
    Qty: Exact


class NewReservations(Draft):
    """Everything to be held under one reference; the same call again changes nothing."""

    ExternalRef: str
    ExpiresAt: Moment
    Lines: tuple[NewReservation, ...]


class Reservation(Record):
    """Stock held."""

    Id: str
    ItemNumber: str
    LocationId: str | None = None
    Uom: str | None = None
    Qty: Exact  # in base units
    ExternalRef: str | None = None
    ExpiresAt: Moment | None = None
    Status: str | None = None  # active | consumed | released | expired
    RowVersion: int = 0


@dataclass(frozen=True, slots=True)
class Reservations:
    """What is held under a reference now, and what TIMS could not hold for want of stock."""

    external_ref: str
    held: tuple[Reservation, ...] = ()
    short: tuple[NewReservation, ...] = ()


# --- the site ------------------------------------------------------------------------------------


class Meta(Record):
    """What the site says about itself."""

    ProductVersion: str | None = None
    ApiVersion: str | None = None
    Company: str | None = None
    TimeZone: str | None = None
    BaseCurrency: str | None = None
    Settings: dict[str, Any] = Field(default_factory=dict)
    Scopes: tuple[str, ...] | None = None


class Webhook(Record):
    """A registered webhook; TIMS never tells its secret again."""

    Id: str
    Url: str
    Events: tuple[str, ...] = ()
    IsActive: bool = True

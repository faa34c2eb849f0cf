"""Amazon's documents with Amazon's own field names: Orders 2026-01-01, shipment confirmation,
sellers, notifications, errors. Parts of them are in `parties.py`, `items.py` and `fields.py`.

Unknown fields are ignored and unknown words kept as text, since Amazon adds both without notice.
What only some roles may see is None. Fields with personal data do not show in `repr`.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from crossdock.connectors.amazon.fields import (
    AmazonMoney,
    DateTimeRange,
    Draft,
    Moment,
    Personal,
    Record,
)
from crossdock.connectors.amazon.items import OrderItem
from crossdock.connectors.amazon.parties import Buyer, CustomerAddress, Recipient


class Alias(Record):
    aliasId: str
    aliasType: str  # SELLER_ORDER_ID


class AssociatedOrder(Record):
    orderId: str | None = None
    associationType: str | None = None  # REPLACEMENT_ORIGINAL_ID | EXCHANGE_ORIGINAL_ID


class SalesChannel(Record):
    channelName: str  # AMAZON | NON_AMAZON
    marketplaceId: str | None = None
    marketplaceName: str | None = None


class OrderProceedsBreakdown(Record):
    type: str  # ITEM SHIPPING GIFT_WRAP COD_FEE TAX DISCOUNT DELIVERY_TIP OTHER
    status: str | None = None  # PENDING | FINALIZED
    subtotal: AmazonMoney


class OrderProceeds(Record):
    grandTotal: AmazonMoney | None = None
    breakdowns: tuple[OrderProceedsBreakdown, ...] = ()


class PaymentExecution(Record):
    paymentMethod: str | None = None
    paymentAmount: AmazonMoney | None = None
    acquirerId: Personal = None
    cardBrand: Personal = None
    authorizationCode: Personal = None


class OrderPayment(Record):
    paymentExecutions: tuple[PaymentExecution, ...] = ()


class TaxRegistrationAttribute(Record):
    key: str | None = None
    value: Personal = None


class OrderTaxRegistration(Record):
    entityType: str | None = None  # BUYER | MERCHANT | MARKETPLACE
    legalName: Personal = None
    taxRegistrationType: str | None = None
    taxRegistrationNumber: Personal = None
    taxRegistrationAddress: CustomerAddress | None = None
    taxRegistrationAttributes: tuple[TaxRegistrationAttribute, ...] = ()


class OrderTaxInvoicing(Record):
    buyerInvoicePreference: str | None = None
    invoiceStatus: str | None = None


class OrderTax(Record):
    taxRegistrations: tuple[OrderTaxRegistration, ...] = ()
    taxInvoicing: OrderTaxInvoicing | None = None


class OrderFulfillment(Record):
    fulfillmentStatus: str  # PENDING_AVAILABILITY PENDING UNSHIPPED PARTIALLY_SHIPPED SHIPPED ...
    fulfilledBy: str | None = None  # AMAZON | MERCHANT
    fulfillmentServiceLevel: str | None = None
    shipByWindow: DateTimeRange | None = None
    deliverByWindow: DateTimeRange | None = None
    labelPrintingWindow: DateTimeRange | None = None


class FulfillmentOrder(Record):
    fulfillmentOrderId: str


class MerchantAddress(Record):
    """Where a package left from."""

    name: str | None = None
    addressLine1: str | None = None
    addressLine2: str | None = None
    addressLine3: str | None = None
    city: str | None = None
    districtOrCounty: str | None = None
    stateOrRegion: str | None = None
    municipality: str | None = None
    postalCode: str | None = None
    countryCode: str | None = None


class PackageStatus(Record):
    status: str  # PENDING IN_TRANSIT SHIPPED DELIVERED CANCELLED UNDELIVERABLE
    detailedStatus: str | None = None


class PackageItem(Record):
    orderItemId: str
    quantity: int
    transparencyCodes: tuple[str, ...] = ()


class OrderPackage(Record):
    """A package that Amazon knows of."""

    packageReferenceId: str
    createdTime: Moment | None = None
    packageStatus: PackageStatus | None = None
    carrier: str | None = None
    shipTime: Moment | None = None
    shippingService: str | None = None
    trackingNumber: str | None = None
    shipFromAddress: MerchantAddress | None = None
    packageItems: tuple[PackageItem, ...] = ()


class Order(Record):
    """An order as it stands."""

    orderId: str
    orderAliases: tuple[Alias, ...] = ()
    createdTime: Moment
    lastUpdatedTime: Moment
    programs: tuple[str, ...] = ()
    associatedOrders: tuple[AssociatedOrder, ...] = ()
    salesChannel: SalesChannel
    buyer: Buyer | None = None
    recipient: Recipient | None = None
    proceeds: OrderProceeds | None = None
    payment: OrderPayment | None = None
    tax: OrderTax | None = None
    fulfillment: OrderFulfillment | None = None
    orderItems: tuple[OrderItem, ...]
    packages: tuple[OrderPackage, ...] = ()
    fulfillmentOrders: tuple[FulfillmentOrder, ...] = ()


class GetOrderResponse(Record):
    order: Order


class Pagination(Record):
    nextToken: str | None = None


class SearchOrdersResponse(Record):
    """One page; the bound is the time until which the whole search is complete."""

    orders: tuple[Order, ...]
    pagination: Pagination | None = None
    lastUpdatedBefore: Moment | None = None
    createdBefore: Moment | None = None

    @property
    def next_token(self) -> str | None:
        """For the next page; None on the last one."""
        return (self.pagination.nextToken or None) if self.pagination else None


# --- telling that an order shipped ---------------------------------------------------------------

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ConfirmedItem(Draft):
    """Units of an item in a package."""

    orderItemId: Text
    quantity: Annotated[int, Field(gt=0)]
    transparencyCodes: tuple[str, ...] = ()


class PackageDetail(Draft):
    """One package; the same packageReferenceId again corrects it."""

    packageReferenceId: Annotated[str, StringConstraints(pattern=r"^[0-9]*[1-9][0-9]*$")]
    carrierCode: Text
    carrierName: str | None = None
    shippingMethod: str | None = None
    trackingNumber: Text
    shipDate: Moment
    shipFromSupplySourceId: str | None = None
    orderItems: Annotated[tuple[ConfirmedItem, ...], Field(min_length=1)]


class ShipmentConfirmation(Draft):
    """The packages of one shipment of one order; each becomes a call of its own."""

    orderId: Text
    marketplaceId: Text
    packages: Annotated[tuple[PackageDetail, ...], Field(min_length=1)]
    codCollectionMethod: str | None = None  # DirectPayment, Japan only


class Confirmed(Record):
    """What Amazon has accepted. `found` are packages that stood already when we looked."""

    orderId: str
    packageReferenceIds: tuple[str, ...]
    found: tuple[str, ...] = ()


# --- sellers and notifications -------------------------------------------------------------------


class Marketplace(Record):
    id: str
    name: str
    countryCode: str
    defaultCurrencyCode: str


class Participation(Record):
    isParticipating: bool
    hasSuspendedListings: bool


class MarketplaceParticipation(Record):
    marketplace: Marketplace
    participation: Participation
    storeName: str | None = None


class SqsResource(Record):
    arn: str


class DestinationResource(Record):
    sqs: SqsResource | None = None
    eventBridge: Mapping[str, Any] | None = None


class Destination(Record):
    destinationId: str
    name: str
    resource: DestinationResource


class Subscription(Record):
    subscriptionId: str
    payloadVersion: str
    destinationId: str
    processingDirective: Mapping[str, Any] | None = None


class Participations(Record):
    payload: tuple[MarketplaceParticipation, ...] = ()


class DestinationAnswer(Record):
    payload: Destination


class DestinationsAnswer(Record):
    payload: tuple[Destination, ...] = ()


class SubscriptionAnswer(Record):
    payload: Subscription


# --- errors --------------------------------------------------------------------------------------


class Error(Record):
    code: str = ""
    message: str = ""
    details: str = ""


class ErrorList(Record):
    errors: tuple[Error, ...] = Field(min_length=1)


class Token(Record):
    """Login with Amazon's answer."""

    access_token: Annotated[str, Field(min_length=1, repr=False)]
    token_type: str = "bearer"  # noqa: S105 - a kind, not a secret
    expires_in: Annotated[int, Field(gt=0)]


class OAuthError(Record):
    error: str
    error_description: str = ""

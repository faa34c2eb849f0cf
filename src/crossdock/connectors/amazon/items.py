"""The lines of an Amazon order, with Amazon's own field names (Orders 2026-01-01)."""
# ruff: noqa: N815  (fields keep Amazon's own spelling)

from crossdock.connectors.amazon.fields import (
    AmazonMoney,
    DateTimeRange,
    Measurement,
    Personal,
    Record,
)


class AssociatedOrderItem(Record):
    orderId: str | None = None
    orderItemId: str | None = None
    associationType: str | None = None


class ItemCondition(Record):
    conditionType: str | None = None
    conditionSubtype: str | None = None
    conditionNote: str | None = None


class ItemPrice(Record):
    unitPrice: AmazonMoney | None = None
    priceDesignation: str | None = None  # BUSINESS_PRICE


class ItemCustomization(Record):
    customizedUrl: Personal = None


class ItemProduct(Record):
    asin: str | None = None
    title: str | None = None
    sellerSku: str | None = None
    condition: ItemCondition | None = None
    price: ItemPrice | None = None
    serialNumbers: tuple[str, ...] = ()
    customization: ItemCustomization | None = None


class ItemProceedsDetailedBreakdown(Record):
    subtype: str | None = None  # ITEM SHIPPING GIFT_WRAP COD_FEE OTHER DISCOUNT
    value: AmazonMoney | None = None


class ItemProceedsBreakdown(Record):
    type: str  # ITEM SHIPPING GIFT_WRAP COD_FEE OTHER TAX DISCOUNT
    subtotal: AmazonMoney
    detailedBreakdowns: tuple[ItemProceedsDetailedBreakdown, ...] = ()


class ItemProceeds(Record):
    proceedsTotal: AmazonMoney | None = None
    breakdowns: tuple[ItemProceedsBreakdown, ...] = ()


class PointsGranted(Record):
    pointsNumber: int | None = None
    pointsMonetaryValue: AmazonMoney | None = None


class ItemPointsCost(Record):
    pointsGranted: PointsGranted | None = None


class ItemExpense(Record):
    pointsCost: ItemPointsCost | None = None


class ItemPromotionBreakdown(Record):
    promotionId: str | None = None


class ItemPromotion(Record):
    breakdowns: tuple[ItemPromotionBreakdown, ...] = ()


class ItemCancellationRequest(Record):
    requester: str | None = None  # BUYER
    cancelReason: Personal = None


class ItemCancellationExecution(Record):
    cancelledBy: str | None = None  # BUYER | MERCHANT | AMAZON
    cancelReason: Personal = None


class ItemCancellation(Record):
    """What the buyer asked for, and what was done."""

    cancellationRequest: ItemCancellationRequest | None = None
    cancellationExecution: ItemCancellationExecution | None = None


class ItemSubstitutionOption(Record):
    asin: str | None = None
    quantityOrdered: int | None = None
    sellerSku: str | None = None
    title: str | None = None
    measurement: Measurement | None = None


class ItemSubstitutionPreference(Record):
    substitutionType: str
    substitutionOptions: tuple[ItemSubstitutionOption, ...] = ()


class ItemPicking(Record):
    substitutionPreference: ItemSubstitutionPreference | None = None


class GiftOption(Record):
    giftMessage: Personal = None
    giftWrapLevel: str | None = None


class SerialNumberRequirement(Record):
    requirementType: str | None = None  # REQUIRED


class ItemPacking(Record):
    giftOption: GiftOption | None = None
    serialNumberRequirement: SerialNumberRequirement | None = None


class ItemShippingConstraints(Record):
    """MANDATORY or absent."""

    palletDelivery: str | None = None
    cashOnDelivery: str | None = None
    signatureConfirmation: str | None = None
    recipientIdentityVerification: str | None = None
    recipientAgeVerification: str | None = None


class ItemInternationalShipping(Record):
    iossNumber: str | None = None


class ItemShipping(Record):
    scheduledDeliveryWindow: DateTimeRange | None = None
    shippingConstraints: ItemShippingConstraints | None = None
    internationalShipping: ItemInternationalShipping | None = None


class ItemFulfillment(Record):
    quantityFulfilled: int | None = None
    quantityUnfulfilled: int | None = None
    picking: ItemPicking | None = None
    packing: ItemPacking | None = None
    shipping: ItemShipping | None = None


class ItemTaxCalculationBreakdown(Record):
    reportingScheme: str | None = None  # UOSS | IOSS


class ItemTaxCollection(Record):
    model: str | None = None  # MARKETPLACE_FACILITATOR
    responsibleParty: str | None = None


class ItemTax(Record):
    taxCalculationBreakdowns: tuple[ItemTaxCalculationBreakdown, ...] = ()
    taxCollections: tuple[ItemTaxCollection, ...] = ()


class OrderItem(Record):
    """One line. `orderItemId` is the only key: an ASIN or SKU may come twice in an order."""

    orderItemId: str
    quantityOrdered: int
    measurement: Measurement | None = None
    associatedOrderItems: tuple[AssociatedOrderItem, ...] = ()
    programs: tuple[str, ...] = ()
    product: ItemProduct
    proceeds: ItemProceeds | None = None
    expense: ItemExpense | None = None
    promotion: ItemPromotion | None = None
    cancellation: ItemCancellation | None = None
    fulfillment: ItemFulfillment | None = None
    tax: ItemTax | None = None

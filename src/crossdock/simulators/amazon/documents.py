"""An order as Amazon shows it: which data was asked for, which roles the application holds, and
what the order's state still allows to be shown.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

from crossdock.simulators.amazon.people import Address
from crossdock.simulators.amazon.proceeds import item_proceeds, money, order_proceeds
from crossdock.simulators.amazon.state import (
    CANCELLED,
    NOT_PAYABLE_YET,
    PARTIALLY_SHIPPED,
    SHIPPED,
    UNSHIPPED,
    Package,
    SimLine,
    SimOrder,
    timestamp,
)

INCLUDED_DATA = (
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
)

ROLES = (
    "direct-to-consumer",  # Direct-to-Consumer Delivery (restricted)
    "tax",  # Tax Invoicing or Tax Remittance (restricted)
    "orders",  # Inventory and Order Tracking
    "fulfillment",
    "buyer-communication",
    "buyer-solicitation",
    "finance",
    "pricing",
    "listing",
    "insights",
    "professional-services",
)

_EMAIL_SHOWN = frozenset({UNSHIPPED, PARTIALLY_SHIPPED, SHIPPED})
_NO_FBA_NAMES = frozenset({"US", "JP", "SG"})


def order_document(
    order: SimOrder,
    included: Collection[str],
    roles: Collection[str],
    now: datetime,
    discount_sign: int = 1,
) -> dict[str, Any]:
    """The order with the data asked for, personal data only as far as roles and status allow."""
    priced = order.status not in NOT_PAYABLE_YET and order.status != CANCELLED
    document: dict[str, Any] = {
        "orderId": order.order_id,
        "createdTime": timestamp(order.created),
        "lastUpdatedTime": timestamp(order.updated),
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": order.marketplace.id,
            "marketplaceName": order.marketplace.name,
        },
    }
    if order.programs:
        document["programs"] = list(order.programs)
    if order.replaces:
        document["associatedOrders"] = [
            {"orderId": order.replaces, "associationType": "REPLACEMENT_ORIGINAL_ID"}
        ]
    document.update(_order_data(order, included, roles, now))
    if priced and "PROCEEDS" in included:
        lines = [line.line for line in order.lines]
        document["proceeds"] = order_proceeds(lines, order.marketplace.currency, discount_sign)
    document["orderItems"] = [
        _item(order, line, included, roles, discount_sign if priced else 0) for line in order.lines
    ]
    return document


def asin_of(sku: str) -> str:
    """A made-up but steady ASIN for a SKU."""
    return "B0" + hashlib.sha256(sku.encode()).hexdigest()[:8].upper()


def _order_data(
    order: SimOrder, included: Collection[str], roles: Collection[str], now: datetime
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    people_known = order.status not in NOT_PAYABLE_YET
    if "BUYER" in included and people_known:
        data["buyer"] = _buyer(order, roles)
    if "RECIPIENT" in included and people_known:
        address = _address(order, roles, now)
        data["recipient"] = {"deliveryAddress": address}
    if "FULFILLMENT" in included:
        data["fulfillment"] = _fulfillment(order)
    if "PACKAGES" in included and order.fulfilled_by == "MERCHANT":
        shown = (p for p in order.packages.values() if not hidden(p, now))
        data["packages"] = [_package(package) for package in shown]
    if "TAX" in included and order.business and order.business.vat_number and "tax" in roles:
        data["tax"] = {
            "taxRegistrations": [
                {
                    "entityType": "BUYER",
                    "legalName": order.business.company,
                    "taxRegistrationType": "VAT",
                    "taxRegistrationNumber": order.business.vat_number,
                }
            ]
        }
    return data


def hidden(package: Package, now: datetime) -> bool:
    """True while readers do not see the package yet."""
    return package.visible_from is not None and now < package.visible_from


def _buyer(order: SimOrder, roles: Collection[str]) -> dict[str, str]:
    by_merchant = order.fulfilled_by == "MERCHANT"
    if by_merchant:
        name_shown = "direct-to-consumer" in roles or "tax" in roles
    else:
        name_shown = "tax" in roles and order.marketplace.country not in _NO_FBA_NAMES
    buyer: dict[str, str] = {}
    if name_shown and order.status != CANCELLED:
        buyer["buyerName"] = order.buyer.name
    if by_merchant and order.status in _EMAIL_SHOWN and "direct-to-consumer" in roles:
        buyer["buyerEmail"] = order.buyer.email
    if order.business:
        buyer["buyerCompanyName"] = order.business.company
        if order.business.po_number:
            buyer["buyerPurchaseOrderNumber"] = order.business.po_number
    return buyer


def _address(order: SimOrder, roles: Collection[str], now: datetime) -> dict[str, str]:
    address = order.buyer.address
    shown = {
        "companyName": address.company,
        "city": address.city,
        "districtOrCounty": address.county,
        "stateOrRegion": address.state,
        "countryCode": address.country,
        "addressType": address.kind,
    }
    by_merchant = order.fulfilled_by == "MERCHANT"
    if by_merchant and order.status != CANCELLED and "direct-to-consumer" in roles:
        shown.update(_personal(address))
        if late_phone(order, now):
            shown.pop("phone")
    return {name: value for name, value in shown.items() if value}


def late_phone(order: SimOrder, now: datetime) -> bool:
    """Phones of shipped orders are withheld after the latest delivery date."""
    return order.status == SHIPPED and now > order.deliver_by


def _personal(address: Address) -> dict[str, str]:
    return {
        "name": address.name,
        "addressLine1": address.line1,
        "addressLine2": address.line2,
        "addressLine3": address.line3,
        "postalCode": address.postal_code,
        "phone": address.phone,
    }


def _fulfillment(order: SimOrder) -> dict[str, Any]:
    return {
        "fulfillmentStatus": order.status,
        "fulfilledBy": order.fulfilled_by,
        "fulfillmentServiceLevel": order.service_level,
        "shipByWindow": _window(order.ship_from, order.ship_by),
        "deliverByWindow": _window(order.deliver_from, order.deliver_by),
    }


def _window(earliest: datetime, latest: datetime) -> dict[str, str]:
    return {"earliestDateTime": timestamp(earliest), "latestDateTime": timestamp(latest)}


def _package(package: Package) -> dict[str, Any]:
    items: list[dict[str, Any]] = []
    for order_item_id, quantity in package.items.items():
        item: dict[str, Any] = {"orderItemId": order_item_id, "quantity": quantity}
        if codes := package.transparency_codes.get(order_item_id):
            item["transparencyCodes"] = codes
        items.append(item)
    document: dict[str, Any] = {
        "packageReferenceId": package.reference_id,
        "createdTime": timestamp(package.confirmed_at),
        "packageStatus": {"status": "DELIVERED" if package.delivered else "SHIPPED"},
        "carrier": package.carrier_name or package.carrier_code,
        "shipTime": timestamp(package.ship_date),
        "trackingNumber": package.tracking,
        "packageItems": items,
    }
    if package.method:
        document["shippingService"] = package.method
    return document


def _item(
    order: SimOrder,
    line: SimLine,
    included: Collection[str],
    roles: Collection[str],
    discount_sign: int,
) -> dict[str, Any]:
    """One order item; `discount_sign` 0 means that no price is shown."""
    bought, currency = line.line, order.marketplace.currency
    item: dict[str, Any] = {
        "orderItemId": line.order_item_id,
        "quantityOrdered": bought.quantity,
        "product": _product(order, line, roles, priced=bool(discount_sign)),
    }
    if discount_sign and "PROCEEDS" in included:
        item["proceeds"] = item_proceeds(bought, currency, discount_sign)
    if "PROMOTION" in included and bought.promotions:
        item["promotion"] = {"breakdowns": [{"promotionId": name} for name in bought.promotions]}
    if "CANCELLATION" in included and (cancellation := _cancellation(line)):
        item["cancellation"] = cancellation
    if "FULFILLMENT" in included:
        item["fulfillment"] = _item_fulfillment(order, line, roles)
    if "TAX" in included and order.facilitator_tax and bought.tax + bought.shipping_tax:
        party = f"Amazon Services ({order.marketplace.country})"
        collection = {"model": "MARKETPLACE_FACILITATOR", "responsibleParty": party}
        item["tax"] = {"taxCollections": [collection]}
    return item


def _product(
    order: SimOrder, line: SimLine, roles: Collection[str], *, priced: bool
) -> dict[str, Any]:
    bought = line.line
    product: dict[str, Any] = {
        "asin": bought.asin or asin_of(bought.sku),
        "title": bought.title or f"Item {bought.sku}",
        "sellerSku": bought.sku,
        "condition": {"conditionType": bought.condition, "conditionSubtype": bought.condition},
    }
    if priced:
        price: dict[str, Any] = {"unitPrice": money(bought.unit_price, order.marketplace.currency)}
        if bought.business_price:
            price["priceDesignation"] = "BUSINESS_PRICE"
        product["price"] = price
    if bought.customized_url and "direct-to-consumer" in roles:
        product["customization"] = {"customizedUrl": bought.customized_url}
    return product


def _cancellation(line: SimLine) -> dict[str, Any]:
    cancellation: dict[str, Any] = {}
    if line.cancel_request is not None:
        request = {"requester": "BUYER", "cancelReason": line.cancel_request}
        cancellation["cancellationRequest"] = request
    if line.cancelled_by is not None:
        execution = {"cancelledBy": line.cancelled_by, "cancelReason": line.cancel_reason}
        cancellation["cancellationExecution"] = execution
    return cancellation


def _item_fulfillment(order: SimOrder, line: SimLine, roles: Collection[str]) -> dict[str, Any]:
    bought = line.line
    done = bought.quantity if order.status == SHIPPED else order.shipped(line.order_item_id)
    open_units = 0 if order.status == CANCELLED else bought.quantity - done
    fulfillment: dict[str, Any] = {"quantityFulfilled": done, "quantityUnfulfilled": open_units}
    gift: dict[str, str] = {}
    if bought.gift_wrap_level:
        gift["giftWrapLevel"] = bought.gift_wrap_level
    if bought.gift_message and "direct-to-consumer" in roles:
        gift["giftMessage"] = bought.gift_message
    if gift:
        fulfillment["packing"] = {"giftOption": gift}
    return fulfillment

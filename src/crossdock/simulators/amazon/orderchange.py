"""The ORDER_CHANGE notification: an order's change in the words of the old Orders API."""

import json
from datetime import datetime
from typing import Any

from crossdock.simulators.amazon.state import (
    CANCELLED,
    NOT_PAYABLE_YET,
    SHIPPED,
    SimLine,
    SimOrder,
    timestamp,
)

TYPE = "ORDER_CHANGE"

_OLD_WORDS = {
    "PENDING_AVAILABILITY": "PendingAvailability",
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "PartiallyShipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
    "UNFULFILLABLE": "Unfulfillable",
}
_OLD_PROGRAMS = {"AMAZON_BUSINESS": "Business", "PRIME": "Prime", "PREMIUM": "Premium"}


def order_change(order: SimOrder, change: str, reason: str) -> dict[str, Any]:
    """The payload."""
    return {
        "OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": order.seller_id,
            "AmazonOrderId": order.order_id,
            "OrderChangeType": change,
            "OrderChangeTrigger": {
                "TimeOfOrderChange": timestamp(order.updated),
                "ChangeReason": reason,
            },
            "Summary": _summary(order),
        }
    }


def notification(
    kind: str, payload: dict[str, Any], now: datetime, *, subscription_id: str, notification_id: str
) -> dict[str, Any]:
    """The payload in Amazon's frame."""
    moment = timestamp(now)
    return {
        "NotificationVersion": "1.0",
        "NotificationType": kind,
        "PayloadVersion": "1.0",
        "EventTime": moment,
        "Payload": payload,
        "NotificationMetadata": {
            "ApplicationId": "amzn1.sp.solution.rehearsal",
            "SubscriptionId": subscription_id,
            "PublishTime": moment,
            "NotificationId": notification_id,
        },
    }


def envelope(shape: str, body: dict[str, Any], *, aws_region: str, event_id: str) -> str:
    """As it lies in the queue: bare, or as EventBridge forwards it with the body under `detail`."""
    if shape == "eventbridge":
        body = {
            "version": "0",
            "id": event_id,
            "detail-type": body["NotificationType"],
            "source": "aws.partner/sellingpartnerapi.amazon.com/amzn1.sp.solution.rehearsal",
            "account": "000000000000",
            "time": body["EventTime"],
            "region": aws_region,
            "resources": [],
            "detail": body,
        }
    return json.dumps(body, separators=(",", ":"))


def _summary(order: SimOrder) -> dict[str, Any]:
    by_merchant = order.fulfilled_by == "MERCHANT"
    shipped = order.units if order.status == SHIPPED else order.units_shipped
    known = by_merchant and order.status not in NOT_PAYABLE_YET
    summary: dict[str, Any] = {
        "MarketplaceId": order.marketplace.id,
        "OrderStatus": _OLD_WORDS[order.status],
        "PurchaseDate": timestamp(order.created),
        "DestinationPostalCode": order.buyer.address.postal_code or None if known else None,
        "FulfillmentType": "MFN" if by_merchant else "AFN",
        "OrderType": "Preorder" if "PREORDER" in order.programs else "StandardOrder",
        "NumberOfItemsShipped": shipped,
        "NumberOfItemsUnshipped": 0 if order.status == CANCELLED else order.units - shipped,
        "EarliestShipDate": timestamp(order.ship_from),
        "LatestShipDate": timestamp(order.ship_by),
    }
    if by_merchant:
        summary["EarliestDeliveryDate"] = timestamp(order.deliver_from)
    if known and order.status != CANCELLED:
        summary["LatestDeliveryDate"] = timestamp(order.deliver_by)
    programs = [_OLD_PROGRAMS[name] for name in order.programs if name in _OLD_PROGRAMS]
    if order.replaces:
        programs.append("Replacement")
    if programs:
        summary["OrderPrograms"] = programs
    summary["OrderItems"] = [_item(order, line) for line in order.lines]
    return summary


def _item(order: SimOrder, line: SimLine) -> dict[str, Any]:
    shipped = line.quantity if order.status == SHIPPED else order.shipped(line.order_item_id)
    return {
        "OrderItemId": line.order_item_id,
        "SellerSKU": line.line.sku,
        "SupplySourceId": None,
        "OrderItemStatus": "Shipped" if 0 < line.quantity <= shipped else "Unshipped",
        "Quantity": line.quantity,
        "QuantityShipped": shipped,
        "IsBuyerRequestedCancel": line.cancel_request is not None,
    }

"""Notifications API v1: destinations (per application), subscriptions (per seller), publishing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossdock.simulators.amazon import orderchange
from crossdock.simulators.amazon.company import Call, ChangeType, Company
from crossdock.simulators.amazon.marketplaces import AWS_REGION
from crossdock.simulators.amazon.outbox import Outbox
from crossdock.simulators.amazon.replies import Refusal, answer, invalid, not_found
from crossdock.simulators.amazon.state import SimOrder
from crossdock.simulators.wire import Reply

# What can be subscribed to, with the payload version and whether a queue may receive it.
TYPES = {
    "ORDER_CHANGE": ("1.0", "sqs"),
    "FEED_PROCESSING_FINISHED": ("2020-09-04", "sqs"),
    "REPORT_PROCESSING_FINISHED": ("2020-09-04", "sqs"),
    "TRANSACTION_UPDATE": ("1.0", "sqs"),
    "FBA_INVENTORY_AVAILABILITY_CHANGES": ("1.0", "sqs"),
    "FULFILLMENT_ORDER_STATUS": ("1.0", "sqs"),
    "PRICING_HEALTH": ("1.0", "sqs"),
    "LISTINGS_ITEM_STATUS_CHANGE": ("1.0", "eventBridge"),
    "LISTINGS_ITEM_ISSUES_CHANGE": ("2023-12-13", "eventBridge"),
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": ("1.0", "eventBridge"),
}

QUANTITY = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
_ARN = re.compile(r"arn:aws:sqs:\S+:\S+:\S+")
_ORDER_CHANGES = frozenset({"BuyerRequestedChange", "DeliveryTipChange", "OrderStatusChange"})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where notifications go."""

    destination_id: str
    name: str
    kind: str  # "sqs" or "eventBridge"
    resource: Mapping[str, str]

    @property
    def target(self) -> str:
        """The queue's ARN, or the name of the event source."""
        return self.resource["arn"] if self.kind == "sqs" else self.resource["name"]

    def document(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "destinationId": self.destination_id,
            "name": self.name,
            "resource": {self.kind: dict(self.resource)},
        }


@dataclass(frozen=True, slots=True)
class Subscription:
    """One seller's wish to hear of one kind of event."""

    subscription_id: str
    seller_id: str
    kind: str
    payload_version: str
    destination: Destination
    directive: Mapping[str, Any] | None

    def document(self) -> dict[str, Any]:
        """As the API shows it."""
        shown: dict[str, Any] = {
            "subscriptionId": self.subscription_id,
            "payloadVersion": self.payload_version,
            "destinationId": self.destination.destination_id,
        }
        if self.directive is not None:
            shown["processingDirective"] = self.directive
        return shown

    def wants(self, order: SimOrder, change: str) -> bool:
        """True when the change of that seller's order passes the filter."""
        if self.kind != orderchange.TYPE or self.seller_id != order.seller_id:
            return False
        wanted = ((self.directive or {}).get("eventFilter") or {}).get("orderChangeTypes")
        return not wanted or change in wanted


class Notifications:
    """The department that keeps destinations and subscriptions."""

    def __init__(self, company: Company) -> None:
        self.outbox = Outbox(company.faults, company.seed)
        self.envelope = "sqs"
        self.destinations: dict[str, Destination] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self._company = company
        company.hear.append(self._order_changed)
        company.hear_stock.append(self._quantity_changed)

    def create_destination(self, call: Call) -> Reply:
        """POST /notifications/v1/destinations"""
        body = _body(call)
        name = _text(body, "name")
        specification = _object(body, "resourceSpecification")
        kind, resource = _resource(specification, name)
        for known in self.destinations.values():
            if known.name == name or known.resource == resource:
                raise Refusal(409, "Conflict", "The destination already exists.")
        destination = Destination(self._company.names.thing_id(), name, kind, resource)
        self.destinations[destination.destination_id] = destination
        return answer(200, {"payload": destination.document()})

    def get_destinations(self, call: Call) -> Reply:
        """GET /notifications/v1/destinations"""
        del call
        return answer(200, {"payload": [d.document() for d in self.destinations.values()]})

    def get_destination(self, call: Call) -> Reply:
        """GET /notifications/v1/destinations/{destinationId}"""
        return answer(200, {"payload": self._destination(call.arguments[0]).document()})

    def delete_destination(self, call: Call) -> Reply:
        """DELETE /notifications/v1/destinations/{destinationId}"""
        destination = self._destination(call.arguments[0])
        if any(s.destination is destination for s in self.subscriptions.values()):
            raise Refusal(409, "Conflict", "The destination is used by a subscription.")
        del self.destinations[destination.destination_id]
        return answer(200, {})

    def create_subscription(self, call: Call) -> Reply:
        """POST /notifications/v1/subscriptions/{notificationType}"""
        kind, body = _type(call.arguments[0]), _body(call)
        version, channel = TYPES[kind]
        if _text(body, "payloadVersion") != version:
            raise invalid("The payloadVersion is not available for the notification type.")
        destination = self.destinations.get(_text(body, "destinationId"))
        if destination is None:
            raise invalid("The destinationId does not exist.")
        if destination.kind != channel:
            raise invalid(f"The notification type needs a destination of kind {channel}.")
        directive = _directive(body, kind)
        if self._of(call.seller.seller_id, kind):
            raise Refusal(409, "Conflict", "The subscription already exists.")
        subscription = Subscription(
            self._company.names.thing_id(),
            call.seller.seller_id,
            kind,
            version,
            destination,
            directive,
        )
        self.subscriptions[subscription.subscription_id] = subscription
        return answer(200, {"payload": subscription.document()})

    def get_subscription(self, call: Call) -> Reply:
        """GET /notifications/v1/subscriptions/{notificationType}"""
        found = self._of(call.seller.seller_id, _type(call.arguments[0]))
        version = call.request.query.get("payloadVersion")
        found = [s for s in found if version is None or s.payload_version == version]
        if not found:
            raise not_found("There is no subscription of this type.")
        return answer(200, {"payload": found[-1].document()})

    def get_subscriptions(self, call: Call) -> Reply:
        """GET /notifications/v1/subscriptions"""
        kinds = call.request.query.get("notificationTypes", "").split(",")
        if len(kinds) != 1:
            raise invalid("Exactly one notificationType is required.")
        size = call.request.query.get("pageSize", "30")
        if not size.isdecimal() or not 30 <= int(size) <= 100:
            raise invalid("pageSize must be between 30 and 100.")
        found = self._of(call.seller.seller_id, _type(kinds[0]))
        return answer(200, {"payload": {"subscriptions": [s.document() for s in found]}})

    def get_subscription_by_id(self, call: Call) -> Reply:
        """GET /notifications/v1/subscriptions/{notificationType}/{subscriptionId}"""
        return answer(200, {"payload": self._subscription(call).document()})

    def delete_subscription_by_id(self, call: Call) -> Reply:
        """DELETE /notifications/v1/subscriptions/{notificationType}/{subscriptionId}"""
        del self.subscriptions[self._subscription(call).subscription_id]
        return answer(200, {})

    def _order_changed(self, order: SimOrder, change: ChangeType, reason: str) -> None:
        for subscription in self.subscriptions.values():
            if subscription.wants(order, change):
                self._publish(subscription, orderchange.order_change(order, change, reason))

    def _quantity_changed(self, seller_id: str, sku: str, quantity: int, since: datetime) -> None:
        payload = {"SellerId": seller_id, "FulfillmentChannelCode": "DEFAULT", "Sku": sku,
                   "Quantity": quantity}  # fmt: skip
        for subscription in self._of(seller_id, QUANTITY):
            self._publish(subscription, payload, since)

    def _publish(
        self, subscription: Subscription, payload: dict[str, Any], at: datetime | None = None
    ) -> None:
        """Now, or when what it tells of comes into effect."""
        company = self._company
        now = at or company.now()
        body = orderchange.notification(
            subscription.kind,
            payload,
            now,
            subscription_id=subscription.subscription_id,
            notification_id=company.names.thing_id(),
        )
        text = orderchange.envelope(
            "eventbridge" if subscription.destination.kind == "eventBridge" else self.envelope,
            body,
            aws_region=AWS_REGION[company.region],
            event_id=company.names.thing_id(),
        )
        self.outbox.put(subscription.destination.target, text, subscription.kind, now)

    def _of(self, seller_id: str, kind: str) -> list[Subscription]:
        subscriptions = self.subscriptions.values()
        return [s for s in subscriptions if s.seller_id == seller_id and s.kind == kind]

    def _destination(self, destination_id: str) -> Destination:
        if destination_id not in self.destinations:
            raise not_found("The destination does not exist.")
        return self.destinations[destination_id]

    def _subscription(self, call: Call) -> Subscription:
        kind, subscription = _type(call.arguments[0]), self.subscriptions.get(call.arguments[1])
        if subscription is None or subscription.kind != kind:
            raise not_found("The subscription does not exist.")
        return subscription


def _resource(specification: Mapping[str, Any], name: str) -> tuple[str, Mapping[str, str]]:
    if len(specification) != 1:
        raise invalid("The resourceSpecification must name one resource, sqs or eventBridge.")
    if "sqs" in specification:
        arn = _text(_object(specification, "sqs"), "arn")
        if not _ARN.fullmatch(arn) or arn.endswith(".fifo"):
            raise invalid("The arn is not that of a standard queue.")
        return "sqs", {"arn": arn}
    bridge = _object(specification, "eventBridge")
    account = _text(bridge, "accountId")
    source = f"aws.partner/sellingpartnerapi.amazon.com/{account}/{name}"
    resource = {"name": source, "region": _text(bridge, "region"), "accountId": account}
    return "eventBridge", resource


def _directive(body: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    if body.get("processingDirective") is None:
        return None
    directive = _object(body, "processingDirective")
    if "filterExpression" in directive:
        # Amazon takes expressions; nobody rehearses with them yet, and guessing would be worse.
        raise invalid("filterExpression is not available for the notification type.")
    event_filter = _object(directive, "eventFilter")
    if event_filter.get("eventFilterType") != kind:
        raise invalid("The eventFilterType must equal the notification type.")
    if kind == orderchange.TYPE and "marketplaceIds" in event_filter:
        raise invalid("marketplaceIds is not available for ORDER_CHANGE.")
    wanted = event_filter.get("orderChangeTypes", [])
    if not isinstance(wanted, list) or not set(map(str, wanted)) <= _ORDER_CHANGES:
        raise invalid("Invalid value for orderChangeTypes.")
    return directive


def _type(name: str) -> str:
    if name not in TYPES:
        raise invalid("The notification type is not valid.")
    return name


def _body(call: Call) -> Mapping[str, Any]:
    try:
        body = call.request.json()
    except ValueError:
        raise invalid("The request body is not JSON.") from None
    return _as_object(body, "The request body")


def _object(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _as_object(values.get(name), name)


def _as_object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"{name} must be an object.")
    return value


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(f"{name} is required and must be a string.")
    return value

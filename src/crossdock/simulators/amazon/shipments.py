"""Orders API v0: confirmShipment. One call is one package; the same reference id edits it."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.replies import Refusal, invalid, not_found
from crossdock.simulators.amazon.state import (
    PARTIALLY_SHIPPED,
    SHIPPABLE,
    SHIPPED,
    UNSHIPPED,
    Package,
    SimOrder,
    parse_timestamp,
)
from crossdock.simulators.wire import Reply

_POSITIVE = re.compile(r"0*[1-9][0-9]*")
_A_DAY = timedelta(days=1)


class Shipments:
    """The department that hears of shipments by merchants."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def confirm(self, call: Call) -> Reply:
        """POST /orders/v0/orders/{orderId}/shipmentConfirmation"""
        body = _object(_json(call), "The request body")
        detail = _object(body.get("packageDetail"), "packageDetail")
        order = self._company.orders.get(call.arguments[0])
        if order is None or order.seller_id != call.seller.seller_id:
            raise not_found("The requested order does not exist.")
        _check_frame(body, order)
        package = _package(detail, order, call.now)
        self._store(order, package)
        return Reply(204)

    def _store(self, order: SimOrder, package: Package) -> None:
        old = order.packages.get(package.reference_id)
        if old is None and order.status == SHIPPED:
            words = "No package matches the reference id and the order is already fulfilled."
            raise invalid(words, "PackageToUpdateNotFound")
        _check_quantities(order, package)
        if old is None:
            fault = self._company.faults.strikes("package_invisible", "confirmShipment")
            if fault:
                delay = timedelta(seconds=float(fault.settings.get("seconds", 60)))
                package.visible_from = package.confirmed_at + delay
        else:
            if self._company.faults.strikes("repeat_refused", "confirmShipment"):
                raise invalid("No package matches the order.", "PackageToUpdateNotFound")
            package.edits = old.edits + 1
            package.confirmed_at, package.visible_from = old.confirmed_at, old.visible_from
            package.delivered = old.delivered
        order.packages[package.reference_id] = package
        order.status = _status(order)
        word = "confirmed" if old is None else "edited"
        self._company.changed(order, f"package {package.reference_id} {word}")


def _check_frame(body: Mapping[str, Any], order: SimOrder) -> None:
    if _text(body, "marketplaceId") != order.marketplace.id:
        raise invalid("The order was not placed in this marketplace.")
    if "codCollectionMethod" in body:
        japan = order.marketplace.country == "JP"
        if body["codCollectionMethod"] != "DirectPayment" or not japan:
            raise invalid("codCollectionMethod is not valid here.")
    if order.fulfilled_by != "MERCHANT":
        raise invalid("The order is fulfilled by Amazon; its shipment cannot be confirmed.")
    if "FBM_SHIP_PLUS" in order.programs:
        raise invalid("Shipments of Ship+ orders cannot be confirmed.")
    if order.status not in SHIPPABLE | {SHIPPED}:
        raise invalid(f"The order cannot be shipped; its status is {order.status}.")


def _package(detail: Mapping[str, Any], order: SimOrder, now: datetime) -> Package:
    reference = detail.get("packageReferenceId")
    if not isinstance(reference, str):
        raise invalid("packageReferenceId: invalid type, must be a string.")
    if not _POSITIVE.fullmatch(reference):
        raise invalid("packageReferenceId: must be a positive numeric value.")
    carrier_code = _text(detail, "carrierCode")
    carrier_name = _optional(detail, "carrierName")
    if carrier_code == "Other" and not carrier_name:
        raise invalid("carrierName is required when carrierCode is Other.")
    items, codes = _items(detail, order)
    return Package(
        reference_id=reference,
        carrier_code=carrier_code,
        carrier_name=carrier_name,
        tracking=_text(detail, "trackingNumber"),
        ship_date=_ship_date(detail, order, now),
        method=_optional(detail, "shippingMethod"),
        items=items,
        confirmed_at=now,
        transparency_codes=codes,
    )


def _ship_date(detail: Mapping[str, Any], order: SimOrder, now: datetime) -> datetime:
    """Not before the order (a day's grace for time zones), not more than a day ahead."""
    try:
        ship_date = parse_timestamp(_text(detail, "shipDate"))
    except ValueError:
        raise invalid("shipDate is not an ISO 8601 date-time.") from None
    if ship_date < order.created - _A_DAY:
        raise invalid("shipDate is before the order was placed.")
    if ship_date > now + _A_DAY:
        raise invalid("shipDate is in the future.")
    return ship_date


def _items(
    detail: Mapping[str, Any], order: SimOrder
) -> tuple[dict[str, int], dict[str, list[str]]]:
    rows = detail.get("orderItems")
    if not isinstance(rows, list) or not rows:
        raise invalid("orderItems must be an array with at least one item.")
    known = {line.order_item_id for line in order.lines}
    items: dict[str, int] = {}
    codes: dict[str, list[str]] = {}
    for row in rows:
        item = _object(row, "orderItems")
        order_item_id, quantity = _text(item, "orderItemId"), item.get("quantity")
        if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
            raise invalid("quantity must be a positive integer.")
        if order_item_id not in known:
            raise invalid("An orderItemId does not belong to the order.")
        items[order_item_id] = items.get(order_item_id, 0) + quantity
        if given := item.get("transparencyCodes"):
            codes.setdefault(order_item_id, []).extend(_codes(given))
    return items, codes


def _codes(given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(code, str) for code in given):
        raise invalid("transparencyCodes must be an array of strings.")
    return list(given)


def _check_quantities(order: SimOrder, package: Package) -> None:
    for order_item_id, quantity in package.items.items():
        line = order.line(order_item_id)
        left = line.quantity - order.shipped(order_item_id, but=package.reference_id)
        if line.cancelled_by is not None or quantity > left:
            raise invalid("The quantity exceeds what is left to ship of an item.")


def _status(order: SimOrder) -> str:
    shipped = order.units_shipped
    if not shipped:
        return UNSHIPPED
    return SHIPPED if shipped >= order.units_to_ship else PARTIALLY_SHIPPED


def _json(call: Call) -> Any:
    try:
        return call.request.json()
    except ValueError:
        raise Refusal(400, "InvalidInput", "The request body is not JSON.") from None


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"{name} must be an object.")
    return value


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"{name}: required, must be a string.")
    return value


def _optional(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name}: invalid type, must be a string.")
    return value or ""

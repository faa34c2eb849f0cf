"""The people's side: what buyers, Amazon and carriers do to orders. Called by the world."""

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from crossdock.simulators.amazon.company import Company
from crossdock.simulators.amazon.marketplaces import Marketplace
from crossdock.simulators.amazon.people import Address, Business, Buyer, Line, Seller
from crossdock.simulators.amazon.proceeds import line_total
from crossdock.simulators.amazon.state import (
    CANCELLED,
    NOT_PAYABLE_YET,
    PARTIALLY_SHIPPED,
    PENDING,
    PENDING_AVAILABILITY,
    SHIPPED,
    UNSHIPPED,
    Event,
    SimLine,
    SimOrder,
    amount,
    shop_called,
    whole_milliseconds,
)

_ORDER_ID = re.compile(r"\d{3}-\d{7}-\d{7}")
_AMOUNTS = tuple(f.name for f in fields(Line) if f.type is Decimal or f.type == "Decimal")
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


class Customers:
    """Everything that people do. What is impossible is a ValueError."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def place_order(
        self,
        lines: Sequence[Line],
        *,
        buyer: Buyer,
        marketplace: str = "",
        business: Business | None = None,
        programs: Sequence[str] = (),
        fulfilled_by: str = "MERCHANT",
        pending: bool = True,
        preorder: bool = False,
        ship_by: datetime | None = None,
        deliver_by: datetime | None = None,
        service_level: str = "STANDARD",
        facilitator_tax: bool = True,
        order_id: str | None = None,
        seller_id: str = "",
        replaces: str = "",
    ) -> str:
        """A buyer orders; the payment is authorised later unless `pending` is False."""
        company, now = self._company, whole_milliseconds(self._company.now())
        seller = company.seller(seller_id)
        shop = _shop(marketplace, seller)
        if fulfilled_by not in ("MERCHANT", "AMAZON"):
            raise ValueError(f"{fulfilled_by!r} fulfils no orders")
        ship_by = ship_by or now + timedelta(days=2)
        order = SimOrder(
            order_id=self._order_id(order_id),
            seller_id=seller.seller_id,
            marketplace=shop,
            buyer=self._with_email(buyer, shop.domain),
            lines=[self._line(line, shop.currency) for line in _some(lines)],
            status=_first_status(pending=pending, preorder=preorder),
            created=now,
            updated=now,
            ship_from=min(now, ship_by),
            ship_by=ship_by,
            deliver_from=ship_by + timedelta(days=1),
            deliver_by=deliver_by or ship_by + timedelta(days=5),
            fulfilled_by=fulfilled_by,
            business=business,
            programs=_programs(programs, business, preorder=preorder),
            service_level=service_level,
            facilitator_tax=facilitator_tax,
            replaces=replaces,
        )
        if fulfilled_by == "MERCHANT":
            for line in order.lines:
                for told in company.bought:
                    told(seller.seller_id, line.line.sku, line.quantity)
        return self._placed(order)

    def release_preorder(self, order_id: str) -> None:
        """The release date has come: PENDING_AVAILABILITY becomes PENDING."""
        order = self._in(order_id, {PENDING_AVAILABILITY})
        order.status = PENDING
        self._company.changed(order, "Preorder released")

    def authorise(self, order_id: str) -> None:
        """The payment is authorised: PENDING becomes UNSHIPPED."""
        order = self._in(order_id, {PENDING})
        order.status = UNSHIPPED
        self._company.changed(order, "Payment authorised")

    def request_cancel(self, order_id: str, reason: str = "Bought by mistake") -> None:
        """The buyer asks to cancel; the order stays as it is and the seller decides."""
        order = self._in(order_id, {UNSHIPPED, PARTIALLY_SHIPPED})
        self._must_be_merchants(order)
        for line in order.lines:
            line.cancel_request = reason
        self._company.changed(order, "Buyer Requested Cancel", "BuyerRequestedChange")

    def cancel(self, order_id: str, by: str = "BUYER", reason: str = "No longer needed") -> None:
        """The order is cancelled; impossible once something has shipped."""
        if by not in ("BUYER", "MERCHANT", "AMAZON"):
            raise ValueError(f"{by!r} cannot cancel orders")
        order = self._in(order_id, {UNSHIPPED} | NOT_PAYABLE_YET)
        for line in order.lines:
            line.cancelled_by, line.cancel_reason = by, reason
        order.status = CANCELLED
        self._company.changed(order, "Order cancelled")

    def change_address(self, order_id: str, address: Address) -> None:
        """The buyer changes where an unshipped order goes."""
        order = self._in(order_id, {UNSHIPPED} | NOT_PAYABLE_YET)
        order.buyer = replace(order.buyer, address=address)
        self._company.changed(order, "Address changed", "BuyerRequestedChange")

    def change_line_quantity(self, order_id: str, order_item_id: str, quantity: int) -> None:
        """The buyer changes how many; amounts of the line change in proportion. 0 cancels it."""
        order = self._in(order_id, {UNSHIPPED} | NOT_PAYABLE_YET)
        line = order.line(order_item_id)
        if quantity < 0 or quantity == line.quantity or line.cancelled_by is not None:
            raise ValueError(f"the quantity of {order_item_id} cannot become {quantity}")
        if quantity == 0:
            self._cancel_line(order, line)
        else:
            line.line = _scaled(line.line, quantity, order.marketplace.currency)
        self._company.changed(order, "Quantity changed", "BuyerRequestedChange")

    def ship_by_amazon(self, order_id: str) -> None:
        """Amazon's warehouse ships an order it fulfils."""
        order = self._in(order_id, {UNSHIPPED})
        if order.fulfilled_by != "AMAZON":
            raise ValueError(f"order {order_id} is for the merchant to ship")
        order.status = SHIPPED
        self._company.changed(order, "Shipped by Amazon")

    def mark_delivered(self, order_id: str, reference_id: str) -> None:
        """The carrier has delivered a package."""
        order = self._in(order_id, {PARTIALLY_SHIPPED, SHIPPED})
        if reference_id not in order.packages:
            raise ValueError(f"order {order_id} has no package {reference_id}")
        order.packages[reference_id].delivered = True
        self._company.changed(order, f"package {reference_id} delivered")

    def _placed(self, order: SimOrder) -> str:
        company = self._company
        if fault := company.faults.strikes("hidden_from_search", "searchOrders"):
            seconds = fault.settings.get("seconds")
            span = None if seconds is None else timedelta(seconds=float(seconds))
            order.hidden_until = _FOR_EVER if span is None else order.created + span
        company.orders[order.order_id] = order
        order.history.append(Event(order.created, "order placed", order.status))
        for listener in company.hear:
            listener(order, "OrderStatusChange", "Order placed")
        return order.order_id

    def _in(self, order_id: str, statuses: set[str] | frozenset[str]) -> SimOrder:
        order = self._company.orders.get(order_id)
        if order is None:
            raise ValueError(f"there is no order {order_id}")
        if order.status not in statuses:
            raise ValueError(f"order {order_id} is {order.status}; that is too late or too early")
        return order

    def _must_be_merchants(self, order: SimOrder) -> None:
        if order.fulfilled_by != "MERCHANT":
            raise ValueError(f"order {order.order_id} is fulfilled by Amazon")

    def _cancel_line(self, order: SimOrder, line: SimLine) -> None:
        others = [x for x in order.lines if x is not line and x.cancelled_by is None]
        if not others:
            raise ValueError("the last line is cancelled by cancelling the order")
        line.line = _scaled(line.line, 0, order.marketplace.currency)
        line.cancelled_by, line.cancel_reason = "BUYER", "No longer needed"

    def _order_id(self, wanted: str | None) -> str:
        if wanted is not None:
            if not _ORDER_ID.fullmatch(wanted) or wanted in self._company.orders:
                raise ValueError(f"{wanted!r} cannot be the id of a new order")
            return wanted
        while (made := self._company.names.order_id()) in self._company.orders:
            pass
        return made

    def _line(self, line: Line, currency: str) -> SimLine:
        if line.quantity < 1:
            raise ValueError(f"{line.quantity} of {line.sku} cannot be ordered")
        for name in _AMOUNTS:
            value: Decimal = getattr(line, name)
            if value < 0 or value != amount(value, currency):
                raise ValueError(f"{name} {value} is not an amount in {currency}")
        if line_total(line) < 0:
            raise ValueError(f"the discounts on {line.sku} exceed its price")
        return SimLine(self._company.names.order_item_id(), line)

    def _with_email(self, buyer: Buyer, domain: str) -> Buyer:
        if buyer.email:
            return buyer
        shop = domain.removeprefix("www.")
        return replace(buyer, email=f"{self._company.names.secret(15)}@marketplace.{shop}")


def _shop(marketplace_id: str, seller: Seller) -> Marketplace:
    """The shop named, or the seller's first."""
    shop = shop_called(marketplace_id or seller.marketplaces[0])
    if shop.id not in seller.marketplaces:
        raise ValueError(f"seller {seller.seller_id} does not sell in {shop.id}")
    return shop


def _some(lines: Sequence[Line]) -> Sequence[Line]:
    if not lines:
        raise ValueError("an order needs lines")
    return lines


def _first_status(*, pending: bool, preorder: bool) -> str:
    if preorder:
        return PENDING_AVAILABILITY
    return PENDING if pending else UNSHIPPED


def _programs(
    programs: Sequence[str], business: Business | None, *, preorder: bool
) -> tuple[str, ...]:
    names = list(programs)
    if business and "AMAZON_BUSINESS" not in names:
        names.append("AMAZON_BUSINESS")
    if preorder and "PREORDER" not in names:
        names.append("PREORDER")
    return tuple(names)


def _scaled(line: Line, quantity: int, currency: str) -> Line:
    """The line with another quantity and its amounts, but for the unit price, in proportion."""
    share = Decimal(quantity) / line.quantity
    parts: dict[str, Any] = {
        name: amount(getattr(line, name) * share, currency)
        for name in _AMOUNTS
        if name != "unit_price"
    }
    return replace(line, quantity=quantity, **parts)

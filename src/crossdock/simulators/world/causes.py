"""What in the world explains that a person was asked. A case never explains itself: each kind of
case has its own facts, and a kind that is not here has none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crossdock.simulators.world.catalogue import Catalogue
from crossdock.simulators.world.truth import AmazonOrder, SalesOrder, Shipment, Truth

OUR_OWN = frozenset({"defect", "retries-exhausted"})
"""Kinds that no world explains: a bug of the program, or that it gave up."""

HEALED = timedelta(hours=2)
"""So long after its end a cause still explains a case: the program looks again every hour."""

_CHANGES = frozenset({"Address changed", "Quantity changed"})


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the world knows about what a case is about."""

    truth: Truth
    goods: Catalogue
    order: AmazonOrder
    sales: Sequence[SalesOrder] = ()
    shipments: Sequence[Shipment] = ()  # the one that the case names, or all of the order


def explains(kind: str, facts: Facts | None, truth: Truth) -> bool:
    """Whether the world holds a reason for a case of this kind about these."""
    if kind in _OUTAGES:
        return any(_lately(truth, truth.struck.get(name)) for name in _OUTAGES[kind])
    reason = REASONS.get(kind)
    return reason is not None and facts is not None and reason(facts)


def _lately(truth: Truth, ended: datetime | None) -> bool:
    return ended is not None and ended >= truth.at - HEALED


# --- about an order -------------------------------------------------------------------------------


def _unknown_sku(facts: Facts) -> bool:
    return any(not facts.goods.sku(line.sku).in_lookup for line in facts.order.lines)


def _item_inactive(facts: Facts) -> bool:
    items = {facts.goods.sku(line.sku).product.item for line in facts.order.lines}
    return any(_lately(facts.truth, facts.truth.blocked_until.get(item)) for item in items)


def _credit_hold(facts: Facts) -> bool:
    """The hold was in force when the order could have been entered."""
    truth, order = facts.truth, facts.order
    until = truth.held_until.get(facts.goods.shop(order.marketplace_id).customer_code)
    return (
        until is not None
        and _lately(truth, until)
        and order.payable_at is not None
        and order.payable_at <= until
    )


def _wants_to_cancel(facts: Facts) -> bool:
    return any(line.wants_to_cancel for line in facts.order.lines)


def _cancelled_in_tims(facts: Facts) -> bool:
    return any(sale.status == "Cancelled" for sale in facts.sales)


def _changed_too_late(facts: Facts) -> bool:
    """Amazon's order moved, and TIMS's may not any more: it was picked."""
    return any(sale.locked for sale in facts.sales) and _moved(facts.order)


def _moved(order: AmazonOrder) -> bool:
    return (
        order.status == "CANCELLED"
        or not _CHANGES.isdisjoint(order.changes)
        or any(not line.packs for line in order.lines)
    )


# --- about a shipment -----------------------------------------------------------------------------


def _cannot_be_confirmed(facts: Facts) -> bool:
    """Amazon wants less than was shipped, or knows it as a shipment that was voided."""
    voided = any(shipment.status == "voided" for shipment in _all_shipments(facts))
    return bool(facts.shipments) and (voided or _moved(facts.order))


def _all_shipments(facts: Facts) -> Iterator[Shipment]:
    numbers = {sale.number for sale in facts.sales}
    return (shipment for shipment in facts.truth.shipments if shipment.order_number in numbers)


def _voided(facts: Facts) -> bool:
    return any(shipment.status == "voided" for shipment in facts.shipments)


def _ancient(facts: Facts) -> bool:
    return any(shipment.shipped_at.year < 2000 for shipment in facts.shipments)


def _stranger(facts: Facts) -> bool:
    parcels = [parcel for shipment in facts.shipments for parcel in shipment.parcels]
    return any(facts.goods.carrier(parcel.carrier) is None for parcel in parcels)


REASONS: Mapping[str, Callable[[Facts], bool]] = {
    "unknown-sku": _unknown_sku,
    "item-inactive": _item_inactive,
    "credit-hold": _credit_hold,
    "buyer-wants-to-cancel": _wants_to_cancel,
    "cancelled-in-tims": _cancelled_in_tims,
    "order-locked": _changed_too_late,
    "shipment-rejected": _cannot_be_confirmed,
    "shipment-voided": _voided,
    "ship-date-impossible": _ancient,
    "carrier-unknown": _stranger,
}
"""Kind of case -> what must be true in the world."""

_OUTAGES: Mapping[str, tuple[str, ...]] = {
    "reconnect-amazon": ("amazon.grant_revoked",),
    "reconnect-tims": ("tims.token_expired_early",),
}
"""Kind of case -> faults, one of which must have struck lately."""

"""Counting, shipping, and taking a shipment back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.office import Office
from crossdock.simulators.tims.orders import (
    COMPLETED,
    INVOICED,
    MOVES,
    PARTIALLY_SHIPPED,
    PICKING,
    ZERO,
    SimSalesOrder,
)
from crossdock.simulators.tims.records import known
from crossdock.simulators.tims.reservations import ACTIVE, RELEASED
from crossdock.simulators.tims.shipments import VOIDED, Package, SimShipment
from crossdock.simulators.tims.stock import Level

_ANCIENT = datetime(1995, 1, 1, tzinfo=UTC)
FIRST_NUMBER = 700001


class Warehouse:
    """What is done with goods. What is impossible is a ValueError, and nothing has changed."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._allocation = office.moves.allocation

    def count(self, item_number: str, location_id: str, on_hand: Decimal) -> None:
        """Somebody counted."""
        office = self._office
        known(office.items.table, item_number)
        known(office.locations.table, location_id)
        level = office.stock.level(item_number, location_id)
        before = level.available
        picked = self._being_picked(level)
        if on_hand < picked + level.quarantined:
            raise ValueError(f"{picked} of {level.key} are being picked: no count finds {on_hand}")
        short = level.allocated + level.quarantined - on_hand
        if short > 0:
            office.moves.lost_stock(level, short)
            self._release_reservations(level, level.allocated + level.quarantined - on_hand)
        level.on_hand = on_hand
        level.counted_at = office.stock.table.clock.now()
        office.stock.changed(level)
        if level.available > before:
            office.moves.serve([level.key])

    def sell(self, item_number: str, location_id: str, units: Decimal) -> None:
        """Somebody carries it away."""
        office = self._office
        level = office.stock.level(item_number, location_id)
        if not 0 < units <= level.available:
            raise ValueError(f"{units} of {level.key}: {level.available} can be sold")
        level.on_hand -= units
        office.stock.changed(level)

    def ship(
        self, order_number: str, packages: Sequence[Package], shipped_at: datetime | None
    ) -> str:
        """Post a shipment."""
        office = self._office
        order = known(office.orders, order_number)
        packed = self._packed(order, packages)
        for line in order.lines:
            if packed.get(line.line_number):
                self._allocation.took(order, line, packed[line.line_number])
        numbered = [
            replace(package, number=str(i + 1), lines=dict(package.lines))
            for i, package in enumerate(packages)
        ]
        shipment = SimShipment(
            shipment_number=f"SH-{len(office.shipments.table.rows) + FIRST_NUMBER}",
            order_number=order_number,
            location_id=order.location_id,
            shipped_at=self._left_at(shipped_at),
            packages=numbered,
            order_lines={line: _told(order, line) for line in packed},
        )
        order.shipments.append(shipment.shipment_number)
        office.moves.shipped(order, f"shipment {shipment.shipment_number}")
        office.shipments.post(shipment)
        return shipment.shipment_number

    def void(self, shipment_number: str) -> None:
        """Take it back."""
        office = self._office
        shipment = known(office.shipments.table, shipment_number)
        order = known(office.orders, shipment.order_number)
        if shipment.status == VOIDED or order.status in (INVOICED, COMPLETED):
            raise ValueError(f"{shipment_number} is {shipment.status}, the order {order.status}")
        for package in shipment.packages:
            for line_number, quantity in package.lines.items():
                self._allocation.took(order, order.line(line_number), -Decimal(quantity))
        shipment.status = VOIDED
        office.shipments.table.touch(shipment, "shipment.voided")
        office.moves.shipped(order, f"shipment {shipment_number} voided")

    def correct(
        self,
        shipment_number: str,
        package_number: str,
        tracking: str,
        carrier_code: str | None,
        carrier_name: str | None,
    ) -> None:
        """Say another tracking number. TIMS tells of it as of a newly posted shipment."""
        table = self._office.shipments.table
        shipment = known(table, shipment_number)
        for package in shipment.packages:
            if package.number == package_number and shipment.status != VOIDED:
                package.tracking = tracking
                package.carrier_code = carrier_code or package.carrier_code
                package.carrier_name = carrier_name or package.carrier_name
                table.touch(shipment, "shipment.posted")
                return
        raise ValueError(f"{shipment_number} ({shipment.status}) has no package {package_number}")

    def cancel_rest(self, order_number: str, line_number: int) -> None:
        """The customer gets no more of the line; what was promised goes to others."""
        order = known(self._office.orders, order_number)
        line = order.line(line_number)
        if order.status not in (PICKING, PARTIALLY_SHIPPED) or not line.open:
            raise ValueError(f"nothing of {order_number}, line {line_number} can be cancelled")
        if line.open == sum(x.open for x in order.lines) and not _anything_left(order):
            raise ValueError(f"{order_number} would be empty: cancel it before it is picked")
        line.qty_cancelled += line.open
        freed = self._allocation.trim(order, line)
        self._office.moves.shipped(order, f"rest of line {line_number} cancelled")
        self._office.moves.serve(freed)

    def _packed(self, order: SimSalesOrder, packages: Sequence[Package]) -> dict[int, Decimal]:
        """Quantities per line, when the order and its stock allow them."""
        if order.status not in MOVES["ship"] or not packages:
            raise ValueError(
                f"order {order.order_number} is {order.status}: nothing can be shipped"
            )
        packed: dict[int, Decimal] = {}
        for package in packages:
            for line_number, quantity in package.lines.items():
                packed[line_number] = packed.get(line_number, ZERO) + Decimal(quantity)
        for line_number, quantity in packed.items():
            line = order.line(line_number)
            if not 0 < quantity <= line.qty_allocated:
                raise ValueError(
                    f"{quantity} of line {line_number}: {line.qty_allocated} allocated"
                )
        if not packed:
            raise ValueError("the packages are empty")
        return packed

    def _left_at(self, shipped_at: datetime | None) -> datetime:
        if self._office.faults.strikes("ancient_ship_date"):
            return _ANCIENT
        return shipped_at or self._office.orders.clock.now()

    def _being_picked(self, level: Level) -> Decimal:
        """What is promised to orders that are beyond recall."""
        numbers = self._allocation.holders(level.key)
        orders = [known(self._office.orders, number) for number in numbers]
        return sum(
            (
                line.qty_allocated * dict(line.needs).get(level.item_number, ZERO)
                for order in orders
                if not order.is_open
                for line in order.lines
            ),
            ZERO,
        )

    def _release_reservations(self, level: Level, short: Decimal) -> None:
        """The newest first."""
        desk = self._office.reservations
        for reservation in reversed(list(desk.table)):
            if short <= 0:
                return
            here = (reservation.item_number, reservation.location_id)
            if reservation.status == ACTIVE and here == (level.item_number, level.location_id):
                short -= reservation.qty
                desk.withdraw(reservation, RELEASED)


def _anything_left(order: SimSalesOrder) -> bool:
    return any(line.qty_shipped for line in order.lines)


def _told(order: SimSalesOrder, line_number: int) -> dict[str, Any]:
    line = order.line(line_number)
    return {
        "LineNumber": line.line_number,
        "ExternalLineRef": line.external_line_ref,
        "ItemNumber": line.item_number,
        "Uom": line.uom,
    }

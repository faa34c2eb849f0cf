"""Soft allocation: stock held for a while for somebody who has not ordered yet."""

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crossdock.simulators.tims.call import Answer, Call, found, shown
from crossdock.simulators.tims.fields import (
    moment,
    moment_text,
    number,
    quantity_text,
    read,
    text,
)
from crossdock.simulators.tims.items import Item, Items
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.locations import Locations
from crossdock.simulators.tims.order_moves import Moves
from crossdock.simulators.tims.orders import SimLine, SimSalesOrder
from crossdock.simulators.tims.paging import Filter, Pages, select
from crossdock.simulators.tims.problems import Findings, Refusal
from crossdock.simulators.tims.records import Record, Table
from crossdock.simulators.tims.stock import Level, Stock

ACTIVE, CONSUMED, RELEASED, EXPIRED = "active", "consumed", "released", "expired"
USUAL_LIFE = timedelta(days=1)


@dataclass(kw_only=True, eq=False)
class Reservation(Record):
    """Stock of one item at one location, in base units."""

    number: str
    item_number: str
    location_id: str
    uom: str
    qty: Decimal
    expires_at: datetime
    external_ref: str | None = None
    status: str = ACTIVE
    order_number: str | None = None

    @property
    def key(self) -> str:
        return self.number

    def fields(self) -> dict[str, Any]:
        return {
            "Id": self.number,
            "ItemNumber": self.item_number,
            "LocationId": self.location_id,
            "Uom": self.uom,
            "Qty": quantity_text(self.qty),
            "ExternalRef": self.external_ref,
            "ExpiresAt": moment_text(self.expires_at),
            "Status": self.status,
            "OrderNumber": self.order_number,
        }


@dataclass(frozen=True, slots=True)
class Shelf:
    """The rooms that a reservation touches."""

    items: Items
    stock: Stock
    locations: Locations
    moves: Moves


class Reservations:
    """The desk for reservations."""

    def __init__(self, journal: Journal, pages: Pages, shelf: Shelf, salt: str) -> None:
        self.table: Table[Reservation] = Table("stock_reservation", journal, salt)
        self._pages, self._shelf = pages, shelf
        self._ends: list[tuple[datetime, str]] = []  # a heap
        self._by_ref: dict[str, list[Reservation]] = {}

    def expire(self, now: datetime) -> None:
        """Free what nobody claimed in time."""
        while self._ends and self._ends[0][0] <= now:
            reservation = self.table.rows[heapq.heappop(self._ends)[1]]
            if reservation.status == ACTIVE:
                self.free(reservation, EXPIRED)

    def create(self, call: Call) -> Answer:
        findings = Findings()
        said = read(call.body, _NEW, findings, required=("ItemNumber", "Qty"))
        item = self._item(said, findings)
        ends = said.get("ExpiresAt") or call.now + USUAL_LIFE
        if ends <= call.now:
            findings.add("/ExpiresAt", "out_of_range", "Must be in the future", moment_text(ends))
        place = said.get("LocationId")
        if place is not None and self._shelf.locations.table.get(place) is None:
            message = f"Location {place} is not on file"
            findings.add("/LocationId", "location_not_found", message, place)
        if item is None or findings.errors:
            findings.refuse()
            raise Refusal("validation_failed")
        level, qty = self._find_stock(item, said, findings)
        level.allocated += qty
        self._shelf.stock.changed(level)
        reservation = Reservation(
            number=f"RSV-{len(self.table.rows) + 500001}",
            item_number=item.item_number,
            location_id=level.location_id,
            uom=item.base_uom,
            qty=qty,
            expires_at=ends,
            external_ref=said.get("ExternalRef"),
        )
        self.table.add(reservation)
        heapq.heappush(self._ends, (ends, reservation.number))
        self._by_ref.setdefault(reservation.external_ref or "", []).append(reservation)
        return shown(reservation, 201)

    def list(self, call: Call) -> Answer:
        ref = call.query.get("external_ref")
        among = None if ref is None else self._by_ref.get(ref, [])
        return self._pages.answer(call, lambda: select(call, self.table, _FILTERS, among))

    def get(self, call: Call) -> Answer:
        return shown(self._named(call))

    def delete(self, call: Call) -> Answer:
        """Free it. Doing so twice, or after it expired, is not an error."""
        reservation = self._named(call)
        if reservation.status == CONSUMED:
            raise _refused(reservation, "freed")
        if reservation.status == ACTIVE:
            self.free(reservation, RELEASED)
        return Answer(204)

    def consume(self, call: Call) -> Answer:
        """Hand it to an order: its stock becomes the order's allocation."""
        reservation = self._named(call)
        findings = Findings()
        said = read(call.body, {"OrderNumber": text()}, findings, required=("OrderNumber",))
        findings.refuse()
        number_ = said["OrderNumber"]
        if reservation.status == CONSUMED and reservation.order_number == number_:
            return shown(reservation)
        if reservation.status != ACTIVE:
            raise _refused(reservation, "consumed")
        moves = self._shelf.moves
        order = found(moves.table.get(number_), "Sales order", number_)
        line = _line_for(reservation, order)
        self._level(reservation).allocated -= reservation.qty
        reservation.status, reservation.order_number = CONSUMED, number_
        self.table.touch(reservation)
        self._hand_over(reservation, order, line)
        return shown(reservation)

    def free(self, reservation: Reservation, status: str) -> None:
        """The stock goes to those who wait."""
        level = self.withdraw(reservation, status)
        self._shelf.stock.changed(level)
        self._shelf.moves.serve([level.key])

    def withdraw(self, reservation: Reservation, status: str) -> Level:
        """End it; the caller sees to the level."""
        level = self._level(reservation)
        level.allocated -= reservation.qty
        reservation.status = status
        self.table.touch(reservation)
        return level

    def _hand_over(self, reservation: Reservation, order: SimSalesOrder, line: SimLine) -> None:
        level, moves = self._level(reservation), self._shelf.moves
        order.location_id = reservation.location_id
        per_unit = dict(line.needs)[reservation.item_number]
        missing = max(line.open - line.qty_allocated, Decimal(0))
        units = min(missing, reservation.qty // per_unit) if len(line.needs) == 1 else Decimal(0)
        left = reservation.qty - units * per_unit
        if units:
            moves.allocation.give(order, line, units)
            moves.got_reserved(order)
        else:
            self._shelf.stock.changed(level)
        if left:
            moves.serve([level.key])

    def _find_stock(
        self, item: Item, said: dict[str, Any], findings: Findings
    ) -> tuple[Level, Decimal]:
        qty = said["Qty"] * item.uoms[said.get("Uom") or item.base_uom]
        place = said.get("LocationId")
        places = [place] if place else self._shelf.locations.shipping()
        for where in places:
            if self._shelf.stock.available(item.item_number, where) >= qty:
                return self._shelf.stock.level(item.item_number, where), qty
        message = f"Not enough of {item.item_number} can be promised"
        findings.add("/Qty", "insufficient_stock", message, str(said["Qty"]))
        findings.refuse()
        raise Refusal("insufficient_stock")

    def _item(self, said: dict[str, Any], findings: Findings) -> Item | None:
        number_ = said.get("ItemNumber")
        if number_ is None:
            return None
        item = self._shelf.items.table.get(number_)
        if item is None:
            message = f"Item {number_} is not on file"
            findings.add("/ItemNumber", "item_not_found", message, number_)
            return None
        if item.status != "active":
            message = f"Item {number_} is {item.status}"
            findings.add("/ItemNumber", "item_inactive", message, number_)
        uom = said.get("Uom")
        if uom is not None and uom not in item.uoms:
            message = f"Item {number_} is not sold by {uom}"
            findings.add("/Uom", "uom_mismatch", message, uom)
        return item

    def _level(self, reservation: Reservation) -> Level:
        return self._shelf.stock.level(reservation.item_number, reservation.location_id)

    def _named(self, call: Call) -> Reservation:
        reservation: Reservation = found(self.table.get(call.key), "Reservation", call.key)
        return reservation


def _line_for(reservation: Reservation, order: SimSalesOrder) -> SimLine:
    """The order's line that the reservation was made for."""
    if not order.is_open:
        raise Refusal(
            "invalid_status_transition",
            f"Order {order.order_number} is {order.status}",
            current_status=order.status,
        )
    promised = any(line.qty_allocated or line.qty_backordered for line in order.lines)
    elsewhere = order.location_id not in (None, reservation.location_id)
    if elsewhere and (promised or order.location_id is not None):
        message = f"The order ships from {order.location_id}, not {reservation.location_id}"
        raise Refusal("reservation_mismatch", message)
    lines = [x for x in order.lines if reservation.item_number in dict(x.needs)]
    if not lines or not order.needs_stock:
        message = f"The order has no line for {reservation.item_number}"
        raise Refusal("reservation_mismatch", message)
    return next((x for x in lines if x.open > x.qty_allocated), lines[0])


def _refused(reservation: Reservation, deed: str) -> Refusal:
    return Refusal(
        "invalid_status_transition",
        f"Reservation {reservation.number} is {reservation.status}: it cannot be {deed}",
        current_status=reservation.status,
    )


_NEW = {
    "ItemNumber": text(40),
    "LocationId": text(20),
    "Uom": text(10),
    "Qty": number(4, above=True),
    "ExternalRef": text(60),
    "ExpiresAt": moment,
}
_FILTERS: dict[str, Filter[Reservation]] = {
    "external_ref": lambda row, wanted: row.external_ref == wanted,
    "status": lambda row, wanted: row.status == wanted,
    "location_id": lambda row, wanted: row.location_id == wanted,
}

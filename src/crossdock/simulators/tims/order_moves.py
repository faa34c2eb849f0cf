"""What may happen to an order, and when. Callers and staff go through the same deeds."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from crossdock.simulators.tims.allocation import Allocation
from crossdock.simulators.tims.orders import (
    ALLOCATED,
    BACKORDERED,
    CANCELLED,
    COMPLETED,
    ENTERED,
    HELD,
    INVOICED,
    MOVES,
    PARTIALLY_SHIPPED,
    PICKING,
    SHIPPED,
    SimSalesOrder,
)
from crossdock.simulators.tims.problems import Refusal
from crossdock.simulators.tims.records import Table
from crossdock.simulators.tims.stock import Level

UPDATED, MOVED = "sales_order.updated", "sales_order.status_changed"
CREATED, CANCELLED_EVENT = "sales_order.created", "sales_order.cancelled"


class Moves:
    """The deeds. Each leaves the order with a new version and tells why in its history."""

    def __init__(self, table: Table[SimSalesOrder], allocation: Allocation) -> None:
        self.table, self.allocation = table, allocation

    def enter(self, order: SimSalesOrder) -> None:
        """A new order."""
        self.table.add(order, CREATED)
        order.history.append((order.created_at, ENTERED, "entered"))

    def release(self, order: SimSalesOrder) -> None:
        """Let TIMS allocate it. A held order that was being picked is picked on."""
        self.must_allow("release", order)
        if order.status == HELD and order.held_from == PICKING:
            self.to(order, PICKING, "released")
            return
        self.to(order, ALLOCATED if self.allocation.allocate(order) else BACKORDERED, "released")

    def hold(self, order: SimSalesOrder, why: str = "held") -> None:
        """Nobody touches it until it is released. Its stock stays promised."""
        self.must_allow("hold", order)
        order.held_from = order.status
        self.to(order, HELD, why)

    def cancel(self, order: SimSalesOrder, why: str = "cancelled") -> None:
        """Gone, unless it is being picked. Its stock goes to those who wait."""
        self.must_allow("cancel", order)
        if not order.is_open:
            raise _refused("cancel", order, PICKING)
        for line in order.lines:
            line.qty_cancelled = line.qty_ordered
        freed = self.allocation.free(order)
        self._set(order, CANCELLED, why)
        self.table.touch(order, CANCELLED_EVENT)
        self.serve(freed)

    def pick(self, order: SimSalesOrder) -> None:
        """The warehouse begins."""
        self.must_allow("pick", order)
        if not any(line.qty_allocated for line in order.lines):
            raise _refused("pick", order)
        if order.status == PARTIALLY_SHIPPED:
            return  # what came in later is picked without a change of status
        self.to(order, PICKING, "picked")

    def shipped(self, order: SimSalesOrder, why: str) -> None:
        """Something left, came back, or is not wanted any more: what the status is now."""
        some = any(line.qty_shipped for line in order.lines)
        rest = any(line.open for line in order.lines)
        now = SHIPPED if some and not rest else PARTIALLY_SHIPPED if some else PICKING
        self.to(order, now, why)

    def invoice(self, order: SimSalesOrder) -> None:
        """Billed."""
        self.must_allow("invoice", order)
        for line in order.lines:
            line.qty_invoiced = line.qty_shipped
        self.to(order, INVOICED, "invoiced")

    def complete(self, order: SimSalesOrder) -> None:
        """Closed for good."""
        self.must_allow("complete", order)
        self.to(order, COMPLETED, "completed")

    def requantified(self, order: SimSalesOrder) -> None:
        """Quantities changed: promises follow, and with nothing left the order is cancelled."""
        freed: set[str] = set()
        for line in order.lines:
            freed |= self.allocation.trim(order, line)
        if not any(line.wanted for line in order.lines):
            self._set(order, CANCELLED, "nothing is left of it")
            self.table.touch(order, CANCELLED_EVENT)
        elif order.status in (ALLOCATED, BACKORDERED):
            whole = self.allocation.allocate(order)
            self.to(order, ALLOCATED if whole else BACKORDERED, "quantities changed")
        else:
            self.table.touch(order, UPDATED)
        self.serve(freed)

    def serve(self, freed: Iterable[str]) -> None:
        """Stock came free or came in: those who wait for it get it, in turn."""
        for order in self.allocation.fill(freed):
            short = any(line.qty_backordered for line in order.lines)
            if order.status == BACKORDERED and not short:
                self.to(order, ALLOCATED, "stock came in")
            else:
                self.table.touch(order, UPDATED)

    def lost_stock(self, level: Level, short: Decimal) -> None:
        """A count found less than was promised."""
        for order in self.allocation.take_back(level, short):
            if order.status == ALLOCATED:
                self.to(order, BACKORDERED, "a count found less")
            else:
                self.table.touch(order, UPDATED)

    def got_reserved(self, order: SimSalesOrder) -> None:
        """A reservation was handed over to it."""
        short = any(line.qty_backordered for line in order.lines)
        if order.status == BACKORDERED and not short:
            self.to(order, ALLOCATED, "reserved stock handed over")
        else:
            self.table.touch(order, UPDATED)

    def to(self, order: SimSalesOrder, status: str, why: str) -> None:
        """Set the status and give the order its next version."""
        moved = order.status != status
        self._set(order, status, why)
        self.table.touch(order, MOVED if moved else UPDATED)

    @staticmethod
    def must_allow(deed: str, order: SimSalesOrder) -> None:
        """Refuse a deed that the order's status does not allow."""
        if order.status not in MOVES[deed]:
            raise _refused(deed, order)

    def _set(self, order: SimSalesOrder, status: str, why: str) -> None:
        order.status = status
        if status != HELD:
            order.held_from = ""
        order.history.append((self._now(), status, why))

    def _now(self) -> datetime:
        return self.table.clock.now()


def _refused(deed: str, order: SimSalesOrder, was: str = "") -> Refusal:
    was = f" (from {was})" if was else ""
    return Refusal(
        "invalid_status_transition",
        f"Order {order.order_number} is {order.status}{was}: {deed} is not possible",
        current_status=order.status,
        current_row_version=order.row_version,
    )

"""The desk for sales orders."""

from collections.abc import Callable
from datetime import date
from typing import Any

from crossdock.simulators.tims.call import Answer, Call, found, shown
from crossdock.simulators.tims.fields import read, text
from crossdock.simulators.tims.order_changes import apply_change
from crossdock.simulators.tims.order_entry import Books, check_order
from crossdock.simulators.tims.order_moves import UPDATED, Moves
from crossdock.simulators.tims.orders import SimSalesOrder
from crossdock.simulators.tims.paging import Filter, Pages, select
from crossdock.simulators.tims.problems import Findings, Refusal
from crossdock.simulators.tims.records import Table

FIRST_NUMBER = 100001


class OrderDesk:
    """Enter, find, change and move sales orders."""

    def __init__(
        self, table: Table[SimSalesOrder], moves: Moves, books: Books, pages: Pages
    ) -> None:
        self.table, self._moves, self._books, self._pages = table, moves, books, pages
        self._by_ref: dict[str, list[SimSalesOrder]] = {}  # ExternalRef -> orders

    def create(self, call: Call) -> Answer:
        self._refuse_known_ref(call.body)
        return shown(self.enter(call.body, call.now.date()), 201)

    def enter(self, body: Any, today: date) -> SimSalesOrder:
        """A new order, whoever enters it."""
        order = check_order(body, self._books, today)
        order.order_number = f"SO-{FIRST_NUMBER + len(self.table.rows)}"
        self._moves.enter(order)
        if order.external_ref is not None:
            self._by_ref.setdefault(order.external_ref, []).append(order)
        return order

    def validate(self, call: Call) -> Answer:
        """The same checks; nothing is stored, no number is used up."""
        self._refuse_known_ref(call.body)
        order = check_order(call.body, self._books, call.now.date())
        order.created_at = order.updated_at = call.now
        return Answer(200, order.json)

    def list(self, call: Call) -> Answer:
        ref = call.query.get("external_ref")
        among = None if ref is None else self._by_ref.get(ref, [])
        return self._pages.answer(call, lambda: select(call, self.table, _FILTERS, among))

    def get(self, call: Call) -> Answer:
        return shown(self._named(call))

    def change(self, call: Call) -> Answer:
        order = self._named(call)
        order.must_match(call.if_match)
        if not order.is_open:
            raise Refusal(
                "order_locked",
                f"Order {order.order_number} is {order.status}: it can no longer be changed",
                current_status=order.status,
                current_row_version=order.row_version,
            )
        if apply_change(order, call.body):
            self._moves.requantified(order)
        else:
            self.table.touch(order, UPDATED)
        return shown(order)

    def release(self, call: Call) -> Answer:
        return self._move(call, lambda order, _: self._moves.release(order))

    def hold(self, call: Call) -> Answer:
        return self._move(call, lambda order, why: self._moves.hold(order, why or "held"))

    def cancel(self, call: Call) -> Answer:
        return self._move(call, lambda order, why: self._moves.cancel(order, why or "cancelled"))

    def _move(self, call: Call, deed: Callable[[SimSalesOrder, str], None]) -> Answer:
        order = self._named(call)
        findings = Findings()
        said = read(call.body or {}, {"Reason": text(500), "ReasonCode": text(40)}, findings)
        findings.refuse()
        if call.if_match:
            order.must_match(call.if_match)
        deed(order, said.get("Reason") or "")
        return shown(order)

    def _named(self, call: Call) -> SimSalesOrder:
        order: SimSalesOrder = found(self.table.get(call.key), "Sales order", call.key)
        return order

    def _refuse_known_ref(self, body: Any) -> None:
        """Before anything else: a repeat must hear of the first one, whatever changed since."""
        if not isinstance(body, dict):
            return
        system, ref = body.get("ExternalSystem"), body.get("ExternalRef")
        known = self._by_ref.get(ref) if isinstance(ref, str) else None
        for order in known or ():
            if order.external_system == system:
                raise Refusal(
                    "duplicate_external_ref",
                    f"{system} {ref} is order {order.order_number}",
                    Id=order.id,
                    existing_id=order.id,
                    existing_key=order.order_number,
                )


_FILTERS: dict[str, Filter[SimSalesOrder]] = {
    "external_ref": lambda order, wanted: order.external_ref == wanted,
    "external_system": lambda order, wanted: order.external_system == wanted,
    "status": lambda order, wanted: order.status == wanted,
    "location_id": lambda order, wanted: order.location_id == wanted,
    "customer_code": lambda order, wanted: order.customer_code == wanted,
}

"""Sales orders and their customers: writes that may be repeated without harm."""

from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.ask import Ask
from crossdock.connectors.tims.client import TimsClient
from crossdock.connectors.tims.errors import Refusal, error_of
from crossdock.connectors.tims.masking import D, without_people
from crossdock.kernel.errors import NeedsPerson, TryAgain


class Orders:
    """What can be done with an order."""

    def __init__(self, client: TimsClient) -> None:
        self._client = client

    def create(self, order: m.NewSalesOrder) -> m.SalesOrder:
        """Enter the order once, however often this is called with the same reference."""
        order, client, about = self._told(order), self._client, _about(order)
        ask = client.wire.new_sales_order(order)
        answer = client.answer(ask, about)
        if isinstance(answer, Refusal):
            return self._adopted(order, answer, ask)
        entered = client.read(m.SalesOrder, answer, ask, about)
        if client.wire.is_replay(answer):
            return client.sales_order(entered.OrderNumber)  # it may have moved on since
        return entered

    def validate(self, order: m.NewSalesOrder) -> m.SalesOrderCheck:
        """What TIMS would refuse, all of it; nothing is stored."""
        order, client, about = self._told(order), self._client, _about(order)
        ask = client.wire.validate_sales_order(order)
        answer = client.answer(ask, about)
        if not isinstance(answer, Refusal):
            return client.wire.order_check(answer)
        if answer.status not in (409, 422):
            raise error_of(answer, operation=ask.name, about=about)
        parts = answer.parts
        found = tuple(
            m.SalesOrderProblem(pointer=part.pointer, code=part.code, message=str(part))
            for part in parts
        )
        whole = m.SalesOrderProblem(code=answer.code, message=answer.detail or answer.title)
        return m.SalesOrderCheck(ok=False, problems=found or (whole,))

    def release(self, number: str, row_version: int) -> m.SalesOrder:
        """Let TIMS allocate an order that was seen in this version; a repeat finds it done. TIMS
        would also release what its staff put on hold meanwhile: that stays as it is.
        """
        order, refusal = self._moved(number, "release", {}, row_version)
        if refusal is not None and _is_stale(refusal) and order.Status == "Entered":
            order, refusal = self._moved(number, "release", {}, order.RowVersion)
        if refusal is None or order.Status in m.RELEASED or order.Status == "Held":
            return order
        if order.Status == "Cancelled":
            raise NeedsPerson(
                "the order is cancelled in TIMS and cannot be released",
                kind="cancelled-in-tims",
                remedy="Cancel the order at Amazon too, or enter it anew in TIMS.",
                about=f"TIMS order {number}",
                request_id=refusal.trace_id,
                code=refusal.code,
            )
        if _is_stale(refusal):  # it moves while we look
            raise error_of(refusal, operation="release", about=f"TIMS order {number}")
        raise _not_allowed(number, "release", order, refusal)

    def cancel(self, number: str, reason: str) -> m.SalesOrder:
        """Cancel; a repeat finds it done; from Picking on a person decides."""
        order, refusal = self._moved(number, "cancel", {"Reason": reason})
        if refusal is None or order.Status == "Cancelled":
            return order
        raise _not_allowed(number, "cancel", order, refusal)

    def update(self, change: m.SalesOrderChange) -> m.SalesOrder:
        """Set what the change says. A stale version is read again and tried once more."""
        change, version = self._told(change), change.RowVersion
        if version is None:
            current = self._client.sales_order(change.OrderNumber)
            if satisfies(current, change):
                return current
            version = current.RowVersion
        answer = self._patched(change, version)
        if isinstance(answer, m.SalesOrder):
            return answer
        current = self._client.sales_order(change.OrderNumber)
        if satisfies(current, change):
            return current  # our own earlier attempt, whose reply was lost
        again = self._patched(change, current.RowVersion)
        if isinstance(again, m.SalesOrder):
            return again
        about = f"TIMS order {change.OrderNumber}"
        raise error_of(again, operation="PATCH /sales_orders/{OrderNumber}", about=about)

    def _told(self, draft: D) -> D:
        """What TIMS is told: a test company hears of nobody who exists."""
        return draft if self._client.account.real_people else without_people(draft)

    def ensure_customer(self, customer: m.NewCustomer) -> m.Customer:
        """The account with that code; opened when it is missing, never changed when it is there."""
        customer, client, code = self._told(customer), self._client, customer.CustomerCode
        found = client.customer(code)
        if found is not None:
            return found
        about = f"TIMS customer {code}"
        ask = client.wire.new_customer(customer, key=f"customer-{code}")
        answer = client.answer(ask, about)
        if not isinstance(answer, Refusal):
            return client.read(m.Customer, answer, ask, about)
        found = client.customer(code) if answer.status == 409 else None
        if found is None:
            raise error_of(answer, operation=ask.name, about=about)
        return found

    # --- inside ---------------------------------------------------------------------------------

    def _adopted(self, order: m.NewSalesOrder, refusal: Refusal, ask: Ask) -> m.SalesOrder:
        if refusal.has("duplicate_external_ref", "idempotency_mismatch"):
            ref = m.OrderRef(ExternalSystem=order.ExternalSystem, ExternalRef=order.ExternalRef)
            existing = self._client.find_sales_order(ref)
            if existing is not None:
                return existing.model_copy(update={"Adopted": True})
        raise error_of(refusal, operation=ask.name, about=_about(order))

    def _moved(
        self, number: str, move: str, body: dict[str, object], row_version: int | None = None
    ) -> tuple[m.SalesOrder, Refusal | None]:
        """The order after the move; with TIMS's refusal when the order did not allow it."""
        client, about = self._client, f"TIMS order {number}"
        ask = client.wire.move_sales_order(number, move, body, row_version)
        answer = client.answer(ask, about)
        if not isinstance(answer, Refusal):
            return client.read(m.SalesOrder, answer, ask, about), None
        if not _is_stale(answer) and not answer.has("invalid_status_transition", "order_locked"):
            raise error_of(answer, operation=ask.name, about=about)
        return client.sales_order(number), answer

    def _patched(self, change: m.SalesOrderChange, version: int) -> m.SalesOrder | Refusal:
        client, about = self._client, f"TIMS order {change.OrderNumber}"
        ask = client.wire.change_sales_order(change, version)
        answer = client.answer(ask, about)
        if not isinstance(answer, Refusal):
            return client.read(m.SalesOrder, answer, ask, about)
        if _is_stale(answer):
            return answer
        raise error_of(answer, operation=ask.name, about=about)


def satisfies(order: m.SalesOrder, change: m.SalesOrderChange) -> bool:
    """True when the order already says everything that the change asks for."""
    wanted = change.model_dump(exclude={"OrderNumber", "RowVersion", "Lines"}, exclude_none=True)
    held = order.model_dump(include=set(wanted), exclude_none=True)
    return held == wanted and all(_line_satisfies(order, line) for line in change.Lines or ())


def _line_satisfies(order: m.SalesOrder, wanted: m.LineChange) -> bool:
    asked = wanted.model_dump(exclude={"ExternalLineRef", "LineNumber"}, exclude_none=True)
    for line in order.Lines:
        by_ref = (
            wanted.ExternalLineRef is not None and line.ExternalLineRef == wanted.ExternalLineRef
        )
        if by_ref or (wanted.ExternalLineRef is None and line.LineNumber == wanted.LineNumber):
            return line.model_dump(include=set(asked), exclude_none=True) == asked
    return False


def _not_allowed(
    number: str, move: str, order: m.SalesOrder, refusal: Refusal
) -> NeedsPerson | TryAgain:
    """A person's business when the status forbids it; when it moved meanwhile, look again."""
    about, trace = f"TIMS order {number}", refusal.trace_id
    if order.Status in m.PRE_SHIP and refusal.current_status not in ("", order.Status):
        said = f"TIMS refused to {move} the order, which is {order.Status} by now"
        return TryAgain(said, about=about, request_id=trace, code=refusal.code)
    return NeedsPerson(
        f"the order is {order.Status} in TIMS and can not be moved by {move} any more",
        kind="order-locked",
        remedy="Ask the warehouse whether the goods can still be stopped, and settle it in TIMS.",
        about=about,
        request_id=trace,
        code=refusal.code,
    )


def _is_stale(refusal: Refusal) -> bool:
    return refusal.status == 412 or refusal.has("stale_version")


def _about(order: m.NewSalesOrder) -> str:
    return f"{order.ExternalSystem} {order.ExternalRef}"

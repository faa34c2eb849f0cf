"""Speaks to one TIMS site: signs in, keeps the limits, notes evidence, reads documents.

    client = TimsClient(account, Network(), SystemClock())
    order = client.sales_order("SO-100042")

`answer` gives back a refusal for the caller to understand; `call` raises what the refusal means.
Nothing here retries except one fresh token after a 401.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel

from crossdock.connectors.http import Line, ReplyLost, Response, Transport, Unreachable
from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.ask import Ask
from crossdock.connectors.tims.auth import TimsAccount, sign_in
from crossdock.connectors.tims.errors import Refusal, error_of
from crossdock.connectors.tims.limits import Limits, own_buckets
from crossdock.connectors.tims.wire import Page, Wire
from crossdock.kernel.clock import Clock
from crossdock.kernel.errors import NeedsPerson, RunError, TryAgain
from crossdock.kernel.quota import Buckets

M = TypeVar("M", bound=BaseModel)

MOST_PAGES = 1000  # a list that does not end by then is a site that repeats its cursor


class TimsClient:
    """One site, one key; shared by all threads of a process."""

    def __init__(
        self,
        account: TimsAccount,
        transport: Transport,
        clock: Clock,
        *,
        buckets: Buckets | None = None,
        wire: Wire | None = None,
    ) -> None:
        self.account, self.clock = account, clock
        self.wire = wire or Wire()
        self.line = Line("tims", transport, clock, self.wire.trace_header, self.wire.code_of)
        self.sign_in = sign_in(account, self.line, self.wire, clock)
        self.limits = Limits(
            buckets or own_buckets(clock),
            clock,
            account.bucket,
            rate=account.rate,
            burst=account.burst,
        )

    # --- one request ----------------------------------------------------------------------------

    def answer(self, ask: Ask, about: str = "") -> Response | Refusal:
        """A 2xx answer, or TIMS's refusal. Raises TryAgain for throttling, outage, lost replies,
        and NeedsPerson when we cannot sign in.
        """
        response = self._exchange(ask, about)
        self.limits.heard(response.headers)
        if response.ok:
            return response
        refusal = self.wire.refusal(response)
        if response.status == 429:
            wait = self.limits.refused(refusal.retry_after)
            raise TryAgain(
                str(refusal),
                after=wait,
                counts=False,
                about=about,
                request_id=refusal.trace_id,
                code=refusal.code,
            )
        if response.status in (401, 403):
            raise self._not_allowed(refusal, ask, about)
        error = error_of(refusal, operation=ask.name, about=about)
        if isinstance(error, TryAgain) and refusal.status not in (409, 412):
            raise error
        return refusal

    def call(self, ask: Ask, about: str = "") -> Response:
        """A 2xx answer; every refusal is raised as what it means."""
        answer = self.answer(ask, about)
        if isinstance(answer, Refusal):
            raise error_of(answer, operation=ask.name, about=about)
        return answer

    def get(self, model: type[M], ask: Ask, about: str = "") -> M:
        """The document an answer carries."""
        return self.read(model, self.call(ask, about), ask, about)

    def find(self, model: type[M], ask: Ask, about: str = "") -> M | None:
        """The document, or None where TIMS says 404."""
        answer = self.answer(ask, about)
        if isinstance(answer, Refusal):
            if answer.status == 404:
                return None
            raise error_of(answer, operation=ask.name, about=about)
        return self.read(model, answer, ask, about)

    def read(self, model: type[M], response: Response, ask: Ask, about: str = "") -> M:
        """Parse at the door; a fault in TIMS's answer names the record."""
        try:
            return self.wire.read(model, response, ask.name)
        except RunError as error:
            error.about = error.about or about
            raise

    def pages(self, model: type[M], ask: Ask, about: str = "") -> Iterator[Page[M]]:
        """The pages of a list; a cursor that comes twice ends in TryAgain, not in a circle."""
        seen: set[str] = set()
        following = ask
        for _ in range(MOST_PAGES):
            page = self.wire.page(model, self.call(following, about), ask.name)
            yield page
            if not page.next_cursor:
                return
            if page.next_cursor in seen:
                break
            seen.add(page.next_cursor)
            following = self.wire.next_page(ask, page.next_cursor)
        raise TryAgain(
            f"TIMS's pages of {ask.name} do not end", about=about, code="repeated_cursor"
        )

    def all(self, model: type[M], ask: Ask, about: str = "") -> tuple[M, ...]:
        """Every row of a list."""
        return tuple(row for page in self.pages(model, ask, about) for row in page.data)

    # --- documents ------------------------------------------------------------------------------

    def meta(self) -> m.Meta:
        """What the site says about itself."""
        return self.get(m.Meta, self.wire.meta(), "TIMS site")

    def sales_order(self, number: str) -> m.SalesOrder:
        """An order by TIMS's number."""
        return self.get(m.SalesOrder, self.wire.sales_order(number), f"TIMS order {number}")

    def find_sales_order(self, ref: m.OrderRef) -> m.SalesOrder | None:
        """The order with our reference, or None; two of them are a person's business."""
        about = f"{ref.ExternalSystem} {ref.ExternalRef}"
        found = self.all(m.SalesOrder, self.wire.sales_orders_by_ref(ref), about)
        wanted = (ref.ExternalSystem, ref.ExternalRef)
        same = [x for x in found if (x.ExternalSystem, x.ExternalRef) == wanted]
        if len({order.OrderNumber for order in same}) > 1:
            numbers = ", ".join(sorted(order.OrderNumber for order in same))
            raise NeedsPerson(
                f"TIMS has several orders with this reference: {numbers}",
                kind="tims-refused",
                remedy="Cancel all but one of these orders in TIMS, then retry.",
                about=about,
                code="several_orders",
            )
        return same[0] if same else None

    def customer(self, code: str) -> m.Customer | None:
        """An account by its code, or None."""
        return self.find(m.Customer, self.wire.customer(code), f"TIMS customer {code}")

    def item(self, number: str) -> m.Item | None:
        """An item by its number, or None."""
        return self.find(m.Item, self.wire.item(number), f"TIMS item {number}")

    def shipment(self, number: str) -> m.Shipment:
        """A shipment by its number."""
        return self.get(m.Shipment, self.wire.shipment(number), f"TIMS shipment {number}")

    def shipments_of(self, order_number: str) -> tuple[m.Shipment, ...]:
        """All shipments of an order, voided ones included."""
        ask = self.wire.shipments_of(order_number)
        return self.all(m.Shipment, ask, f"TIMS order {order_number}")

    def reservations(self, external_ref: str) -> tuple[m.Reservation, ...]:
        """Everything that was ever held under a reference and TIMS still knows."""
        return self.all(m.Reservation, self.wire.reservations(external_ref), external_ref)

    # --- inside ---------------------------------------------------------------------------------

    def _exchange(self, ask: Ask, about: str) -> Response:
        headers = self.sign_in.headers()
        response = self._sent(ask, headers, about)
        if response.status == 401 and self.sign_in.rejected(headers):
            response = self._sent(ask, self.sign_in.headers(), about)
        return response

    def _sent(self, ask: Ask, headers: Mapping[str, str], about: str) -> Response:
        self.limits.admit(ask.name, about)
        account = self.account
        request = self.wire.request(
            ask,
            base=account.base,
            company=f"{account.company}/{account.environment}",
            version=account.api_version,
            headers={"user-agent": account.user_agent, **headers},
        )
        try:
            if not ask.writes:
                return self.line.exchange(ask.name, request, remark=about)
            with self.limits.writing():
                return self.line.exchange(ask.name, request, wrote=ask.body, remark=about)
        except (Unreachable, ReplyLost) as error:
            error.about = error.about or about
            raise

    def _not_allowed(self, refusal: Refusal, ask: Ask, about: str) -> RunError:
        error = error_of(refusal, operation=ask.name, about=about)
        scope = refusal.scope or ask.scope  # a site may want another than we think
        if isinstance(error, NeedsPerson) and refusal.has("scope_missing") and scope:
            error.remedy = f"Grant the scope {scope} to this client in TIMS, then retry."
        return error

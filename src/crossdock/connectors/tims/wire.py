"""The wire format of TIMS: paths, headers, bodies. The one file that another site may replace.

TIMS publishes no API reference, so every site confirms or corrects this format. A site that differs
subclasses `Wire` (or gives another object with the same methods) and hands it to `TimsClient`;
nothing else in the program knows a path, a header or the shape of a body.

`Wire` turns documents into an `Ask` and answers into documents. It sends nothing.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, Field, ValidationError

from crossdock.connectors.http import Request, Response
from crossdock.connectors.tims import models as m
from crossdock.connectors.tims.ask import Ask, body_of, create_ask, read_ask, segment
from crossdock.connectors.tims.errors import Part, Refusal
from crossdock.connectors.tims.fields import Moment, Record, rfc3339
from crossdock.connectors.tims.limits import retry_after
from crossdock.connectors.tims.wire_ledger import LedgerAsks
from crossdock.connectors.tims.wire_prices import PriceAsks
from crossdock.connectors.tims.wire_receivables import ReceivableAsks
from crossdock.kernel.errors import Defect, TryAgain

M = TypeVar("M", bound=BaseModel)

TRACE_HEADER = "x-tims-trace-id"
WEBHOOK_EVENT = "x-tims-event"
WEBHOOK_DELIVERY = "x-tims-delivery"
WEBHOOK_TIMESTAMP = "x-tims-timestamp"
WEBHOOK_SIGNATURE = "x-tims-signature"


class Page(BaseModel, Generic[M]):
    """One page of a list."""

    data: tuple[M, ...]
    next_cursor: str | None = None
    as_of: str | None = None


class TokenGrant(BaseModel):
    """The answer of the token endpoint."""

    access_token: str = Field(min_length=1, repr=False)
    expires_in: int = 3600
    scope: str = ""


class _Validated(Record):
    Totals: m.OrderTotals | None = None


class NoticeBody(Record):
    """What a webhook says: look at this key."""

    entity: str
    key: str
    row_version: int
    occurred_at: Moment
    event: str = ""


class Wire(LedgerAsks, PriceAsks, ReceivableAsks):
    """TIMS as our contract has it: `/api/v1`, snake_case paths, PascalCase, problem+json."""

    root = "/api/v1"
    token_path = "/oauth/token"  # noqa: S105  a path, not a secret
    trace_header = TRACE_HEADER

    # --- signing in -----------------------------------------------------------------------------

    def token_request(
        self, base: str, client_id: str, client_secret: str, scopes: Sequence[str]
    ) -> Request:
        """Ask for a bearer token by client credentials."""
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": " ".join(scopes),
        }
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        return Request("POST", base + self.token_path, headers, urlencode(form).encode())

    def token(self, response: Response) -> TokenGrant:
        """Read the token endpoint's answer."""
        return self.read(TokenGrant, response, "POST /oauth/token")

    def bearer_headers(self, token: str) -> Mapping[str, str]:
        """How a bearer token is shown."""
        return {"authorization": f"Bearer {token}"}

    def api_key_headers(self, key: str, header: str) -> Mapping[str, str]:
        """Either form that sites use for a static key."""
        if header.lower() == "authorization":
            return {"authorization": f"ApiKey {key}"}
        return {header.lower(): key}

    # --- requests -------------------------------------------------------------------------------

    def request(
        self, ask: Ask, *, base: str, company: str, version: str, headers: Mapping[str, str]
    ) -> Request:
        """The request as it goes out. `company` is `<company>/<live|test>`."""
        url = f"{base}{self.root}{ask.path}"
        if ask.query:
            url += "?" + urlencode(ask.query)
        sent = {
            "accept": "application/json",
            "x-tims-company": company,
            "x-tims-api-version": version,
            **headers,
            **ask.headers,
        }
        body = b""
        if ask.body is not None:
            sent["content-type"] = "application/json"
            body = json.dumps(ask.body, separators=(",", ":"), ensure_ascii=False).encode()
        return Request(ask.method, url, sent, body)

    def meta(self) -> Ask:
        return read_ask("/meta")

    def locations(self) -> Ask:
        return read_ask("/locations", scope="stock:read")

    def customer(self, code: str) -> Ask:
        return read_ask("/customers/{CustomerCode}", code, scope="customers:read")

    def customers(self, *, limit: int = 200) -> Ask:
        return read_ask("/customers", query={"limit": str(limit)}, scope="customers:read")

    def new_customer(self, customer: m.NewCustomer, key: str) -> Ask:
        return create_ask("/customers", body_of(customer), key, scope="customers:write")

    def item(self, number: str) -> Ask:
        return read_ask("/items/{ItemNumber}", number, scope="items:read")

    def items(self, *, limit: int = 200, after: int | None = None) -> Ask:
        newer = {"row_version_gt": str(after)} if after is not None else {}
        return read_ask("/items", query={"limit": str(limit), **newer}, scope="items:read")

    def stock_of(self, item: str) -> Ask:
        return read_ask("/items/{ItemNumber}/stock", item, scope="stock:read")

    def stock_query(self, items: Sequence[str], location: str | None) -> Ask:
        body: dict[str, object] = {"ItemNumbers": list(items)}
        if location is not None:
            body["LocationId"] = location
        return Ask("POST", "/stock/query", "/stock/query", body=body, scope="stock:read")

    def reservations(self, external_ref: str) -> Ask:
        query = {"external_ref": external_ref, "limit": "200"}
        return read_ask("/stock_reservations", query=query, scope="stock:read")

    def reserve(self, line: m.NewReservation, ref: str, until: datetime, key: str) -> Ask:
        body = {**body_of(line), "ExternalRef": ref, "ExpiresAt": rfc3339(until)}
        return create_ask("/stock_reservations", body, key, scope="stock:write")

    def unreserve(self, reservation_id: str) -> Ask:
        path = f"/stock_reservations/{segment(reservation_id)}"
        template = "/stock_reservations/{Id}"
        return Ask("DELETE", template, path, scope="stock:write", writes=True)

    def consume(self, reservation_id: str, order_number: str) -> Ask:
        path = f"/stock_reservations/{segment(reservation_id)}/consume"
        return Ask(
            "POST",
            "/stock_reservations/{Id}/consume",
            path,
            headers={"idempotency-key": f"consume-{reservation_id}-{order_number}"},
            body={"OrderNumber": order_number},
            scope="stock:write",
            writes=True,
        )

    def new_sales_order(self, order: m.NewSalesOrder) -> Ask:
        return create_ask(
            "/sales_orders", body_of(order), order.IdempotencyKey, scope="orders:write"
        )

    def validate_sales_order(self, order: m.NewSalesOrder) -> Ask:
        path = "/sales_orders/validate"
        return Ask("POST", path, path, body=body_of(order), scope="orders:write")

    def sales_order(self, number: str) -> Ask:
        return read_ask("/sales_orders/{OrderNumber}", number, scope="orders:read")

    def sales_orders_by_ref(self, ref: m.OrderRef) -> Ask:
        query = {"external_system": ref.ExternalSystem, "external_ref": ref.ExternalRef}
        return read_ask("/sales_orders", query=query, scope="orders:read")

    def sales_orders_after(self, row_version: int, *, limit: int = 200) -> Ask:
        query = {"row_version_gt": str(row_version), "limit": str(limit)}
        return read_ask("/sales_orders", query=query, scope="orders:read")

    def sales_orders_since(self, moment: datetime, *, limit: int = 200) -> Ask:
        """Everything that changed since then."""
        query = {"updated_since": rfc3339(moment), "limit": str(limit)}
        return read_ask("/sales_orders", query=query, scope="orders:read")

    def change_sales_order(self, change: m.SalesOrderChange, row_version: int) -> Ask:
        return Ask(
            "PATCH",
            "/sales_orders/{OrderNumber}",
            f"/sales_orders/{segment(change.OrderNumber)}",
            headers={"if-match": f'"{row_version}"'},
            body=body_of(change),
            scope="orders:write",
            writes=True,
        )

    def move_sales_order(
        self, number: str, move: str, body: Mapping[str, object], row_version: int | None = None
    ) -> Ask:
        """`move` is hold, release or cancel; with a version, only while the order stands there."""
        return Ask(
            "POST",
            f"/sales_orders/{{OrderNumber}}/{move}",
            f"/sales_orders/{segment(number)}/{move}",
            headers={} if row_version is None else {"if-match": f'"{row_version}"'},
            body=body,
            scope="orders:write",
            writes=True,
        )

    def shipment(self, number: str) -> Ask:
        return read_ask("/shipments/{ShipmentNumber}", number, scope="shipments:read")

    def shipments_of(self, order_number: str) -> Ask:
        return read_ask("/shipments", query={"order_number": order_number}, scope="shipments:read")

    def shipments_since(self, moment: datetime, *, limit: int = 200) -> Ask:
        """Everything that changed since then."""
        query = {"updated_since": rfc3339(moment), "limit": str(limit)}
        return read_ask("/shipments", query=query, scope="shipments:read")

    def changes(self, entity: str, after: int, *, limit: int) -> Ask:
        query = {"entity": entity, "after": str(after), "limit": str(limit)}
        return read_ask("/changes", query=query, scope=_READS.get(entity, ""))

    def webhooks(self) -> Ask:
        return read_ask("/webhooks", scope="webhooks:manage")

    def new_webhook(self, url: str, events: Sequence[str], secret: str, key: str) -> Ask:
        body = {"Url": url, "Events": list(events), "Secret": secret}
        return create_ask("/webhooks", body, key, scope="webhooks:manage")

    def remove_webhook(self, webhook_id: str) -> Ask:
        path, template = f"/webhooks/{segment(webhook_id)}", "/webhooks/{Id}"
        return Ask("DELETE", template, path, scope="webhooks:manage", writes=True)

    def test_webhook(self, webhook_id: str) -> Ask:
        path = f"/webhooks/{segment(webhook_id)}/test"
        return Ask(
            "POST", "/webhooks/{Id}/test", path, body={}, scope="webhooks:manage", writes=True
        )

    def next_page(self, ask: Ask, cursor: str) -> Ask:
        query = {**ask.query, "cursor": cursor}
        return Ask(ask.method, ask.template, ask.path, query, ask.headers, ask.body, ask.scope)

    # --- answers --------------------------------------------------------------------------------

    def read(self, model: type[M], response: Response, operation: str) -> M:
        """The document in an answer that is 2xx."""
        try:
            return model.model_validate_json(response.body)
        except ValidationError as error:
            raise _unreadable(error, response, operation) from None

    def page(self, model: type[M], response: Response, operation: str) -> Page[M]:
        """One page of a list."""
        return self.read(_page_of(model), response, operation)

    def rows(self, model: type[M], response: Response, operation: str) -> tuple[M, ...]:
        """All rows of an answer that has no pages."""
        return self.page(model, response, operation).data

    def meta_of(self, response: Response) -> m.Meta:
        """What the site says about itself."""
        return self.read(m.Meta, response, "GET /meta")

    def order_check(self, response: Response) -> m.SalesOrderCheck:
        """A dry run that TIMS has nothing against."""
        found = self.read(_Validated, response, "POST /sales_orders/validate")
        return m.SalesOrderCheck(ok=True, totals=found.Totals)

    def is_replay(self, response: Response) -> bool:
        """True when TIMS recognised the idempotency key and repeated its first answer."""
        return response.headers.get("idempotent-replay", "").lower() == "true"

    def refusal(self, response: Response) -> Refusal:
        """An answer that is not 2xx, whatever its body is: problem+json, OAuth's, HTML, nothing."""
        try:
            body = response.json()
        except ValueError:
            body = None
        problem: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
        errors = problem.get("errors")
        parts = (
            tuple(_part(x) for x in errors if isinstance(x, Mapping))
            if isinstance(errors, list)
            else ()
        )
        return Refusal(
            status=response.status,
            code=_text(problem, "code") or _text(problem, "error"),
            title=_text(problem, "title"),
            detail=_text(problem, "detail") or _text(problem, "error_description"),
            trace_id=_text(problem, "trace_id") or response.headers.get(self.trace_header, ""),
            parts=parts,
            retryable=problem["retryable"] if isinstance(problem.get("retryable"), bool) else None,
            retry_after=retry_after(response.headers),
            current_status=_text(problem, "current_status"),
            existing=_text(problem, "existing_key") or _text(problem, "existing_id"),
            scope=_text(problem, "scope") if _text(problem, "code") == "scope_missing" else "",
        )

    def code_of(self, response: Response) -> str:
        """The code for the evidence row."""
        return self.refusal(response).code

    def notice(self, body: bytes) -> NoticeBody:
        """A webhook's body; a ValueError when it is not one."""
        return NoticeBody.model_validate_json(body)


_READS = {  # entity of the change feed -> its scope
    "sales_order": "orders:read", "shipment": "shipments:read", "stock": "stock:read",
    "location": "stock:read", "item": "items:read", "customer": "customers:read",
    "price": "prices:read", "price_list": "prices:read", "discount_code": "prices:read",
}  # fmt: skip


@cache
def _page_of(model: type[M]) -> type[Page[M]]:
    """Kept, because pydantic builds the class anew when nobody holds it."""
    return Page[model]  # type: ignore[valid-type]


def _text(problem: Mapping[str, Any], name: str) -> str:
    value = problem.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _part(row: Mapping[str, Any]) -> Part:
    return Part(
        code=_text(row, "code"),
        pointer=_text(row, "pointer"),
        message=_text(row, "message"),
        rejected=_text(row, "rejected"),
    )


def _unreadable(error: ValidationError, response: Response, operation: str) -> TryAgain | Defect:
    """Cut off or not JSON: ask again. Whole JSON of another shape: the contract is not kept."""
    trace = response.headers.get(TRACE_HEADER, "")
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    if any(fault["type"] == "json_invalid" for fault in faults):
        return TryAgain(
            f"TIMS's answer to {operation} is not whole JSON", request_id=trace, code="unreadable"
        )
    where = [f"{'.'.join(str(x) for x in fault['loc'])}: {fault['msg']}" for fault in faults[:10]]
    return Defect(
        f"TIMS's answer to {operation} has another shape than agreed: {'; '.join(where)}",
        request_id=trace,
        code="unexpected_shape",
        reproduce={"operation": operation, "fields": where},
    )

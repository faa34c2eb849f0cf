"""Every operation: its path, the scope it needs, who answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from urllib.parse import unquote

from crossdock.simulators.tims.call import Answer, Call
from crossdock.simulators.tims.office import Office

ROOT = "/api/v1"
TOKEN = "POST /oauth/token"  # noqa: S105  a path, not a secret


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `creates`: an Idempotency-Key is needed. `records`: If-Match guards these."""

    method: str
    template: str
    scope: str
    desk: str  # where in the office
    creates: bool = False
    writes: bool = False
    records: str = ""

    @property
    def name(self) -> str:
        """Such as "POST /sales_orders"."""
        return f"{self.method} {self.template}"

    def answerer(self, office: Office) -> Callable[[Call], Answer]:
        """The method of that office that answers."""
        answer: Callable[[Call], Answer] = attrgetter(self.desk)(office)
        return answer


def _get(template: str, scope: str, desk: str) -> Route:
    return Route("GET", template, scope, desk)


def _new(template: str, scope: str, desk: str) -> Route:
    return Route("POST", template, scope, desk, creates=True, writes=True)


def _do(template: str, scope: str, desk: str) -> Route:
    return Route("POST", template, scope, desk, writes=True)


def _ask(template: str, scope: str, desk: str) -> Route:
    return Route("POST", template, scope, desk)


def _change(template: str, scope: str, desk: str, records: str) -> Route:
    return Route("PATCH", template, scope, desk, writes=True, records=records)


def _delete(template: str, scope: str, desk: str) -> Route:
    return Route("DELETE", template, scope, desk, writes=True)


ROUTES: tuple[Route, ...] = (
    _get("/meta", "", "meta"),
    _get("/changes", "", "changes.read"),
    _get("/locations", "stock:read", "locations.list"),
    _get("/locations/{LocationId}", "stock:read", "locations.get"),
    _get("/customers", "customers:read", "customers.list"),
    _get("/customers/{CustomerCode}", "customers:read", "customers.get"),
    _new("/customers", "customers:write", "customers.create"),
    _change("/customers/{CustomerCode}", "customers:write", "customers.change", "customers.table"),
    _get("/items", "items:read", "items.list"),
    _get("/items/{ItemNumber}", "items:read", "items.get"),
    _get("/items/{ItemNumber}/stock", "stock:read", "stock.list_of_item"),
    _get("/stock", "stock:read", "stock.list"),
    _ask("/stock/query", "stock:read", "stock.query"),
    _get("/price_lists", "prices:read", "prices.list"),
    _get("/price_lists/{Code}", "prices:read", "prices.get"),
    _get("/price_lists/{Code}/entries", "prices:read", "prices.list_entries"),
    _get("/contract_prices", "prices:read", "prices.list_contracts"),
    _get("/discount_codes", "prices:read", "prices.list_codes"),
    _ask("/price_quotes", "prices:read", "quoting.quote"),
    _get("/stock_reservations", "stock:read", "reservations.list"),
    _get("/stock_reservations/{Id}", "stock:read", "reservations.get"),
    _new("/stock_reservations", "stock:write", "reservations.create"),
    _delete("/stock_reservations/{Id}", "stock:write", "reservations.delete"),
    _do("/stock_reservations/{Id}/consume", "stock:write", "reservations.consume"),
    _get("/sales_orders", "orders:read", "order_desk.list"),
    _get("/sales_orders/{OrderNumber}", "orders:read", "order_desk.get"),
    _new("/sales_orders", "orders:write", "order_desk.create"),
    _ask("/sales_orders/validate", "orders:write", "order_desk.validate"),
    _change("/sales_orders/{OrderNumber}", "orders:write", "order_desk.change", "orders"),
    _do("/sales_orders/{OrderNumber}/release", "orders:write", "order_desk.release"),
    _do("/sales_orders/{OrderNumber}/hold", "orders:write", "order_desk.hold"),
    _do("/sales_orders/{OrderNumber}/cancel", "orders:write", "order_desk.cancel"),
    _get("/shipments", "shipments:read", "shipments.list"),
    _get("/shipments/{ShipmentNumber}", "shipments:read", "shipments.get"),
    _get("/invoices", "ar:read", "receivables.list_invoices"),
    _get("/invoices/{InvoiceNumber}", "ar:read", "receivables.get_invoice"),
    _get("/credit_memos", "ar:read", "receivables.list_memos"),
    _new("/credit_memos", "ar:write", "receivables.create_memo"),
    _get("/ar_receipts", "ar:read", "receivables.list_receipts"),
    _get("/ar_receipts/{ReceiptNumber}", "ar:read", "receivables.get_receipt"),
    _new("/ar_receipts", "ar:write", "receivables.create_receipt"),
    _new("/ar_receipts/{ReceiptNumber}/reverse", "ar:write", "receivables.reverse_receipt"),
    _get("/gl/accounts", "gl:read", "ledger.list_accounts"),
    _get("/gl/periods", "gl:read", "ledger.list_periods"),
    _get("/gl/journal_batches", "gl:read", "ledger.list"),
    _get("/gl/journal_batches/{BatchNumber}", "gl:read", "ledger.get"),
    _new("/gl/journal_batches", "gl:write", "ledger.create"),
    _ask("/gl/journal_batches/validate", "gl:write", "ledger.validate"),
    _new("/gl/journal_batches/{BatchNumber}/reverse", "gl:write", "ledger.reverse"),
    _get("/webhooks", "webhooks:manage", "webhooks.list"),
    _get("/webhooks/{Id}", "webhooks:manage", "webhooks.get"),
    _new("/webhooks", "webhooks:manage", "webhooks.create"),
    _delete("/webhooks/{Id}", "webhooks:manage", "webhooks.delete"),
    _do("/webhooks/{Id}/test", "webhooks:manage", "webhooks.test"),
    _get("/webhooks/{Id}/deliveries", "webhooks:manage", "webhooks.deliveries"),
    _do("/webhooks/{Id}/redeliver", "webhooks:manage", "webhooks.redeliver"),
)


def _shape(template: str) -> str:
    """The template with an empty variable segment: "/sales_orders//release"."""
    before, brace, rest = template.partition("{")
    return before + rest.partition("}")[2] if brace else template


def _by_shape() -> Mapping[str, Mapping[str, Route]]:
    shapes: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        shapes.setdefault(_shape(route.template), {})[route.method] = route
    return shapes


_SHAPES = _by_shape()


@dataclass(frozen=True, slots=True)
class Match:
    """What a path means: the methods it takes and the key in it."""

    methods: Mapping[str, Route]
    key: str = ""


def match(path: str) -> Match | None:
    """The meaning of a path below the root; None when it has none."""
    exact = _SHAPES.get(path)
    if exact is not None and not path.endswith("/"):
        return Match(exact)
    segments = path.split("/")
    for n in range(2, len(segments)):
        key = segments[n]
        methods = _SHAPES.get("/".join([*segments[:n], "", *segments[n + 1 :]])) if key else None
        if methods is not None:
            return Match(methods, unquote(key))
    return None

"""The door of the Selling Partner API: routes, authorisation, quotas, and the network's faults."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from crossdock.simulators.amazon import sellers
from crossdock.simulators.amazon.buckets import Buckets
from crossdock.simulators.amazon.catalog import Catalog
from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.definitions import SCHEMAS, Definitions
from crossdock.simulators.amazon.documents import ROLES
from crossdock.simulators.amazon.fba import FbaStock
from crossdock.simulators.amazon.feeds import FEED_DOCUMENTS, Feeds
from crossdock.simulators.amazon.finances import Finances
from crossdock.simulators.amazon.listings import Listings
from crossdock.simulators.amazon.lwa import NOTIFICATIONS, Grant, Lwa
from crossdock.simulators.amazon.notifications import Notifications
from crossdock.simulators.amazon.orders import Orders
from crossdock.simulators.amazon.replies import HTML_ERROR, Refusal, denied
from crossdock.simulators.amazon.reports import DOWNLOADS, Reports
from crossdock.simulators.amazon.restrictions import Restrictions
from crossdock.simulators.amazon.shipments import Shipments
from crossdock.simulators.faults import Fault
from crossdock.simulators.server import DateHeader
from crossdock.simulators.wire import Cut, Reply, Request

_QUOTA_SHOWN = frozenset({200, 204, 400, 404})  # never with 429, 401, 403 or 5xx
_LONGEST_USER_AGENT = 500
_GRANTLESS = frozenset(
    {
        "createDestination",
        "getDestinations",
        "getDestination",
        "deleteDestination",
        "getSubscriptionById",
        "deleteSubscriptionById",
    }
)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: where it lives and who may call it."""

    operation: str
    method: str
    parts: tuple[str, ...]  # "" stands for a variable part
    run: Callable[[Call], Reply]
    grantless: bool  # for an application, without a seller

    @property
    def writes(self) -> bool:
        """True when carrying it out changes something."""
        return self.method != "GET"


class Api:
    """The app behind sellingpartnerapi-<region>.amazon.com."""

    def __init__(
        self,
        company: Company,
        lwa: Lwa,
        notifications: Notifications,
        reports: Reports,
        finances: Finances,
        listings: Listings,
        feeds: Feeds,
        fba: FbaStock,
        catalog: Catalog,
        definitions: Definitions,
        restrictions: Restrictions,
    ) -> None:
        self.limits = True
        self._schemas = definitions.downloads
        self.buckets = Buckets()
        self._company, self._lwa, self._reports, self._feeds = company, lwa, reports, feeds
        self._dates = DateHeader(company.clock)
        self._burst: dict[str, tuple[int, int]] = {}  # operation -> calls left to fail, status
        self._routes: dict[tuple[str, int, str, str], list[Route]] = {}
        shipments = Shipments(company)
        for route in [
            *_routes(
                Orders(company), shipments, notifications, reports, finances, listings, feeds, fba
            ),
            *_product_routes(catalog, definitions, restrictions),
        ]:
            key = (route.method, len(route.parts), route.parts[1], route.parts[2])
            self._routes.setdefault(key, []).append(route)

    def handle(self, request: Request) -> Reply:
        """Carry out one request."""
        now = self._company.now()
        if request.path.startswith(DOWNLOADS):  # another house of Amazon's: no token, no quota
            return self._reports.download(request)
        if request.path.startswith(FEED_DOCUMENTS):
            return self._broken("feed document") or self._feeds.exchange(request)
        if request.path.startswith(SCHEMAS):
            return self._schemas.answer(request)
        parts = tuple(request.path.split("/"))
        route = self._route(request.method, parts)
        if route is None:
            return self._sent(Refusal(404, "NotFound", "Unknown path.").reply(), "unknown", now)
        operation = route.operation
        reply = self._broken(operation)
        if reply is None:
            try:
                reply = route.run(self._admit(route, request, parts, now))
            except Refusal as refusal:
                reply = self._refused(refusal)
            else:
                reply = self._spoiled(route, reply)
        return self._sent(reply, operation, now)

    def _route(self, method: str, parts: tuple[str, ...]) -> Route | None:
        if len(parts) < 3:
            return None
        for route in self._routes.get((method, len(parts), parts[1], parts[2]), ()):
            if all(
                not mine or mine == yours for mine, yours in zip(route.parts, parts, strict=True)
            ):
                return route
        return None

    def _admit(self, route: Route, request: Request, parts: tuple[str, ...], now: datetime) -> Call:
        """Everything that is checked before an operation runs."""
        if len(request.headers.get("user-agent", "")) > _LONGEST_USER_AGENT:
            raise Refusal(400, "InvalidInput", "The user-agent header is too long.")
        grant = self._grant(route, request, now)
        if not route.grantless and self._company.roles.isdisjoint(ROLES):
            raise denied("The application has no role for this operation.")
        self._throttle(route.operation, grant, now)
        arguments = tuple(
            unquote(yours) for mine, yours in zip(route.parts, parts, strict=True) if not mine
        )[1:]  # the first part is the empty one before the leading slash
        return Call(request, route.operation, arguments, grant, now)

    def _grant(self, route: Route, request: Request, now: datetime) -> Grant:
        token = request.headers.get("x-amz-access-token", "")
        grant = self._lwa.grant(token, now)
        if fault := self._company.faults.strikes("token_expired_early", route.operation):
            self._lwa.forget(token)
            status = int(fault.settings.get("status", 403))
            raise denied("The access token you provided has expired.", status)
        if route.grantless and grant.scope != NOTIFICATIONS:
            raise denied("The operation needs a token for notifications without a seller.")
        if not route.grantless and grant.seller is None:
            raise denied("The operation needs the authorisation of a selling partner.")
        return grant

    def _throttle(self, operation: str, grant: Grant, now: datetime) -> None:
        if not self.limits:
            return
        fault = self._company.faults.strikes("throttle_below_rate", operation)
        share = float(fault.settings.get("share", 0.5)) if fault else 1.0
        owner = grant.seller.seller_id if grant.seller else ""
        if not self.buckets.take(operation, owner, now, share):
            words = "You exceeded your quota for the requested resource."
            raise Refusal(429, "QuotaExceeded", words)

    def _broken(self, operation: str) -> Reply | None:
        """What goes wrong before anything is carried out."""
        faults = self._company.faults
        if faults.strikes("reset_before", operation):
            return Reply(0, cut=Cut.RESET)
        if faults.strikes("silence", operation):
            return Reply(0, cut=Cut.SILENCE)
        if fault := faults.strikes("html_error", operation):
            status = int(fault.settings.get("status", 503))
            return Reply(status, {"content-type": "text/html"}, HTML_ERROR)
        left, status = self._burst.get(operation, (0, 0))
        if not left and (fault := faults.strikes("server_error_burst", operation)):
            left, status = int(fault.settings.get("length", 1)), _burst_status(fault)
        if not left:
            return None
        self._burst[operation] = (left - 1, status)
        code = "ServiceUnavailable" if status == 503 else "InternalFailure"
        return self._refused(Refusal(status, code, "We encountered an internal error."))

    def _spoiled(self, route: Route, reply: Reply) -> Reply:
        """What goes wrong after it was carried out."""
        faults = self._company.faults
        if route.writes:
            if fault := faults.strikes("reply_lost_after_write", route.operation):
                silent = fault.settings.get("how") == "silence"
                return Reply(0, cut=Cut.SILENCE if silent else Cut.RESET)
        elif faults.strikes("malformed_json", route.operation):
            return Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2])
        return reply

    def _refused(self, refusal: Refusal) -> Reply:
        reply = refusal.reply()
        return Reply(reply.status, {**reply.headers, "x-amzn-errortype": refusal.code}, reply.body)

    def _sent(self, reply: Reply, operation: str, now: datetime) -> Reply:
        """The reply with the headers that Amazon adds."""
        company, status = self._company, reply.status
        company.counts[operation, status] += 1
        if reply.cut is not None:
            return reply
        headers = {
            **reply.headers,
            "x-amzn-requestid": company.names.request_id(),
            "date": self._dates.at(now),
        }
        if status in _QUOTA_SHOWN and operation in self.buckets.rates:
            headers["x-amzn-ratelimit-limit"] = self.buckets.header(operation)
        return Reply(status, headers, reply.body)


def _burst_status(fault: Fault) -> int:
    usual = 503 if fault.struck % 2 else 500
    return int(fault.settings.get("status", usual))


def _routes(
    orders: Orders,
    shipments: Shipments,
    notifications: Notifications,
    reports: Reports,
    finances: Finances,
    listings: Listings,
    feeds: Feeds,
    fba: FbaStock,
) -> list[Route]:
    n = notifications
    destinations, subscriptions = (
        "/notifications/v1/destinations",
        "/notifications/v1/subscriptions",
    )
    destination, of_type = f"{destinations}/{{id}}", f"{subscriptions}/{{type}}"
    by_id = f"{of_type}/{{id}}"
    finance = "/finances/2024-06-19"
    order, old_order = "/orders/2026-01-01/orders/{id}", "/orders/v0/orders/{id}"
    listing = "/listings/2021-08-01/items/{seller}/{sku}"
    shops = "/sellers/v1/marketplaceParticipations"
    feed, feed_documents = "/feeds/2021-06-30/feeds", "/feeds/2021-06-30/documents"
    rows: list[tuple[str, str, str, Callable[[Call], Reply]]] = [
        ("searchOrders", "GET", "/orders/2026-01-01/orders", orders.search_orders),
        ("getOrder", "GET", order, orders.get_order),
        ("confirmShipment", "POST", f"{old_order}/shipmentConfirmation", shipments.confirm),
        ("getMarketplaceParticipations", "GET", shops, sellers.get_marketplace_participations),
        ("getAccount", "GET", "/sellers/v1/account", sellers.get_account),
        ("getReports", "GET", "/reports/2021-06-30/reports", reports.get_reports),
        ("getReport", "GET", "/reports/2021-06-30/reports/{id}", reports.get_report),
        ("getReportDocument", "GET", "/reports/2021-06-30/documents/{id}", reports.get_document),
        (
            "listTransactions",
            "GET",
            f"{finance}/transactions",
            finances.list_transactions,
        ),
        ("listSummary", "GET", f"{finance}/summary", finances.list_summary),
        (
            "listFinancialEventGroups",
            "GET",
            "/finances/v0/financialEventGroups",
            finances.list_groups,
        ),
        ("getListingsItem", "GET", listing, listings.get),
        ("patchListingsItem", "PATCH", listing, listings.patch),
        ("putListingsItem", "PUT", listing, listings.put),
        ("deleteListingsItem", "DELETE", listing, listings.delete),
        ("searchListingsItems", "GET", "/listings/2021-08-01/items/{seller}", listings.search),
        ("createFeedDocument", "POST", feed_documents, feeds.create_document),
        ("createFeed", "POST", feed, feeds.create),
        ("getFeeds", "GET", feed, feeds.get_feeds),
        ("getFeed", "GET", f"{feed}/{{id}}", feeds.get_feed),
        ("cancelFeed", "DELETE", f"{feed}/{{id}}", feeds.cancel),
        ("getFeedDocument", "GET", f"{feed_documents}/{{id}}", feeds.get_document),
        ("getInventorySummaries", "GET", "/fba/inventory/v1/summaries", fba.get_summaries),
        ("createDestination", "POST", destinations, n.create_destination),
        ("getDestinations", "GET", destinations, n.get_destinations),
        ("getDestination", "GET", destination, n.get_destination),
        ("deleteDestination", "DELETE", destination, n.delete_destination),
        ("getSubscriptions", "GET", subscriptions, n.get_subscriptions),
        ("createSubscription", "POST", of_type, n.create_subscription),
        ("getSubscription", "GET", of_type, n.get_subscription),
        ("getSubscriptionById", "GET", by_id, n.get_subscription_by_id),
        ("deleteSubscriptionById", "DELETE", by_id, n.delete_subscription_by_id),
    ]
    return [
        Route(operation, method, _parts(path), run, grantless=operation in _GRANTLESS)
        for operation, method, path, run in rows
    ]


def _product_routes(
    catalog: Catalog, definitions: Definitions, restrictions: Restrictions
) -> list[Route]:
    items, types = "/catalog/2022-04-01/items", "/definitions/2020-09-01/productTypes"
    rows: list[tuple[str, str, Callable[[Call], Reply]]] = [
        ("searchCatalogItems", items, catalog.search),
        ("getCatalogItem", f"{items}/{{asin}}", catalog.get),
        ("getListingsRestrictions", "/listings/2021-08-01/restrictions", restrictions.get),
        ("searchDefinitionsProductTypes", types, definitions.search),
        ("getDefinitionsProductType", f"{types}/{{type}}", definitions.get),
    ]
    return [
        Route(operation, "GET", _parts(path), run, grantless=False) for operation, path, run in rows
    ]


def _parts(path: str) -> tuple[str, ...]:
    return tuple("" if part.startswith("{") else part for part in path.split("/"))

"""Orders API 2026-01-01: searchOrders and getOrder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.documents import (
    INCLUDED_DATA,
    hidden,
    late_phone,
    order_document,
)
from crossdock.simulators.amazon.marketplaces import MARKETPLACES
from crossdock.simulators.amazon.replies import (
    Refusal,
    denied,
    encode,
    encoded,
    invalid,
    not_found,
)
from crossdock.simulators.amazon.state import (
    STATUSES,
    SimOrder,
    parse_timestamp,
    timestamp,
)
from crossdock.simulators.wire import Reply

_TWO_MINUTES = timedelta(minutes=2)
_TOKEN_LIFE = timedelta(hours=24)
_MEMORY = timedelta(days=731)
_LONG_MEMORY = frozenset({"JP", "AU", "SG"})
_FILTERS = (
    "createdAfter",
    "createdBefore",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "fulfillmentStatuses",
    "marketplaceIds",
    "fulfilledBy",
)


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked for, checked."""

    by_update: bool
    after: datetime
    before: datetime
    statuses: frozenset[str]
    marketplaces: frozenset[str]
    fulfilled_by: frozenset[str]

    def when(self, order: SimOrder) -> datetime:
        """The order's time that the search goes by."""
        return order.updated if self.by_update else order.created

    def finds(self, order: SimOrder) -> bool:
        """True when the order matches."""
        return (
            self.after <= self.when(order) <= self.before
            and (not self.statuses or order.status in self.statuses)
            and (not self.marketplaces or order.marketplace.id in self.marketplaces)
            and (not self.fulfilled_by or order.fulfilled_by in self.fulfilled_by)
        )


@dataclass(frozen=True, slots=True)
class Bookmark:
    """What a page token stands for."""

    seller_id: str
    filters: tuple[str | None, ...]
    search: Search
    last: tuple[datetime, str]  # the last order already shown
    shown: tuple[str, ...]  # ids of the page before
    issued: datetime


class Orders:
    """The Orders department."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._bookmarks: dict[str, Bookmark] = {}
        self._included: dict[str, frozenset[str]] = {}

    def get_order(self, call: Call) -> Reply:
        """GET /orders/2026-01-01/orders/{orderId}"""
        asked = call.request.query.get("includedData", "")
        self._check_included(asked, call.operation)
        order = self._company.orders.get(call.arguments[0])
        if order is None or order.seller_id != call.seller.seller_id:
            raise not_found("The requested order does not exist.")
        return encoded(200, b'{"order":%b}' % self._shown(order, asked, call.now))

    def search_orders(self, call: Call) -> Reply:
        """GET /orders/2026-01-01/orders"""
        query = call.request.query
        asked = query.get("includedData", "")
        self._check_included(asked, call.operation)
        size = _page_size(query.get("maxResultsPerPage", "100"))
        filters = tuple(query.get(name) for name in _FILTERS)
        token = query.get("paginationToken")
        if token is None:
            bookmark = None
            search = self._search(query, call)
        else:
            bookmark = self._bookmark(token, filters, call)
            search = bookmark.search
        page, more = self._page(search, bookmark, size, call)
        repeated = self._repeated(bookmark)
        orders = [self._shown(order, asked, call.now) for order in (*repeated, *page)]
        tail: dict[str, object] = {}
        if more:
            last = (search.when(page[-1]), page[-1].order_id)
            shown = tuple(order.order_id for order in page)
            seller_id = call.seller.seller_id
            tail["pagination"] = {
                "nextToken": self._keep(Bookmark(seller_id, filters, search, last, shown, call.now))
            }
        bound = "lastUpdatedBefore" if search.by_update else "createdBefore"
        tail[bound] = timestamp(search.before)
        return encoded(200, b'{"orders":[%b],%b' % (b",".join(orders), encode(tail)[1:]))

    def _shown(self, order: SimOrder, asked: str, now: datetime) -> bytes:
        """The order's JSON, made once per version and way of asking."""
        company = self._company
        unseen = tuple(r for r, p in order.packages.items() if hidden(p, now))
        key = (
            asked,
            frozenset(company.roles),
            company.discount_sign,
            late_phone(order, now),
            unseen,
        )
        body = order.encoded.get(key)
        if body is None:
            included = self._included[asked]
            body = encode(order_document(order, included, company.roles, now, key[2]))
            order.encoded[key] = body
        return body

    def _check_included(self, asked: str, operation: str) -> None:
        included = self._included.get(asked)
        if included is None:
            included = frozenset(asked.split(",")) if asked else frozenset()
            if included - set(INCLUDED_DATA):
                raise invalid("Invalid value for includedData.")
            if len(self._included) < 1000:
                self._included[asked] = included
        outage = self._company.faults.strikes("included_data_outage", operation)
        if outage and outage.settings.get("value", "FULFILLMENT") in included:
            raise invalid("Invalid Input", "Invalid value for includedData.")

    def _search(self, query: Mapping[str, str], call: Call) -> Search:
        by_update = "lastUpdatedAfter" in query
        if by_update == ("createdAfter" in query):
            raise invalid("Provide exactly one of createdAfter and lastUpdatedAfter.")
        ours, others = ("lastUpdated", "created") if by_update else ("created", "lastUpdated")
        if f"{others}Before" in query:
            raise invalid(f"{others}Before cannot be combined with {ours}After.")
        after = _moment(query, f"{ours}After")
        latest = call.now - _TWO_MINUTES
        before = latest
        if f"{ours}Before" in query:
            before = _moment(query, f"{ours}Before")
            if before > latest:
                raise invalid(f"{ours}Before must be at least two minutes before the request.")
            if before < after:
                raise invalid(f"{ours}Before must not be before {ours}After.")
        return Search(
            by_update,
            after,
            before,
            _choices(query, "fulfillmentStatuses", STATUSES),
            self._marketplaces(query, call),
            _choices(query, "fulfilledBy", ("MERCHANT", "AMAZON")),
        )

    def _marketplaces(self, query: Mapping[str, str], call: Call) -> frozenset[str]:
        wanted = _choices(query, "marketplaceIds", tuple(MARKETPLACES))
        if len(wanted) > 50:
            raise invalid("At most 50 marketplaceIds are allowed.")
        if not wanted <= set(call.seller.marketplaces):
            raise denied("The seller does not sell in every marketplace asked for.")
        return wanted

    def _page(
        self, search: Search, bookmark: Bookmark | None, size: int, call: Call
    ) -> tuple[list[SimOrder], bool]:
        """The next orders, oldest first, and whether more follow."""
        seller_id = call.seller.seller_id
        after = bookmark.last if bookmark else None
        found = [
            ((search.when(order), order.order_id), order)
            for order in self._company.orders.values()
            if order.seller_id == seller_id
            and search.finds(order)
            and (order.hidden_until is None or call.now >= order.hidden_until)
            and _remembered(order, call.now)
        ]
        rest = sorted((row for row in found if after is None or row[0] > after), key=_position)
        if len(rest) > 1 and self._company.faults.strikes("partial_page", call.operation):
            size = max(1, min(size, len(rest)) // 2)
        return [order for _, order in islice(rest, size)], len(rest) > size

    def _repeated(self, bookmark: Bookmark | None) -> list[SimOrder]:
        if bookmark is None or not self._company.faults.strikes("repeated_page", "searchOrders"):
            return []
        return [self._company.orders[order_id] for order_id in bookmark.shown[-3:]]

    def _keep(self, bookmark: Bookmark) -> str:
        token = self._company.names.secret(48)
        self._bookmarks[token] = bookmark
        for old, kept in list(islice(self._bookmarks.items(), 2)):  # the oldest come first
            if bookmark.issued - kept.issued > 2 * _TOKEN_LIFE:
                del self._bookmarks[old]
        return token

    def _bookmark(self, token: str, filters: tuple[str | None, ...], call: Call) -> Bookmark:
        bookmark = self._bookmarks.get(token)
        if bookmark is None or bookmark.seller_id != call.seller.seller_id:
            raise invalid("The paginationToken is not valid.")
        if call.now - bookmark.issued > _TOKEN_LIFE:
            raise invalid("The paginationToken has expired.")
        if bookmark.filters != filters:
            raise invalid("The filters differ from those that the paginationToken was made for.")
        return bookmark


def _position(row: tuple[tuple[datetime, str], SimOrder]) -> tuple[datetime, str]:
    return row[0]


def _remembered(order: SimOrder, now: datetime) -> bool:
    return now - order.created <= _MEMORY or order.marketplace.country in _LONG_MEMORY


def _page_size(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise invalid("maxResultsPerPage must be between 1 and 100.")
    return int(text)


def _moment(query: Mapping[str, str], name: str) -> datetime:
    try:
        return parse_timestamp(query[name])
    except ValueError:
        raise _bad_moment(name) from None


def _bad_moment(name: str) -> Refusal:
    return invalid(f"{name} is not an ISO 8601 date-time.")


def _choices(query: Mapping[str, str], name: str, valid: tuple[str, ...]) -> frozenset[str]:
    text = query.get(name, "")
    chosen = frozenset(text.split(",")) if text else frozenset()
    if chosen - set(valid):
        raise invalid(f"Invalid value for {name}.")
    return chosen

"""FBA Inventory v1: what lies in Amazon's warehouses, as its sellers may read it.

A page token dies after 30 seconds. A search by time looks at nothing else, and does not notice what
is still on its way to a warehouse.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.replies import Row, answer, invalid
from crossdock.simulators.amazon.state import parse_timestamp, timestamp
from crossdock.simulators.wire import Reply

PAGE, MOST_SKUS = 50, 50
TOKEN_LIFE = timedelta(seconds=30)
_MEMORY = timedelta(days=548)


@dataclass(slots=True)
class Held:
    """One SKU of a seller in Amazon's warehouses, in units."""

    sku: str
    asin: str
    changed: datetime
    fulfillable: int = 0
    inbound_working: int = 0
    inbound_shipped: int = 0
    inbound_receiving: int = 0
    reserved: int = 0
    unfulfillable: int = 0
    researching: int = 0

    @property
    def total(self) -> int:
        """Everything, on its way or there."""
        inbound = self.inbound_working + self.inbound_shipped + self.inbound_receiving
        return self.fulfillable + inbound + self.reserved + self.unfulfillable + self.researching


@dataclass(frozen=True, slots=True)
class _Bookmark:
    seller_id: str
    query: tuple[tuple[str, str], ...]
    start: int
    issued: datetime


class FbaStock:
    """The department for stock that Amazon holds."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.held: dict[tuple[str, str], Held] = {}
        self._bookmarks: dict[str, _Bookmark] = {}

    def hold(self, sku: str, seller_id: str = "", **units: int) -> Held:
        """So much of it is there now; what is not named is none. Only what is on its way may change
        without a new time of change.
        """
        seller, now = self._company.seller(seller_id).seller_id, self._company.now()
        old = self.held.get((seller, sku))
        new = Held(sku, old.asin if old else f"B1{len(self.held):08}", now, **units)
        if old is not None and _there(old) == _there(new):
            new.changed = old.changed
        self.held[seller, sku] = new
        return new

    def get_summaries(self, call: Call) -> Reply:
        """GET /fba/inventory/v1/summaries"""
        query = {k: v for k, v in call.request.query.items() if k != "nextToken"}
        shop = query.get("marketplaceIds", "")
        if query.get("granularityType") != "Marketplace" or not query.get("granularityId"):
            raise invalid("granularityType must be Marketplace, with its granularityId.")
        if not shop or "," in shop:
            raise invalid("Exactly one marketplaceId is required.")
        found = self._found(call, query)
        start = self._start(call, query)
        details = query.get("details", "").casefold() == "true"  # the SDK writes True
        body: Row = {
            "payload": {
                "granularity": {
                    "granularityType": "Marketplace", "granularityId": query["granularityId"],
                },
                "inventorySummaries": [_row(h, details) for h in found[start : start + PAGE]],
            }
        }  # fmt: skip
        if start + PAGE < len(found):
            body["pagination"] = {"nextToken": self._token(call, query, start + PAGE)}
        return answer(200, body)

    def _found(self, call: Call, query: dict[str, str]) -> list[Held]:
        mine = [h for (seller, _), h in self.held.items() if seller == call.seller.seller_id]
        mine.sort(key=lambda h: h.sku)
        if since := query.get("startDateTime"):
            try:
                after = parse_timestamp(since)
            except ValueError:
                raise invalid("startDateTime is not an ISO 8601 date-time.") from None
            if call.now - after > _MEMORY:
                raise invalid("startDateTime must lie within the last 18 months.")
            return [h for h in mine if h.changed >= after]  # SKUs that are named do not count
        wanted = [x for x in query.get("sellerSkus", "").split(",") if x]
        if len(wanted) > MOST_SKUS:
            raise invalid(f"sellerSkus: at most {MOST_SKUS}.")
        if one := query.get("sellerSku"):
            wanted.append(one)
        return [h for h in mine if not wanted or h.sku in wanted]

    def _start(self, call: Call, query: dict[str, str]) -> int:
        token = call.request.query.get("nextToken")
        if token is None:
            return 0
        mark = self._bookmarks.get(token)
        if mark is None or mark.seller_id != call.seller.seller_id:
            raise invalid("The nextToken is not valid.")
        if call.now - mark.issued > TOKEN_LIFE:
            raise invalid("The nextToken has expired.")
        if mark.query != tuple(sorted(query.items())):
            raise invalid("The query differs from the one that the nextToken was made for.")
        return mark.start

    def _token(self, call: Call, query: dict[str, str], start: int) -> str:
        for old, mark in list(self._bookmarks.items()):
            if call.now - mark.issued > TOKEN_LIFE * 2:
                del self._bookmarks[old]
        token = self._company.names.secret(32)
        rows = tuple(sorted(query.items()))
        self._bookmarks[token] = _Bookmark(call.seller.seller_id, rows, start, call.now)
        return token


def _there(held: Held) -> tuple[int, ...]:
    return (held.fulfillable, held.reserved, held.unfulfillable, held.researching)


def _row(held: Held, details: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "asin": held.asin, "fnSku": f"X{held.asin[1:]}", "sellerSku": held.sku,
        "condition": "NewItem", "lastUpdatedTime": timestamp(held.changed),
        "productName": held.sku, "totalQuantity": held.total,
    }  # fmt: skip
    if details:
        row["inventoryDetails"] = {
            "fulfillableQuantity": held.fulfillable,
            "inboundWorkingQuantity": held.inbound_working,
            "inboundShippedQuantity": held.inbound_shipped,
            "inboundReceivingQuantity": held.inbound_receiving,
            "reservedQuantity": {"totalReservedQuantity": held.reserved},
            "researchingQuantity": {"totalResearchingQuantity": held.researching},
            "unfulfillableQuantity": {"totalUnfulfillableQuantity": held.unfulfillable},
        }
    return row

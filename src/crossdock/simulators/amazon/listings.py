"""Listings Items 2021-08-01: what is for sale, as it was submitted and as it is live.

A submission is accepted at once and shows later. What was submitted and what is live are kept
apart, as Amazon does. Stock shows before prices, also when both came in one message.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.listing_changes import found_later, issue, patched, refused
from crossdock.simulators.amazon.listing_records import (
    CHANNEL,
    MERCHANT,
    OFFER,
    STOCK,
    Attributes,
    Coming,
    SimListing,
    laid,
    rows_in,
)
from crossdock.simulators.amazon.offers import live_offers
from crossdock.simulators.amazon.replies import Refusal, Row, invalid, not_found
from crossdock.simulators.amazon.state import shop_called, timestamp
from crossdock.simulators.wire import Reply

EFFECT = timedelta(seconds=15)
PRICE_EFFECT = timedelta(seconds=45)
OTHER_EFFECT = timedelta(seconds=60)
ANY_TYPE = "PRODUCT"
_DELAYS = {STOCK: EFFECT, OFFER: PRICE_EFFECT}
_INCLUDED = ("summaries", "attributes", "issues", "offers", "fulfillmentAvailability",
             "procurement", "relationships", "productTypes")  # fmt: skip
_REQUIREMENTS = ("LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY")
_PAGE, _MOST_IDENTIFIERS, _CEILING = 20, 20, 1000
_KEPT = (CHANNEL, "quantity", "marketplace_id", "currency", "audience", "our_price")

Check = Callable[[str, str, str, Attributes, str], list[Row]]
"""More rules: (seller, product type, requirements, attributes, marketplace or all) to issues."""


class Listings:
    """The department for listings."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.items: dict[tuple[str, str], SimListing] = {}
        self.checks: list[Check] = []
        self.before: list[Callable[[], None]] = []  # done before anybody looks at a listing
        self.asin_of: Callable[[Attributes, str], str] = lambda *_: ""  # the page of that product
        self.title_of: Callable[[str], str] = lambda _: ""  # what that page is called

    # --- what people do

    def offer(
        self, sku: str, quantity: int = 0, *, channel: str = MERCHANT, seller_id: str = "",
        lead_time: int = 2, prices: Mapping[str, Decimal] | None = None, asin: str = "",
        product_type: str = "WELDING_TOOL", attributes: Attributes | None = None,
        shops: Iterable[str] = (),
    ) -> SimListing:  # fmt: skip
        """A listing that stands already, in these marketplaces or all of the seller's; `prices` by
        marketplace.
        """
        owner, now = self._company.seller(seller_id), self._company.now()
        seller, there = owner.seller_id, set(shops) or set(owner.marketplaces)
        row: Row = {CHANNEL: channel, "quantity": quantity}
        if channel == MERCHANT:
            row["lead_time_to_ship_max_days"] = lead_time
        stands = {STOCK: [row], **deepcopy(attributes or {})}
        if prices:
            stands[OFFER] = [_plain_offer(shop, price) for shop, price in prices.items()]
        item = SimListing(
            sku, asin or self._new_asin(), product_type, stands, deepcopy(stands),
            created=now, changed=now, shops=there, showing=set(there),
        )  # fmt: skip
        item.history.append((now, quantity))
        item.offers.append((now, deepcopy(stands.get(OFFER, []))))
        self.items[seller, sku] = item
        return item

    def bought(self, seller_id: str, sku: str, quantity: int) -> None:
        """A sale takes what is live; Amazon counts it down by itself."""
        item = self.now(seller_id, sku)
        if item is None:
            return
        for row in item.live.get(STOCK, ()):
            if row[CHANNEL] == MERCHANT:
                row["quantity"] = max(int(row.get("quantity", 0)) - quantity, 0)
                item.history.append((self._company.now(), row["quantity"]))
                self._company.shows(seller_id, sku, row["quantity"], self._company.now())

    def now(self, seller_id: str, sku: str) -> SimListing | None:
        """The listing, with what has come into effect until now."""
        for work in self.before:
            work()
        item, now = self.items.get((seller_id, sku)), self._company.now()
        if item is None:
            return None
        item.take_effect(now)
        return item if item.shops else None

    # --- operations

    def get(self, call: Call) -> Reply:
        """GET /listings/2021-08-01/items/{sellerId}/{sku}"""
        shops, item = self._shops(call), self._item(call)
        if item is None:
            raise not_found(f"SKU '{call.arguments[1]}' not found in marketplace.")
        return _reply(self._shown(call, item, shops))

    def search(self, call: Call) -> Reply:
        """GET /listings/2021-08-01/items/{sellerId}"""
        shops, query = self._shops(call), call.request.query
        wanted = [x for x in query.get("identifiers", "").split(",") if x]
        if len(wanted) > _MOST_IDENTIFIERS:
            raise invalid(f"identifiers: at most {_MOST_IDENTIFIERS}.")
        if wanted and query.get("identifiersType") != "SKU":
            raise invalid("identifiersType: only SKU is rehearsed here.")
        size, start = int(query.get("pageSize", 10)), int(query.get("pageToken") or 0)
        if not 1 <= size <= _PAGE:
            raise invalid(f"pageSize: 1 to {_PAGE}.")
        seller_id, missed = call.arguments[0], self._company.faults.strikes
        skus = wanted or sorted(sku for seller, sku in self.items if seller == seller_id)
        every = (self.now(seller_id, sku) for sku in skus
                 if not missed("listing_not_searched", sku))  # fmt: skip
        found = [i for i in every if i is not None and not i.shops.isdisjoint(shops)][:_CEILING]
        body: Row = {
            "numberOfResults": len(found),
            "items": [self._shown(call, item, shops) for item in found[start : start + size]],
        }
        if start + size < len(found):
            body["pagination"] = {"nextToken": f"{start + size}"}
        return _reply(body)

    def patch(self, call: Call) -> Reply:
        """PATCH /listings/2021-08-01/items/{sellerId}/{sku}"""
        shop, item, body = self._shop(call), self._item(call), _body(call)
        if item is None:
            raise invalid(f"SKU '{call.arguments[1]}' not found in marketplace.")
        if not isinstance(body.get("productType"), str) or not isinstance(
            body.get("patches"), list
        ):
            raise invalid("productType and patches are required.")
        issues = self.change(
            call.seller.seller_id, item, body["productType"], body["patches"], call.operation,
            preview=_is_preview(call), shop=shop,
        )  # fmt: skip
        return self._answer(call, call.arguments[1], issues)

    def put(self, call: Call) -> Reply:
        """PUT /listings/2021-08-01/items/{sellerId}/{sku}"""
        shop = self._shop(call)
        self._item(call)
        body = _body(call)
        if not isinstance(body.get("productType"), str) or not isinstance(
            body.get("attributes"), dict
        ):
            raise invalid("productType and attributes are required.")
        issues = self.replace(
            call.seller.seller_id, call.arguments[1], body["productType"],
            str(body.get("requirements", "LISTING")), body["attributes"], call.operation,
            preview=_is_preview(call), shop=shop,
        )  # fmt: skip
        return self._answer(call, call.arguments[1], issues)

    def delete(self, call: Call) -> Reply:
        """DELETE /listings/2021-08-01/items/{sellerId}/{sku}"""
        shop, item = self._shop(call), self._item(call)
        if item is None:
            raise invalid(f"SKU '{call.arguments[1]}' not found in marketplace.")
        self.remove(item, shop=shop)
        return self._answer(call, item.sku, [])

    # --- the same for single calls and for the messages of a feed

    def change(
        self, seller_id: str, item: SimListing, product_type: str, patches: list[Any],
        operation: str, *, preview: bool = False, at: datetime | None = None, shop: str = "",
    ) -> list[Row]:  # fmt: skip
        """Carry out patches; the issues that refuse them all. `at`: a while ago, by a feed;
        `shop`: in that marketplace alone.
        """
        after, issues = deepcopy(item.submitted), []
        for one in patches:
            after, found = patched(after, one, shop)
            issues += found
        touched = {n: rows for n, rows in after.items() if rows != item.submitted.get(n)}
        issues += refused(touched)
        if product_type not in (ANY_TYPE, item.product_type):
            issues.append(issue("8541", f"{item.sku} is a {item.product_type}.", "productType"))
        elif product_type != ANY_TYPE:
            mine = {n: said for n, rows in after.items() if (said := rows_in(rows, shop))}
            issues += self._checked(seller_id, product_type, item.requirements, mine, shop)
        gone = item.submitted.keys() - after.keys()
        if not issues and not preview:
            named = {str(p["path"]).removeprefix("/attributes/") for p in patches}
            again = {n: after[n] for n in named if n in after}  # the same value once more counts
            changes = {**touched, **again, **{n: [] for n in gone}}
            self._store(seller_id, item, changes, operation, at, shop)
        return issues

    def replace(
        self, seller_id: str, sku: str, product_type: str, requirements: str,
        attributes: Attributes, operation: str, *, preview: bool = False,
        at: datetime | None = None, shop: str = "",
    ) -> list[Row]:  # fmt: skip
        """Make this the whole listing, in that marketplace or everywhere; the issues that refuse
        it. Quantities are no marketplace's own: what is not sent is gone in all of them.
        """
        if requirements not in _REQUIREMENTS:
            return [issue("99001", f"requirements must be one of {_REQUIREMENTS}.", "requirements")]
        issues = refused(attributes)
        issues += self._checked(seller_id, product_type, requirements, attributes, shop)
        item = self.now(seller_id, sku)
        if issues or preview:
            return issues
        page = _suggested(attributes) or self.asin_of(attributes, shop)
        if item is None:
            now = self._company.now()
            asin = page or self._new_asin()
            item = SimListing(sku, asin, product_type, {}, created=now, changed=now)
            self.items[seller_id, sku] = item
        elif shop not in item.shops and page not in ("", item.asin):
            item.asins[shop] = page
        item.shops |= {shop} if shop else set(self._company.seller(seller_id).marketplaces)
        item.gone = {one: at for one, at in item.gone.items() if shop and one != shop}
        item.requirements = requirements
        names = item.submitted.keys() | attributes.keys()
        whole = {n: laid(item.submitted.get(n, ()), deepcopy(attributes.get(n, [])),
                         "" if n == STOCK else shop) for n in names}  # fmt: skip
        changes = {n: rows for n, rows in whole.items()
                   if n in attributes or rows != item.submitted[n]}  # fmt: skip
        self._store(seller_id, item, changes, operation, at, shop)
        return []

    def remove(self, item: SimListing, *, at: datetime | None = None, shop: str = "") -> None:
        """Take it off, there or everywhere; it is gone a while later."""
        for one in [shop] if shop else sorted(item.shops):
            item.gone[one] = (at or self._company.now()) + EFFECT

    def _checked(
        self, seller_id: str, product_type: str, requirements: str, attributes: Attributes,
        shop: str,
    ) -> list[Row]:  # fmt: skip
        said = (seller_id, product_type, requirements, attributes, shop)
        return [found for check in self.checks for found in check(*said)]

    def _store(
        self, seller_id: str, item: SimListing, changes: Attributes, operation: str,
        at: datetime | None = None, shop: str = "",
    ) -> None:  # fmt: skip
        now, faults = at or self._company.now(), self._company.faults
        for name, rows in changes.items():
            item.submitted[name] = deepcopy(rows)
            if not rows:
                del item.submitted[name]
        item.writes += 1
        item.changed = now
        item.found_later = [one for one in item.found_later if shop and one[2] != shop]
        if fault := faults.strikes("listing_issue", operation):
            item.found_later.append((*found_later(now, fault.settings), shop))
        if faults.strikes("accepted_unchanged", operation):
            return
        extra = timedelta(0)
        if fault := faults.strikes("late_effect", operation):
            extra = timedelta(seconds=float(fault.settings.get("seconds", 300)))
        if faults.strikes("siblings_wiped", operation):
            for name in changes.keys() & {STOCK, OFFER}:
                kept = [{k: v for k, v in r.items() if k in _KEPT} for r in changes[name]]
                changes[name] = item.submitted[name] = kept
        for name, rows in changes.items():
            late = faults.strikes("price_late", operation) if name == OFFER else None
            more = timedelta(seconds=float(late.settings.get("seconds", 600))) if late else extra
            due = now + _DELAYS.get(name, OTHER_EFFECT) + more
            mine = rows if name in (STOCK, OFFER) else rows_in(rows, shop)
            item.coming.append(Coming(due, name, deepcopy(mine), shop))
            if name == STOCK:
                self._announce(seller_id, item, rows, now, due)

    def _announce(
        self, seller_id: str, item: SimListing, rows: list[Row], now: datetime, due: datetime
    ) -> None:
        """Who wants to know hears of the quantity when it shows."""
        mine = [int(r.get("quantity", 0)) for r in rows if r[CHANNEL] == MERCHANT]
        item.stock_writes.append((now, due, sum(mine)))
        if mine:
            self._company.shows(seller_id, item.sku, sum(mine), due)

    # --- looking

    def _shown(self, call: Call, item: SimListing, shops: list[str]) -> Row:
        wanted = call.request.query.get("includedData", "summaries").split(",")
        if unknown := set(wanted) - set(_INCLUDED):
            raise invalid(f"includedData: {sorted(unknown)[0]} is not valid.")
        now = call.now
        body: Row = {"sku": item.sku}
        if "summaries" in wanted:
            shown = [s for s in shops if s in item.showing]  # nothing of a new one shows at first
            body["summaries"] = [_summary(item, shop, now, self.title_of) for shop in shown]
        if "attributes" in wanted:
            body["attributes"] = item.seen(shops)
        if "issues" in wanted:
            body["issues"] = item.all_issues(shops[0], now)
        if "offers" in wanted:
            body["offers"] = live_offers(item.live.get(OFFER, []), shops, now)
        if "fulfillmentAvailability" in wanted:
            body["fulfillmentAvailability"] = [
                {"fulfillmentChannelCode": r[CHANNEL], "quantity": int(r.get("quantity", 0))}
                for r in item.live.get(STOCK, ())
            ]
        if "productTypes" in wanted:
            body["productTypes"] = [
                {"marketplaceId": shop, "productType": item.product_type} for shop in shops
            ]
        return body

    def _answer(self, call: Call, sku: str, issues: list[Row]) -> Reply:
        wrong = any(one["severity"] == "ERROR" for one in issues)
        status = "INVALID" if wrong else "VALID" if _is_preview(call) else "ACCEPTED"
        submission = self._company.names.request_id().replace("-", "")
        return _reply({"sku": sku, "status": status, "submissionId": submission, "issues": issues})

    def _shops(self, call: Call) -> list[str]:
        shops = [x for x in call.request.query.get("marketplaceIds", "").split(",") if x]
        if not shops:
            raise invalid("marketplaceIds is required.")
        return shops

    def _shop(self, call: Call) -> str:
        shops = self._shops(call)
        if len(shops) > 1:
            raise invalid("marketplaceIds: one marketplace at a time.")
        return shops[0]

    def _item(self, call: Call) -> SimListing | None:
        """The listing, where the marketplace that is asked for has it."""
        if call.arguments[0] != call.seller.seller_id:
            raise Refusal(403, "Unauthorized", "The seller is not the one who authorised.")
        item = self.now(call.arguments[0], call.arguments[1])
        return item if item is not None and not item.shops.isdisjoint(self._shops(call)) else None

    def _new_asin(self) -> str:
        return f"B0{len(self.items):08}"


def _summary(item: SimListing, shop: str, now: datetime, title_of: Callable[[str], str]) -> Row:
    buyable = item.is_buyable(shop, now)
    asin = item.asin_in(shop)
    ours = next((row.get("value") for row in item.says("item_name", shop)), "")
    name = ours or title_of(asin) or item.sku
    return {
        "marketplaceId": shop, "asin": asin, "productType": item.product_type,
        "conditionType": "new_new",
        "status": ["DISCOVERABLE", *(["BUYABLE"] if buyable else [])],
        "itemName": name, "createdDate": timestamp(item.created or now),
        "lastUpdatedDate": timestamp(item.changed or now),
    }  # fmt: skip


def _plain_offer(marketplace_id: str, price: Decimal) -> Row:
    return {
        "marketplace_id": marketplace_id, "currency": shop_called(marketplace_id).currency,
        "audience": "ALL", "our_price": [{"schedule": [{"value_with_tax": price}]}],
    }  # fmt: skip


def _suggested(attributes: Attributes) -> str:
    rows: Iterable[Row] = attributes.get("merchant_suggested_asin", ())
    return next((str(row.get("value", "")) for row in rows), "")


def _is_preview(call: Call) -> bool:
    return call.request.query.get("mode") == "VALIDATION_PREVIEW"


def _body(call: Call) -> dict[str, Any]:
    try:
        body = json.loads(call.request.body, parse_float=Decimal)
    except ValueError:
        raise Refusal(400, "InvalidInput", "The request body is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The request body must be an object.")
    return body


def _reply(body: Row) -> Reply:
    text = json.dumps(body, separators=(",", ":"), default=float)  # Amazon writes prices as numbers
    return Reply(200, {"content-type": "application/json"}, text.encode())

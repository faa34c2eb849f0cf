"""Listings Items 2021-08-01: what is for sale, as it was submitted and as it is live.

A submission is accepted at once and shows later. What was submitted and what is live are kept
apart, as Amazon does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.replies import Refusal, invalid, not_found
from crossdock.simulators.wire import Reply

MERCHANT = "DEFAULT"
_ATTRIBUTE = "/attributes/fulfillment_availability"
_SELECTOR = "fulfillment_channel_code"
_INCLUDED = ("summaries", "attributes", "issues", "offers", "fulfillmentAvailability",
             "procurement", "relationships", "productTypes")  # fmt: skip
_FIELDS: dict[str, type] = {_SELECTOR: str, "quantity": int, "lead_time_to_ship_max_days": int,
           "restock_date": str, "is_inventory_available": bool}  # fmt: skip
EFFECT = timedelta(seconds=15)
Row = dict[str, Any]


@dataclass(slots=True)
class SimListing:
    """One SKU of a seller."""

    sku: str
    asin: str
    submitted: list[Row]  # fulfillment_availability
    live: list[Row] = field(default_factory=list)
    coming: list[tuple[datetime, list[Row]]] = field(default_factory=list)  # not in effect yet
    writes: int = 0
    history: list[tuple[datetime, int]] = field(default_factory=list)  # merchant quantity live

    def quantity(self, channel: str = MERCHANT) -> int | None:
        """What can be bought of it now; None when it is not offered there."""
        row = next((r for r in self.live if r[_SELECTOR] == channel), None)
        return None if row is None else int(row.get("quantity", 0))


class Listings:
    """The department for listings."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.items: dict[tuple[str, str], SimListing] = {}

    def offer(
        self, sku: str, quantity: int = 0, *, channel: str = MERCHANT, seller_id: str = "",
        lead_time: int = 2,
    ) -> SimListing:  # fmt: skip
        """A listing that stands already."""
        seller = self._company.seller(seller_id).seller_id
        row: Row = {_SELECTOR: channel, "quantity": quantity}
        if channel == MERCHANT:
            row["lead_time_to_ship_max_days"] = lead_time
        asin = f"B0{len(self.items):08}"
        item = SimListing(sku, asin, [dict(row)], [dict(row)])
        item.history.append((self._company.now(), quantity))
        self.items[seller, sku] = item
        return item

    def bought(self, seller_id: str, sku: str, quantity: int) -> None:
        """A sale takes what is live; Amazon counts it down by itself."""
        item = self.now(seller_id, sku)
        if item is None:
            return
        for row in item.live:
            if row[_SELECTOR] == MERCHANT:
                row["quantity"] = max(int(row.get("quantity", 0)) - quantity, 0)
                item.history.append((self._company.now(), row["quantity"]))

    def get(self, call: Call) -> Reply:
        """GET /listings/2021-08-01/items/{sellerId}/{sku}"""
        item = self._item(call)
        if item is None:
            raise not_found(f"SKU '{call.arguments[1]}' not found in marketplace.")
        wanted = call.request.query.get("includedData", "summaries").split(",")
        if unknown := set(wanted) - set(_INCLUDED):
            raise invalid(f"includedData: {sorted(unknown)[0]} is not valid.")
        body: dict[str, Any] = {"sku": item.sku}
        if "summaries" in wanted:
            body["summaries"] = [self._summary(call, item)]
        if "attributes" in wanted:
            body["attributes"] = {"fulfillment_availability": item.submitted}
        if "issues" in wanted:
            body["issues"] = []
        if "fulfillmentAvailability" in wanted:
            body["fulfillmentAvailability"] = [
                {"fulfillmentChannelCode": r[_SELECTOR], "quantity": int(r.get("quantity", 0))}
                for r in item.live
            ]
        return Reply.json(200, body)

    def patch(self, call: Call) -> Reply:
        """PATCH /listings/2021-08-01/items/{sellerId}/{sku}"""
        item = self._item(call)
        if item is None:
            raise invalid(f"SKU '{call.arguments[1]}' not found in marketplace.")
        body = _body(call)
        if not isinstance(body.get("productType"), str) or not isinstance(
            body.get("patches"), list
        ):
            raise invalid("productType and patches are required.")
        issues: list[dict[str, Any]] = []
        rows = [dict(row) for row in item.submitted]
        for patch in body["patches"]:
            rows, found = _patched(rows, patch)
            issues += found
        answer = {
            "sku": item.sku,
            "submissionId": self._company.names.request_id().replace("-", ""),
        }
        if issues:
            return Reply.json(200, {**answer, "status": "INVALID", "issues": issues})
        if call.request.query.get("mode") == "VALIDATION_PREVIEW":
            return Reply.json(200, {**answer, "status": "VALID", "issues": []})
        self._store(call, item, rows)
        return Reply.json(200, {**answer, "status": "ACCEPTED", "issues": []})

    def _store(self, call: Call, item: SimListing, rows: list[Row]) -> None:
        item.submitted, faults = rows, self._company.faults
        item.writes += 1
        if faults.strikes("accepted_unchanged", call.operation):
            return
        delay = EFFECT
        if fault := faults.strikes("late_effect", call.operation):
            delay = timedelta(seconds=float(fault.settings.get("seconds", 300)))
        if faults.strikes("siblings_wiped", call.operation):
            keep = (_SELECTOR, "quantity")
            item.submitted = rows = [{k: v for k, v in r.items() if k in keep} for r in rows]
        item.coming.append((call.now + delay, [dict(row) for row in rows]))

    def _summary(self, call: Call, item: SimListing) -> dict[str, Any]:
        marketplace = call.request.query.get("marketplaceIds", "").split(",")[0]
        buyable = any(int(row.get("quantity", 0)) for row in item.live)
        return {
            "marketplaceId": marketplace, "asin": item.asin, "productType": "WELDING_TOOL",
            "conditionType": "new_new",
            "status": ["DISCOVERABLE", *(["BUYABLE"] if buyable else [])],
            "itemName": item.sku, "createdDate": "2026-01-05T08:00:00Z",
            "lastUpdatedDate": "2026-01-05T08:00:00Z",
        }  # fmt: skip

    def _item(self, call: Call) -> SimListing | None:
        if call.arguments[0] != call.seller.seller_id:
            raise Refusal(403, "Unauthorized", "The seller is not the one who authorised.")
        if not call.request.query.get("marketplaceIds"):
            raise invalid("marketplaceIds is required.")
        return self.now(call.arguments[0], call.arguments[1])

    def now(self, seller_id: str, sku: str) -> SimListing | None:
        """The listing, with what has come into effect until now."""
        item, now = self.items.get((seller_id, sku)), self._company.now()
        if item is None:
            return None
        due = sorted((c for c in item.coming if c[0] <= now), key=lambda c: c[0])
        for at, rows in due:
            item.live = [dict(row) for row in rows]
            item.history.append((at, item.quantity() or 0))
        item.coming = [c for c in item.coming if c[0] > now]
        return item


def _body(call: Call) -> Mapping[str, Any]:
    try:
        body = call.request.json()
    except ValueError:
        raise Refusal(400, "InvalidInput", "The request body is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The request body must be an object.")
    return body


def _patched(rows: list[Row], patch: Any) -> tuple[list[Row], list[dict[str, Any]]]:
    if not isinstance(patch, dict) or patch.get("op") not in ("add", "replace", "merge", "delete"):
        raise invalid("patches: op must be one of add, replace, merge, delete.")
    if patch.get("path") != _ATTRIBUTE:
        return rows, [_issue(f"The path {patch.get('path')} is not supported here.")]
    values = patch.get("value") or []
    issues = list(_faults(values))
    if issues:
        return rows, issues
    named = {value[_SELECTOR] for value in values}
    others = [row for row in rows if row[_SELECTOR] not in named]
    if patch["op"] == "delete":
        return others, []
    if patch["op"] != "merge":
        return [dict(value) for value in values], []
    old = {row[_SELECTOR]: row for row in rows}
    return [*others, *({**old.get(v[_SELECTOR], {}), **v} for v in values)], []


def _faults(values: Any) -> Iterable[dict[str, Any]]:
    if not isinstance(values, list) or not all(isinstance(v, dict) for v in values):
        yield _issue("fulfillment_availability must be an array of objects.")
        return
    for value in values:
        if not isinstance(value.get(_SELECTOR), str):
            yield _issue("fulfillment_channel_code is required.")
        for name, content in value.items():
            kind = _FIELDS.get(name)
            below_zero = isinstance(content, int) and content < 0
            if kind is None or type(content) is not kind or below_zero:
                yield _issue(f"The value of {name} is not valid.")


def _issue(message: str) -> dict[str, Any]:
    return {
        "code": "90220", "message": message, "severity": "ERROR",
        "categories": ["INVALID_ATTRIBUTE"], "attributeNames": ["fulfillment_availability"],
    }  # fmt: skip

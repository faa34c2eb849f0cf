"""Listings Restrictions 2021-08-01: what a seller may not offer before Amazon agrees."""

import json

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.replies import JSON, Refusal, Row, answer, invalid
from crossdock.simulators.faults import Fault
from crossdock.simulators.wire import Reply

APPROVAL, NEVER, UNKNOWN = "APPROVAL_REQUIRED", "NOT_ELIGIBLE", "ASIN_NOT_FOUND"
_APPROVE = "https://sellercentral.example/approvalrequest/restrictions/approve?asin="


class Restrictions:
    """The desk that says no."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.held: dict[tuple[str, str], str] = {}  # ASIN and marketplace, or all -> reason code

    def restrict(self, asin: str, reason: str = APPROVAL, *, shop: str = "") -> None:
        """From now on this ASIN needs an approval, or cannot be sold at all; there or anywhere."""
        self.held[asin, shop] = reason

    def lift(self, asin: str) -> None:
        """The approval was given."""
        for key in [key for key in self.held if key[0] == asin]:
            del self.held[key]

    def get(self, call: Call) -> Reply:
        """GET /listings/2021-08-01/restrictions. Its errors come as a bare list."""
        try:
            return self._answered(call)
        except Refusal as no:
            errors = [{"code": no.code, "message": no.message, "details": no.details}]
            return Reply(no.status, {"content-type": JSON}, json.dumps(errors).encode())

    def _answered(self, call: Call) -> Reply:
        query = call.request.query
        shops = [x for x in query.get("marketplaceIds", "").split(",") if x]
        asin = query.get("asin", "")
        if not asin or not shops:
            raise invalid("asin and marketplaceIds are required.")
        if query.get("sellerId") != call.seller.seller_id:
            raise Refusal(403, "Unauthorized", "The seller is not the one who authorised.")
        fault, struck = self._company.faults.strikes("restricted", call.operation), ""
        if fault and _meant(fault, asin):
            struck = str(fault.settings.get("reason", APPROVAL))
        why = {s: self.held.get((asin, s)) or self.held.get((asin, ""), struck) for s in shops}
        condition = query.get("conditionType", "new_new")
        rows = [_row(shop, condition, asin, reason) for shop, reason in why.items() if reason]
        return answer(200, {"restrictions": rows})


def _meant(fault: Fault, asin: str) -> bool:
    wanted = fault.settings.get("asin", "all")
    return wanted == "all" or asin in (wanted if isinstance(wanted, list) else [wanted])


def _row(shop: str, condition: str, asin: str, reason: str) -> Row:
    words = "You need approval to list in this brand." if reason == APPROVAL else (
        "This product is not eligible to be sold."
    )  # fmt: skip
    why: Row = {"message": words, "reasonCode": reason}
    if reason == APPROVAL:
        why["links"] = [{
            "resource": _APPROVE + asin, "verb": "GET", "title": "Request approval",
            "type": "text/html",
        }]  # fmt: skip
    return {"marketplaceId": shop, "conditionType": condition, "reasons": [why]}

"""The change feed: every version of everything, in order, so that nobody needs to be told."""

import json

from crossdock.simulators.tims.call import Answer, Call
from crossdock.simulators.tims.fields import moment_text
from crossdock.simulators.tims.journal import Journal
from crossdock.simulators.tims.problems import Refusal

# entity -> the scope that reads it
ENTITIES = {
    "sales_order": "orders:read",
    "shipment": "shipments:read",
    "stock": "stock:read",
    "stock_reservation": "stock:read",
    "location": "stock:read",
    "item": "items:read",
    "price": "prices:read",
    "price_list": "prices:read",
    "discount_code": "prices:read",
    "customer": "customers:read",
    "invoice": "ar:read",
    "credit_memo": "ar:read",
    "ar_receipt": "ar:read",
}
USUAL_LIMIT = 1000


class Changes:
    """The desk for the feed."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def read(self, call: Call) -> Answer:
        """What changed after a row version, oldest first. Resume at the last version seen."""
        entity = call.query.get("entity", "")
        if entity not in ENTITIES:
            message = f"One of {', '.join(ENTITIES)}"
            raise _bad("entity", message, entity)
        if ENTITIES[entity] not in call.scopes:
            raise Refusal("scope_missing", ENTITIES[entity], scope=ENTITIES[entity])
        after = _whole(call, "after", 0, 0, 10**15)
        limit = _whole(call, "limit", USUAL_LIMIT, 1, USUAL_LIMIT)
        found = self._journal.after(after, entity, limit + 1)
        shown = found[:limit]
        rows = [
            {"entity": x.entity, "key": x.key, "op": x.op, "row_version": x.row_version}
            for x in shown
        ]
        body = {
            "data": rows,
            "next_cursor": str(shown[-1].row_version) if len(found) > limit else None,
            "as_of": moment_text(call.now),
            "last_row_version": self._journal.last,
        }
        return Answer(200, json.dumps(body, separators=(",", ":")).encode())


def _whole(call: Call, name: str, usual: int, least: int, most: int) -> int:
    given = call.query.get(name, str(usual))
    if not given.isdigit() or not least <= int(given) <= most:
        raise _bad(name, f"A whole number from {least} to {most}", given)
    return int(given)


def _bad(name: str, message: str, given: str) -> Refusal:
    error = {"pointer": f"?{name}", "code": "invalid", "message": message, "rejected": given}
    return Refusal("validation_failed", f"{name}: {message}", errors=[error])

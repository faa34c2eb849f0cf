"""Orders as Amazon's published model allows them: its own examples, and any others."""

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.conftest import shared_folder

MODEL = Path("sp-api/models/orders-api-model/orders_2026-01-01.json")

# The model says "string" where its text lists the words; unknown ones must do no harm either.
_WORDS = {
    "type": ["ITEM", "SHIPPING", "GIFT_WRAP", "COD_FEE", "OTHER", "TAX", "DISCOUNT", "POSTMAN"],
    "subtype": ["ITEM", "SHIPPING", "GIFT_WRAP", "DISCOUNT", "COD_FEE", "MOON"],
    "fulfilledBy": ["MERCHANT", "AMAZON"],
    "programs": ["AMAZON_BUSINESS", "PRIME", "IN_STORE_PICK_UP", "NEW_PROGRAM"],
    "model": ["MARKETPLACE_FACILITATOR", "OTHER_MODEL"],
    "marketplaceId": ["ATVPDKIKX0DER", "A1F83G8C2ARO7P"],
    "currencyCode": ["USD", "USD", "JPY"],
    "fulfillmentStatus": [
        "PENDING_AVAILABILITY", "PENDING", "UNSHIPPED", "UNSHIPPED", "PARTIALLY_SHIPPED",
        "SHIPPED", "CANCELLED", "UNFULFILLABLE", "INVOICE_UNCONFIRMED",
    ],
}  # fmt: skip


@cache
def model() -> dict[str, Any]:
    return json.loads((shared_folder() / MODEL).read_text())


def available() -> bool:
    return (shared_folder() / MODEL).is_file()


def examples() -> list[dict[str, Any]]:
    """Every order in the answers of the model's static sandbox."""
    answers = [
        answer
        for path in model()["paths"].values()
        for operation in path.values()
        if "responses" in operation
        for answer in operation["responses"].values()
    ]
    bodies = [
        pair["response"]
        for answer in answers
        for pair in answer.get("x-amzn-api-sandbox", {}).get("static", ())
    ]
    single = [body["order"] for body in bodies if "order" in body]
    return single + [order for body in bodies for order in body.get("orders", ())]


def orders() -> st.SearchStrategy[dict[str, Any]]:
    """Any order that the model's definitions allow."""
    return _of({"$ref": "#/definitions/Order"}, "")


def _of(schema: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        target = schema["$ref"].rpartition("/")[2]
        if target == "Decimal":
            return st.decimals(-5, 500, places=2).map(str) | st.just("19.99")
        return _definition(target, name)
    if "enum" in schema or name in _WORDS:
        words = st.sampled_from(_WORDS.get(name) or schema["enum"])
        return st.lists(words, max_size=3) if schema.get("type") == "array" else words
    return _plain(schema, name)


@cache
def _definition(target: str, name: str) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: _of(model()["definitions"][target], name))


def _plain(schema: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
    kind = schema.get("type")
    if kind == "array":
        return st.lists(_of(schema["items"], name), max_size=2)
    if kind == "object":
        needed = set(schema.get("required", ()))
        parts = {key: _of(part, key) for key, part in schema.get("properties", {}).items()}
        return st.fixed_dictionaries(
            {key: part for key, part in parts.items() if key in needed},
            optional={key: part for key, part in parts.items() if key not in needed},
        )
    if kind == "integer":
        return st.integers(0, 50)
    if kind == "number":
        return st.integers(1, 9)
    if kind == "boolean":
        return st.booleans()
    if schema.get("format") == "date-time":
        return st.sampled_from(["2026-11-23T10:00:00Z", "2026-11-24T10:00:00.123Z"])
    if schema.get("format") == "date" or name == "exceptionDate":
        return st.just("2026-12-24")
    return st.text("aZ9 é", max_size=8)


@st.composite
def complete_orders(draw: st.DrawFn) -> dict[str, Any]:
    """An order to be shipped by us, like Amazon's own example of one, whose amounts tie."""
    (base,) = (x for x in examples() if x["orderId"] == "171-9876543-2109876")
    order: dict[str, Any] = json.loads(json.dumps(base))
    (sample,) = order["orderItems"]
    rows = draw(st.lists(_parts(), min_size=1, max_size=4))
    items, total = [], Decimal(0)
    for number, (quantity, parts) in enumerate(rows):
        worth = sum((amount for _, _, amount in parts), Decimal(0))
        total += worth
        proceeds = {"proceedsTotal": _money(worth), "breakdowns": [_row(*part) for part in parts]}
        items.append({**sample, "orderItemId": f"1719876543210{number}",
                      "quantityOrdered": quantity, "proceeds": proceeds})  # fmt: skip
    order["orderItems"] = items
    order["proceeds"] = {"grandTotal": _money(total)}
    return order


@st.composite
def _parts(draw: st.DrawFn) -> tuple[int, list[tuple[str, str, Decimal]]]:
    """How many of an item, and what they cost: goods, and now and then more or less than that."""
    cents = st.integers(1, 99_999).map(lambda n: Decimal(n) / 100)
    goods = draw(cents)
    parts = [("ITEM", "", goods)]
    parts += [(kind, "", draw(cents)) for kind in ("SHIPPING", "GIFT_WRAP") if draw(st.booleans())]
    if draw(st.booleans()):
        parts.append(("TAX", "ITEM", draw(cents)))
    if draw(st.booleans()):
        off = draw(st.integers(0, int(goods * 100))) / Decimal(100)
        parts.append(("DISCOUNT", "ITEM", -off))
    return draw(st.integers(1, 12)), parts


def _row(kind: str, subtype: str, amount: Decimal) -> dict[str, Any]:
    row: dict[str, Any] = {"type": kind, "subtotal": _money(amount)}
    if subtype:
        row["detailedBreakdowns"] = [{"subtype": subtype, "value": _money(amount)}]
    return row


def _money(amount: Decimal) -> dict[str, str]:
    return {"amount": f"{amount:.2f}", "currencyCode": "BRL"}

"""What a change of a listing does to its attributes, and what Amazon refuses of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crossdock.simulators.amazon.listing_records import CHANNEL, OFFER, STOCK, Attributes, laid
from crossdock.simulators.amazon.offers import SELECTORS, faults_of_offers
from crossdock.simulators.amazon.producttypes import selectors_of
from crossdock.simulators.amazon.replies import Row, invalid

_OPS = ("add", "replace", "merge", "delete")
_STOCK_FIELDS: dict[str, type] = {
    CHANNEL: str, "quantity": int, "lead_time_to_ship_max_days": int, "restock_date": str,
    "is_inventory_available": bool, "marketplace_id": str,
}  # fmt: skip
_ROOT = "/attributes/"


def patched(attributes: Attributes, patch: Any, shop: str = "") -> tuple[Attributes, list[Row]]:
    """The attributes after one patch, and what is wrong with it. What is said of a product is said
    in one marketplace; what others say stays.
    """
    if not isinstance(patch, dict) or patch.get("op") not in _OPS:
        raise invalid(f"patches: op must be one of {', '.join(_OPS)}.")
    path = str(patch.get("path"))
    name = path.removeprefix(_ROOT)
    if not path.startswith(_ROOT) or not name or "/" in name:
        return attributes, [issue("90220", f"The path {path} is no top-level attribute.", name)]
    values = patch.get("value") or []
    if not isinstance(values, list) or not all(isinstance(v, dict) for v in values):
        return attributes, [issue("90220", f"{name} must be an array of objects.", name)]
    rows, op = attributes.get(name, []), patch["op"]
    where = "" if name in (STOCK, OFFER) else shop
    if where and any(v.get("marketplace_id", where) != where for v in values):
        return attributes, [issue("90220", f"{name} names another marketplace.", name)]
    if op == "delete":
        if not all(values) or not values:
            raise invalid("Invalid empty value provided in patch.")
        gone = {_key(name, value) for value in values}
        return _with(attributes, name, [r for r in rows if _key(name, r) not in gone]), []
    if op == "merge":
        return _with(attributes, name, _merged(name, rows, values)), []
    return _with(attributes, name, laid(rows, [dict(value) for value in values], where)), []


def refused(attributes: Attributes) -> list[Row]:
    """What Amazon objects to at once, whatever the product type."""
    found = []
    for name, rows in attributes.items():
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            found.append(issue("90220", f"{name} must be an array of objects.", name))
        elif name == STOCK:
            found += [issue("90220", words, STOCK) for words in _stock_faults(rows)]
        elif name == OFFER:
            found += [issue("90000900", words, OFFER) for words in faults_of_offers(rows)]
    return found


def issue(code: str, message: str, attribute: str, severity: str = "ERROR") -> Row:
    """As Amazon writes one."""
    return {
        "code": code, "message": message, "severity": severity,
        "categories": ["INVALID_ATTRIBUTE"], "attributeNames": [attribute],
    }  # fmt: skip


def found_later(now: datetime, told: Mapping[str, Any]) -> tuple[datetime, Row]:
    """What Amazon will find wrong with a listing a while after it took it."""
    row = issue(
        str(told.get("code", "18027")),
        str(told.get("message", "The main image does not meet the requirements.")),
        str(told.get("attribute", "main_product_image_locator")),
        str(told.get("severity", "ERROR")),
    )
    return now + timedelta(seconds=float(told.get("seconds", 600))), row


def _with(attributes: Attributes, name: str, rows: list[Row]) -> Attributes:
    others = {n: r for n, r in attributes.items() if n != name}
    return {**others, name: rows} if rows else others


def _merged(name: str, rows: Sequence[Row], values: Iterable[Row]) -> list[Row]:
    """Rows of the same selectors are laid over each other; a null takes a field away."""
    merged = {_key(name, row): dict(row) for row in rows}
    for value in values:
        both = {**merged.get(_key(name, value), {}), **value}
        merged[_key(name, value)] = {
            k: v for k, v in both.items() if v is not None or k == "quantity"
        }
    return list(merged.values())


def _key(name: str, row: Row) -> tuple[Any, ...]:
    if name == STOCK:
        return (row.get(CHANNEL),)
    if name == OFFER:
        return tuple(row.get(x) or ("ALL" if x == "audience" else None) for x in SELECTORS)
    return tuple(row.get(x) for x in selectors_of(name))


def _stock_faults(rows: Sequence[Row]) -> Iterable[str]:
    for row in rows:
        if not isinstance(row.get(CHANNEL), str):
            yield f"{CHANNEL} is required."
        for name, content in row.items():
            kind = _STOCK_FIELDS.get(name)
            below_zero = isinstance(content, int) and content < 0
            if kind is None or type(content) is not kind or below_zero:
                yield f"The value of {name} is not valid."

"""Listings as products: made, changed, looked at with what buyers see, and taken off.

Every write is absolute: the same again changes nothing. Quantities and prices have writers of their
own; a change here names only the attributes it is about. A SKU is one listing in all marketplaces;
each call here is about one of them, `shop`.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from crossdock.connectors.amazon.calls import Ask, Refused
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.errors import read
from crossdock.connectors.amazon.listing_models import Submission
from crossdock.connectors.amazon.product_models import Attributes, ListingsPage, ShownListing
from crossdock.kernel.errors import TryAgain

KEPT_FREE: Final = 3  # calls that the catalogue leaves to stock and prices
_ITEMS: Final = "/listings/2021-08-01/items"
_INCLUDED: Final = "summaries,attributes,issues,fulfillmentAvailability,productTypes"
_PAGE: Final = 20
_MOST_PAGES: Final = 50  # a search ends at a thousand listings


def shown_listing(client: AmazonClient, shop: str, sku: str) -> ShownListing | None:
    """The listing as it was submitted and as it shows; None when there is none."""
    query = {"marketplaceIds": shop, "includedData": _INCLUDED}
    about = f"listing {sku}"
    ask = Ask("getListingsItem", "GET", _path(client, sku), query, about=about, reserve=KEPT_FREE)
    try:
        response = client.caller.call(ask)
    except Refused as refused:
        if refused.refusal.status == 404:
            return None
        raise refused.error from None
    return read(ShownListing, response, ask.operation, about)


def shown_listings(client: AmazonClient, shop: str, skus: Sequence[str]) -> dict[str, ShownListing]:
    """The same for many, twenty in one call; what is not listed is not in it."""
    found: dict[str, ShownListing] = {}
    for start in range(0, len(skus), _PAGE):
        some = skus[start : start + _PAGE]
        plain = [sku for sku in some if "," not in sku]  # a comma parts two SKUs
        if plain:
            query = {"identifiers": ",".join(plain), "identifiersType": "SKU"}
            found |= {item.sku: item for item in _searched(client, shop, query, some[0])}
        for sku in some:
            if "," in sku and (one := shown_listing(client, shop, sku)) is not None:
                found[sku] = one
    return found


def every_listing(client: AmazonClient, shop: str) -> dict[str, ShownListing]:
    """All listings of the seller there, as far as Amazon lists them: a thousand."""
    return {item.sku: item for item in _searched(client, shop, {}, "all listings")}


def put_listing(
    client: AmazonClient, shop: str, sku: str, product_type: str, requirements: str,
    attributes: Attributes, *, preview: bool = False,
) -> Submission:  # fmt: skip
    """Make this the whole listing there. It drops what it does not name, so it is for new ones.
    `preview`: Amazon says what it would, and keeps nothing.
    """
    body = {
        "productType": product_type, "requirements": requirements,
        "attributes": plain(attributes),
    }  # fmt: skip
    return _write(client, "putListingsItem", "PUT", shop, sku, body, preview=preview)


def change_listing(
    client: AmazonClient, shop: str, sku: str, product_type: str, attributes: Attributes,
    dropped: Mapping[str, Sequence[Mapping[str, Any]]] | None = None, *, preview: bool = False,
) -> Submission:  # fmt: skip
    """Make these attributes so, and let go of those with these selectors; all others stay as they
    are. Amazon refuses a deletion that names none.
    """
    patches = [
        {"op": "replace", "path": f"/attributes/{name}", "value": plain(rows)}
        for name, rows in sorted(attributes.items())
    ]
    patches += [
        {"op": "delete", "path": f"/attributes/{name}", "value": plain(selectors)}
        for name, selectors in sorted((dropped or {}).items())
    ]
    body = {"productType": product_type, "patches": patches}
    return _write(client, "patchListingsItem", "PATCH", shop, sku, body, preview=preview)


def delete_listing(client: AmazonClient, shop: str, sku: str) -> Submission | None:
    """Take it off there; None when Amazon has no such listing any more."""
    about = f"listing {sku}"
    ask = Ask("deleteListingsItem", "DELETE", _path(client, sku), {"marketplaceIds": shop},
              about=about, reserve=1)  # fmt: skip
    try:
        response = client.caller.call(ask)
    except Refused as refused:
        gone = refused.refusal.status == 404 or "not found" in refused.refusal.said.lower()
        if gone:
            return None
        raise refused.error from None
    return read(Submission, response, ask.operation, about)


def plain(value: Any) -> Any:
    """As JSON: a number that is no whole one becomes a JSON number. Weights and sizes only; money
    is not written here.
    """
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def _write(
    client: AmazonClient, operation: str, method: str, shop: str, sku: str,
    body: Mapping[str, Any], *, preview: bool,
) -> Submission:  # fmt: skip
    query = {"marketplaceIds": shop}
    if preview:
        query["mode"] = "VALIDATION_PREVIEW"
    about = f"listing {sku}"
    ask = Ask(operation, method, _path(client, sku), query, body, about, reserve=KEPT_FREE)
    return read(Submission, client.caller.answer(ask), operation, about)


def _searched(
    client: AmazonClient, shop: str, more: Mapping[str, str], about: str
) -> Iterator[ShownListing]:
    query = {"marketplaceIds": shop, "includedData": _INCLUDED, "pageSize": str(_PAGE), **more}
    path = f"{_ITEMS}/{quote(client.account.seller_id, safe='')}"
    for _ in range(_MOST_PAGES):
        ask = Ask("searchListingsItems", "GET", path, query, about=about)
        page = read(ListingsPage, client.caller.answer(ask), ask.operation, about)
        yield from page.items
        token = page.pagination.nextToken if page.pagination else None
        if not token:
            return
        query = {**query, "pageToken": token}
    raise TryAgain("Amazon's list of listings does not end", about=about, code="no end")


def _path(client: AmazonClient, sku: str) -> str:
    return f"{_ITEMS}/{quote(client.account.seller_id, safe='')}/{quote(sku, safe='')}"

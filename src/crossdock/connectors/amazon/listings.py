"""Listings at Amazon: what is live of a SKU, and its merchant quantity as an absolute value."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from crossdock.connectors.amazon.calls import Ask, Refused
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.errors import read, read_with_id
from crossdock.connectors.amazon.listing_models import MERCHANT, Listing, ListingPage, Submission
from crossdock.kernel.errors import NeedsPerson

_ITEMS: Final = "/listings/2021-08-01/items"
_ANY_TYPE: Final = "PRODUCT"  # enough for changes of an offer; no product type is looked up
_SHOWN: Final = "attributes,fulfillmentAvailability,issues"
MOST_FOUND: Final = 20  # listings that one search gives


def listing(client: AmazonClient, sku: str, shop: str = "") -> Listing | None:
    """The listing in a marketplace, the account's first unless one is named; None when there is
    none.
    """
    query = _query(client, shop) | {"includedData": _SHOWN}
    about = f"listing {sku}"
    ask = Ask("getListingsItem", "GET", _path(client, sku), query, about=about)
    try:
        response = client.caller.call(ask)
    except Refused as refused:
        if refused.refusal.status == 404:
            return None
        raise refused.error from None
    return _placed(read(Listing, response, ask.operation, about), query)


def searchable(sku: str) -> bool:
    """A search takes SKUs with commas between them."""
    return "," not in sku


def find_listings(client: AmazonClient, skus: Sequence[str], shop: str = "") -> dict[str, Listing]:
    """Those of up to 20 searchable SKUs that the search knows, in one call. One that it does not
    know may be there all the same: `listing` is certain.
    """
    ids = {"identifiersType": "SKU", "identifiers": ",".join(skus), "pageSize": f"{MOST_FOUND}"}
    query = _query(client, shop) | {"includedData": _SHOWN} | ids
    about = f"listings {skus[0]} to {skus[-1]}"
    path = f"{_ITEMS}/{quote(client.account.seller_id, safe='')}"
    ask = Ask("searchListingsItems", "GET", path, query, about=about)
    found = read(ListingPage, client.caller.answer(ask), ask.operation, about).items
    wanted = set(skus)
    return {one.sku: _placed(one, query) for one in found if one.sku in wanted}


def quantity_patch(quantity: int, siblings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The change, the same in a call of its own and in a message of a feed. A merge keeps what
    stands beside the quantity; `siblings` restores what a change has wiped.
    """
    value = {**(siblings or {}), "fulfillment_channel_code": MERCHANT, "quantity": quantity}
    patch = {"op": "merge", "path": "/attributes/fulfillment_availability", "value": [value]}
    return {"productType": _ANY_TYPE, "patches": [patch]}


def publish_quantity(
    client: AmazonClient, sku: str, quantity: int, siblings: Mapping[str, Any] | None = None,
    shop: str = "",
) -> Submission:  # fmt: skip
    """Make this the merchant quantity, through a marketplace that lists the SKU. The lead time and
    what else stands beside it is kept; `siblings` restores what a change has wiped.
    """
    body = quantity_patch(quantity, siblings)
    about = f"listing {sku}"
    ask = Ask("patchListingsItem", "PATCH", _path(client, sku), _query(client, shop), body, about)
    said = read_with_id(Submission, client.caller.answer(ask), ask.operation, about)
    if said.status != "ACCEPTED":
        raise not_taken(sku, [f"{i.code} {i.message}" for i in said.issues] or [said.status])
    return said


def not_taken(sku: str, issues: Sequence[str]) -> NeedsPerson:
    """Amazon refuses a quantity, at once or in the result of a feed."""
    return NeedsPerson(
        f"Amazon does not take the quantity of {sku}: {'; '.join(issues[:3])}",
        kind="listing-refused",
        remedy="Correct the listing in Seller Central as Amazon says, then retry.",
        about=f"listing {sku}",
        evidence={"issues": list(issues[:20])},
    )


def _path(client: AmazonClient, sku: str) -> str:
    return f"{_ITEMS}/{quote(client.account.seller_id, safe='')}/{quote(sku, safe='')}"


def _query(client: AmazonClient, shop: str) -> dict[str, str]:
    return {"marketplaceIds": shop or client.account.marketplace_ids[0]}


def _placed(found: Listing, query: Mapping[str, str]) -> Listing:
    return found.model_copy(update={"marketplace_id": query["marketplaceIds"]})

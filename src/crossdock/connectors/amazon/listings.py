"""Listings at Amazon: what is live of a SKU, and its merchant quantity as an absolute value."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from crossdock.connectors.amazon.calls import Ask, Refused
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.errors import read
from crossdock.connectors.amazon.listing_models import MERCHANT, Listing, Submission
from crossdock.kernel.errors import NeedsPerson

_ITEMS: Final = "/listings/2021-08-01/items"
_ANY_TYPE: Final = "PRODUCT"  # enough for changes of an offer; no product type is looked up


def listing(client: AmazonClient, sku: str) -> Listing | None:
    """The listing in the account's first marketplace; None when there is none."""
    query = _query(client) | {"includedData": "attributes,fulfillmentAvailability,issues"}
    about = f"listing {sku}"
    ask = Ask("getListingsItem", "GET", _path(client, sku), query, about=about)
    try:
        response = client.caller.call(ask)
    except Refused as refused:
        if refused.refusal.status == 404:
            return None
        raise refused.error from None
    return read(Listing, response, ask.operation, about)


def publish_quantity(
    client: AmazonClient, sku: str, quantity: int, siblings: Mapping[str, Any] | None = None
) -> Submission:
    """Make this the merchant quantity. The lead time and what else stands beside it is kept;
    `siblings` restores what a change has wiped.
    """
    value = {**(siblings or {}), "fulfillment_channel_code": MERCHANT, "quantity": quantity}
    patch = {"op": "merge", "path": "/attributes/fulfillment_availability", "value": [value]}
    body = {"productType": _ANY_TYPE, "patches": [patch]}
    about = f"listing {sku}"
    ask = Ask("patchListingsItem", "PATCH", _path(client, sku), _query(client), body, about)
    said = read(Submission, client.caller.answer(ask), ask.operation, about)
    if said.status != "ACCEPTED":
        words = "; ".join(issue.message for issue in said.issues[:3]) or said.status
        raise NeedsPerson(
            f"Amazon does not take the quantity of {sku}: {words}",
            kind="listing-refused",
            remedy="Correct the listing in Seller Central as Amazon says, then retry.",
            about=about,
            evidence={"issues": [f"{i.code} {i.message}" for i in said.issues[:20]]},
        )
    return said


def _path(client: AmazonClient, sku: str) -> str:
    return f"{_ITEMS}/{quote(client.account.seller_id, safe='')}/{quote(sku, safe='')}"


def _query(client: AmazonClient) -> dict[str, str]:
    return {"marketplaceIds": client.account.marketplace_ids[0]}

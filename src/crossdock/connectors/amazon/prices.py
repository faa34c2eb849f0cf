"""Prices at Amazon: what is live of a SKU's offers, and the full set of ours as absolute values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from crossdock.connectors.amazon.calls import Ask, Refused
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.errors import read, read_with_id
from crossdock.connectors.amazon.listing_models import Submission
from crossdock.connectors.amazon.listings import MOST_FOUND
from crossdock.connectors.amazon.price_models import (
    OFFER,
    OfferDraft,
    PricedListing,
    PricedPage,
    written,
)
from crossdock.kernel.errors import NeedsPerson

_ITEMS: Final = "/listings/2021-08-01/items"
_SHOWN: Final = "attributes,offers,issues"
FOR_STOCK: Final = 2  # calls that prices leave: a quantity that goes down is more urgent
_ANY_TYPE: Final = "PRODUCT"  # enough for changes of an offer; no product type is looked up


def priced_listing(client: AmazonClient, marketplace_id: str, sku: str) -> PricedListing | None:
    """The offers of a SKU in one marketplace; None when there is no such listing."""
    query = {"marketplaceIds": marketplace_id, "includedData": _SHOWN}
    about = f"listing {sku}"
    ask = Ask("getListingsItem", "GET", _path(client, sku), query, about=about)
    try:
        response = client.caller.call(ask)
    except Refused as refused:
        if refused.refusal.status == 404:
            return None
        raise refused.error from None
    return read(PricedListing, response, ask.operation, about)


def find_priced(
    client: AmazonClient, marketplace_id: str, skus: Sequence[str]
) -> dict[str, PricedListing]:
    """Those of up to 20 SKUs that the search knows, in one call. One that it does not know may be
    there all the same: `priced_listing` is certain.
    """
    query = {
        "marketplaceIds": marketplace_id, "includedData": _SHOWN, "identifiersType": "SKU",
        "identifiers": ",".join(skus), "pageSize": f"{MOST_FOUND}",
    }  # fmt: skip
    about = f"listings {skus[0]} to {skus[-1]}"
    path = f"{_ITEMS}/{quote(client.account.seller_id, safe='')}"
    ask = Ask("searchListingsItems", "GET", path, query, about=about)
    found = read(PricedPage, client.caller.answer(ask), ask.operation, about).items
    wanted = set(skus)
    return {one.sku: one for one in found if one.sku in wanted}


def publish_offers(
    client: AmazonClient,
    sku: str,
    marketplace_id: str,
    drafts: Sequence[OfferDraft],
    *,
    beside: Mapping[str, Mapping[str, Any]] | None = None,
    gone: Iterable[str] = (),
) -> Submission:
    """Make these the offers there. What stands beside our fields is kept; `beside` restores what a
    change has wiped, by audience; audiences that are `gone` are taken away.
    """
    currency = drafts[0].currency
    rows = [
        {**(beside or {}).get(d.audience, {}), **_selectors(marketplace_id, d.currency, d.audience),
         **written(d)}
        for d in drafts
    ]  # fmt: skip
    patches: list[dict[str, Any]] = [{"op": "merge", "path": f"/attributes/{OFFER}", "value": rows}]
    if left := [_selectors(marketplace_id, currency, audience) for audience in sorted(gone)]:
        patches.append({"op": "delete", "path": f"/attributes/{OFFER}", "value": left})
    body = {"productType": _ANY_TYPE, "patches": patches}
    about = f"listing {sku}"
    query = {"marketplaceIds": marketplace_id}
    ask = Ask(
        "patchListingsItem", "PATCH", _path(client, sku), query, body, about, reserve=FOR_STOCK
    )
    said = read_with_id(Submission, client.caller.answer(ask), ask.operation, about)
    if said.status != "ACCEPTED":
        words = "; ".join(issue.message for issue in said.issues[:3]) or said.status
        raise NeedsPerson(
            f"Amazon does not take the price of {sku}: {words}",
            kind="price-refused",
            remedy="Correct what Amazon says, in prices.yaml, TIMS or Seller Central; then retry.",
            about=about,
            evidence={"issues": [f"{i.code} {i.message}" for i in said.issues[:20]]},
        )
    return said


def _selectors(marketplace_id: str, currency: str, audience: str) -> dict[str, Any]:
    return {"marketplace_id": marketplace_id, "currency": currency, "audience": audience}


def _path(client: AmazonClient, sku: str) -> str:
    return f"{_ITEMS}/{quote(client.account.seller_id, safe='')}/{quote(sku, safe='')}"

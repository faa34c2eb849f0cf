"""Amazon's catalogue: which page has this number, and whether we may offer on it."""

from typing import Final

from crossdock.connectors.amazon.calls import Ask
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.errors import read
from crossdock.connectors.amazon.product_models import (
    CatalogItem,
    CatalogPage,
    Restriction,
    RestrictionList,
)
from crossdock.kernel.errors import TryAgain

_ITEMS: Final = "/catalog/2022-04-01/items"
_RESTRICTIONS: Final = "/listings/2021-08-01/restrictions"
_INCLUDED: Final = "identifiers,summaries,productTypes"
_KINDS: Final = {8: "EAN", 12: "UPC", 13: "EAN", 14: "GTIN"}
_MOST_PAGES: Final = 5  # of twenty; who has more pages for one number has a question for a person


def pages_with(client: AmazonClient, number: str) -> tuple[CatalogItem, ...]:
    """Every page of the catalogue that a UPC, EAN or GTIN finds."""
    about = f"number {number}"
    query = _shop(client) | {
        "identifiers": number, "identifiersType": _KINDS.get(len(number), "GTIN"),
        "includedData": _INCLUDED, "pageSize": "20",
    }  # fmt: skip
    found: dict[str, CatalogItem] = {}
    for _ in range(_MOST_PAGES):
        ask = Ask("searchCatalogItems", "GET", _ITEMS, query, about=about)
        page = read(CatalogPage, client.caller.answer(ask), ask.operation, about)
        found |= {item.asin: item for item in page.items}
        token = page.pagination.nextToken if page.pagination else None
        if not token:
            return tuple(found.values())
        query = {**query, "pageToken": token}
    raise TryAgain("Amazon's search of its catalogue does not end", about=about, code="no end")


def restrictions_on(
    client: AmazonClient, asin: str, condition: str = "new_new"
) -> tuple[Restriction, ...]:
    """What keeps us from offering on that page; nothing when we may."""
    about = f"ASIN {asin}"
    query = _shop(client) | {
        "asin": asin, "conditionType": condition, "sellerId": client.account.seller_id,
    }  # fmt: skip
    ask = Ask("getListingsRestrictions", "GET", _RESTRICTIONS, query, about=about)
    found = read(RestrictionList, client.caller.answer(ask), ask.operation, about)
    return found.restrictions


def _shop(client: AmazonClient) -> dict[str, str]:
    return {"marketplaceIds": client.account.marketplace_ids[0]}

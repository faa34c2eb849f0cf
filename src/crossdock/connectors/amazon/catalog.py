"""Amazon's catalogue: which page has this number, and whether we may offer on it."""

from collections.abc import Collection, Iterator, Sequence
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
_AT_ONCE: Final = 20
_MOST_PAGES: Final = 10  # of twenty; a number has one page, seldom several


def pages_with(client: AmazonClient, numbers: Collection[str]) -> tuple[CatalogItem, ...]:
    """Every page of the catalogue that one of these UPCs, EANs or GTINs finds; twenty in a call."""
    kinds: dict[str, list[str]] = {}
    for number in sorted(set(numbers)):
        kinds.setdefault(_KINDS.get(len(number), "GTIN"), []).append(number)
    found: dict[str, CatalogItem] = {}
    for kind, some in kinds.items():
        for start in range(0, len(some), _AT_ONCE):
            for item in _searched(client, kind, some[start : start + _AT_ONCE]):
                found[item.asin] = item
    return tuple(found.values())


def _searched(client: AmazonClient, kind: str, numbers: Sequence[str]) -> Iterator[CatalogItem]:
    more = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
    about = f"number {numbers[0]}{more}"
    query = _shop(client) | {
        "identifiers": ",".join(numbers), "identifiersType": kind, "includedData": _INCLUDED,
        "pageSize": "20",
    }  # fmt: skip
    for _ in range(_MOST_PAGES):
        ask = Ask("searchCatalogItems", "GET", _ITEMS, query, about=about)
        page = read(CatalogPage, client.caller.answer(ask), ask.operation, about)
        yield from page.items
        token = page.pagination.nextToken if page.pagination else None
        if not token:
            return
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

"""A marketplace's catalogue: which page has this number, and whether we may offer on it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
_AT_ONCE: Final = 10  # numbers in a call; twenty may be, and two calls bring forty pages at most
_MOST_PAGES: Final = 2  # so many calls may come at once


@dataclass(frozen=True, slots=True)
class Pages:
    """What was found, and the numbers that could not be asked for now."""

    found: tuple[CatalogItem, ...] = ()
    unasked: Mapping[str, TryAgain] = field(default_factory=dict)


def pages_with(client: AmazonClient, shop: str, numbers: Collection[str]) -> Pages:
    """Every page of its catalogue that one of these UPCs, EANs or GTINs finds. A call takes many
    numbers of one kind; where the quota ends, the other numbers are left for another time.
    """
    kinds: dict[str, list[str]] = {}
    for number in sorted(set(numbers)):
        kinds.setdefault(_KINDS.get(len(number), "GTIN"), []).append(number)
    found: dict[str, CatalogItem] = {}
    unasked: dict[str, TryAgain] = {}
    for kind, some in kinds.items():
        for start in range(0, len(some), _AT_ONCE):
            asked = some[start : start + _AT_ONCE]
            try:
                found |= {item.asin: item for item in _searched(client, shop, kind, asked)}
            except TryAgain as error:
                unasked |= dict.fromkeys(asked, error)
    return Pages(tuple(found.values()), unasked)


def _searched(
    client: AmazonClient, shop: str, kind: str, numbers: Sequence[str]
) -> Iterator[CatalogItem]:
    more = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
    about = f"number {numbers[0]}{more}"
    query = {
        "marketplaceIds": shop, "identifiers": ",".join(numbers), "identifiersType": kind,
        "includedData": _INCLUDED, "pageSize": "20",
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
    client: AmazonClient, shop: str, asin: str, condition: str = "new_new"
) -> tuple[Restriction, ...]:
    """What keeps us from offering on that page there; nothing when we may."""
    about = f"ASIN {asin}"
    query = {
        "marketplaceIds": shop, "asin": asin, "conditionType": condition,
        "sellerId": client.account.seller_id,
    }  # fmt: skip
    ask = Ask("getListingsRestrictions", "GET", _RESTRICTIONS, query, about=about)
    found = read(RestrictionList, client.caller.answer(ask), ask.operation, about)
    return found.restrictions

"""Stock in Amazon's own warehouses (FBA Inventory v1); read only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from crossdock.connectors.amazon.calls import Ask, Refused
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.errors import read
from crossdock.connectors.amazon.fba_models import Answer, Summary

_SUMMARIES: Final = "/fba/inventory/v1/summaries"


@dataclass(frozen=True, slots=True)
class HeldByAmazon:
    """Units of one SKU in Amazon's warehouses."""

    sku: str
    fulfillable: int
    inbound: int  # being made ready, shipped, or being received
    reserved: int
    unfulfillable: int
    researching: int


@dataclass(frozen=True, slots=True)
class HeldPage:
    """One page; `token` continues it within 30 seconds."""

    rows: tuple[HeldByAmazon, ...]
    token: str | None


def held_page(client: AmazonClient, token: str | None = None) -> HeldPage | None:
    """The first page, or the one after that token; None when the token has died meanwhile."""
    shop = client.account.marketplace_ids[0]
    query = {"details": "true", "granularityType": "Marketplace", "granularityId": shop,
             "marketplaceIds": shop}  # fmt: skip
    if token is not None:
        query["nextToken"] = token
    ask = Ask("getInventorySummaries", "GET", _SUMMARIES, query, about="FBA stock")
    try:
        response = client.caller.call(ask)
    except Refused as refused:
        if token is not None and refused.refusal.status == 400:
            return None  # whatever is wrong with it: begin again
        raise refused.error from None
    said = read(Answer, response, ask.operation, ask.about)
    return HeldPage(tuple(_rows(said.payload.inventorySummaries)), said.pagination.nextToken)


def _rows(summaries: Iterable[Summary]) -> Iterable[HeldByAmazon]:
    for one in summaries:
        d = one.inventoryDetails
        yield HeldByAmazon(
            one.sellerSku, d.fulfillableQuantity,
            d.inboundWorkingQuantity + d.inboundShippedQuantity + d.inboundReceivingQuantity,
            d.reservedQuantity.totalReservedQuantity,
            d.unfulfillableQuantity.totalUnfulfillableQuantity,
            d.researchingQuantity.totalResearchingQuantity,
        )  # fmt: skip

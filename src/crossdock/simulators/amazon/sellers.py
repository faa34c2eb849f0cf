"""Sellers API v1: in which shops the seller sells."""

from typing import Any

from crossdock.simulators.amazon.company import Call
from crossdock.simulators.amazon.marketplaces import MARKETPLACES
from crossdock.simulators.amazon.people import Seller
from crossdock.simulators.amazon.replies import answer
from crossdock.simulators.wire import Reply


def get_marketplace_participations(call: Call) -> Reply:
    """GET /sellers/v1/marketplaceParticipations"""
    return answer(200, {"payload": _participations(call.seller)})


def get_account(call: Call) -> Reply:
    """GET /sellers/v1/account"""
    account = {
        "marketplaceParticipationList": _participations(call.seller),
        "businessType": "PRIVATE_LIMITED",
        "sellingPlan": "PROFESSIONAL",
    }
    return answer(200, {"payload": account})


def _participations(seller: Seller) -> list[dict[str, Any]]:
    return [_participation(seller, marketplace_id) for marketplace_id in seller.marketplaces]


def _participation(seller: Seller, marketplace_id: str) -> dict[str, Any]:
    shop = MARKETPLACES[marketplace_id]
    return {
        "marketplace": {
            "id": shop.id,
            "name": shop.name,
            "countryCode": shop.country,
            "defaultCurrencyCode": shop.currency,
            "defaultLanguageCode": shop.language,
            "domainName": shop.domain,
        },
        "participation": {
            "isParticipating": True,
            "hasSuspendedListings": marketplace_id in seller.suspended,
        },
        "storeName": seller.store_name,
    }

"""Prices of listings as Amazon keeps them: by audience, with sales and tiers, after the stock."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.amazon.listing_records import SimListing
from crossdock.simulators.clock import HandClock
from tests.simulators.amazon.conftest import Caller

US = "ATVPDKIKX0DER"
SHOP = {"marketplaceIds": US}
EVERYTHING = {**SHOP, "includedData": "summaries,attributes,issues,offers"}


@pytest.fixture
def path(sim: AmazonSim) -> str:
    sim.listings.offer("ROD", 4, prices={US: Decimal("10.00")})
    return f"/listings/2021-08-01/items/{sim.sellers[0].seller_id}/ROD"


def offer(price: object, audience: str = "ALL", **more: Any) -> dict[str, Any]:
    ours = [{"schedule": [{"value_with_tax": price}]}]
    return {
        "marketplace_id": US,
        "currency": "USD",
        "audience": audience,
        "our_price": ours,
        **more,
    }


def patch(op: str, *values: dict[str, Any]) -> dict[str, Any]:
    one = {"op": op, "path": "/attributes/purchasable_offer", "value": list(values)}
    return {"productType": "PRODUCT", "patches": [one]}


def tiers(*levels: tuple[int, object], kind: str = "fixed") -> list[dict[str, Any]]:
    rows = [{"lower_bound": bound, "value": value} for bound, value in levels]
    return [{"schedule": [{"discount_type": kind, "levels": rows}]}]


def shown(caller: Caller, path: str) -> dict[str, str]:
    found = caller.call("GET", path, EVERYTHING).body["offers"]
    return {row["audience"]["value"]: row["price"]["amount"] for row in found}


def test_a_price_shows_later_than_the_stock_of_the_same_message(
    caller: Caller, path: str, clock: HandClock, sim: AmazonSim
) -> None:
    body = patch("merge", offer(12.5))
    stock = {"fulfillment_channel_code": "DEFAULT", "quantity": 9}
    body["patches"].append(
        {"op": "merge", "path": "/attributes/fulfillment_availability", "value": [stock]}
    )
    assert caller.call("PATCH", path, SHOP, body).body["status"] == "ACCEPTED"
    clock.advance(20)
    assert sim.listings.now(sim.sellers[0].seller_id, "ROD").quantity() == 9
    assert shown(caller, path) == {"ALL": "10.00"}
    clock.advance(40)
    assert shown(caller, path) == {"ALL": "12.5"}


def test_a_merge_keeps_the_other_audiences_and_a_replace_drops_them(
    caller: Caller, path: str, clock: HandClock
) -> None:
    caller.call("PATCH", path, SHOP, patch("merge", offer(9.5, "B2B")))
    clock.advance(60)
    assert shown(caller, path) == {"ALL": "10.00", "B2B": "9.5"}
    caller.call("PATCH", path, SHOP, patch("replace", offer(9, "B2B")))
    clock.advance(60)
    assert shown(caller, path) == {"B2B": "9"}


def test_a_sale_counts_while_it_lasts(caller: Caller, path: str, clock: HandClock) -> None:
    start = clock.now().isoformat()
    end = (clock.now() + timedelta(minutes=10)).isoformat()
    sale = [{"schedule": [{"value_with_tax": 8, "start_at": start, "end_at": end}]}]
    caller.call("PATCH", path, SHOP, patch("merge", offer(10, discounted_price=sale)))
    clock.advance(60)
    assert shown(caller, path) == {"ALL": "8"}
    clock.advance(600)
    assert shown(caller, path) == {"ALL": "10"}


def test_a_null_takes_a_plan_away(caller: Caller, path: str) -> None:
    plan = {"quantity_discount_plan": tiers((5, 9), (10, 8.5))}
    caller.call("PATCH", path, SHOP, patch("merge", offer(9.5, "B2B", **plan)))
    caller.call("PATCH", path, SHOP, patch("merge", offer(9.5, "B2B", quantity_discount_plan=None)))
    rows = caller.call("GET", path, EVERYTHING).body["attributes"]["purchasable_offer"]
    assert [("quantity_discount_plan" in row) for row in rows] == [False, False]


@pytest.mark.parametrize("wrong", [
    offer(0), offer("9.99"), offer(9.999), offer(True), {**offer(9), "currency": "EUR"},
    {**offer(9), "marketplace_id": "X"}, {**offer(9), "color": 1},
    offer(9, discounted_price=[{"schedule": [{"value_with_tax": 8}]}]),
    offer(9, quantity_discount_plan=tiers((5, 8), (5, 7))),
    offer(9, quantity_discount_plan=tiers((5, 8), (9, 8.5))),
    offer(9, quantity_discount_plan=tiers((1, 8))),
    offer(9, quantity_discount_plan=tiers((5, 9))),
    offer(9, quantity_discount_plan=tiers(*[(n, 9 - n / 10) for n in range(2, 8)])),
])  # fmt: skip
def test_what_is_no_price_is_refused_with_http_200(
    caller: Caller, path: str, wrong: dict[str, Any]
) -> None:
    answer = caller.call("PATCH", path, SHOP, patch("merge", wrong))
    assert (answer.status, answer.body["status"]) == (200, "INVALID")
    assert shown(caller, path) == {"ALL": "10.00"}


def test_a_price_beyond_its_own_bounds_takes_the_offer_off(
    caller: Caller, path: str, clock: HandClock
) -> None:
    low = [{"schedule": [{"value_with_tax": 11}]}]
    caller.call("PATCH", path, SHOP, patch("merge", offer(10, minimum_seller_allowed_price=low)))
    clock.advance(60)
    body = caller.call("GET", path, EVERYTHING).body
    assert body["issues"][0]["categories"] == ["INVALID_PRICE"]
    assert body["summaries"][0]["status"] == ["DISCOVERABLE"]


def test_a_late_price_is_a_fault_of_its_own(
    caller: Caller, path: str, clock: HandClock, sim: AmazonSim
) -> None:
    sim.faults.load([{"fault": "price_late", "seconds": 900}])
    caller.call("PATCH", path, SHOP, patch("merge", offer(12)))
    clock.advance(120)
    assert shown(caller, path) == {"ALL": "10.00"}
    clock.advance(900)
    assert shown(caller, path) == {"ALL": "12"}


def test_a_search_is_paged_and_asks_for_at_most_twenty(
    caller: Caller, path: str, sim: AmazonSim
) -> None:
    for n in range(30):
        sim.listings.offer(f"X{n:02}", n)
    root = path.rpartition("/")[0]
    first = caller.call("GET", root, {**SHOP, "pageSize": "20"}).body
    token = first["pagination"]["nextToken"]
    second = caller.call("GET", root, {**SHOP, "pageSize": "20", "pageToken": token}).body
    assert (first["numberOfResults"], len(first["items"]), len(second["items"])) == (31, 20, 11)
    many = ",".join(f"X{n:02}" for n in range(21))
    asked = {**SHOP, "identifiersType": "SKU", "identifiers": many}
    assert caller.call("GET", root, asked).status == 400
    asked["identifiers"] = "X03,NONE"
    assert [i["sku"] for i in caller.call("GET", root, asked).body["items"]] == ["X03"]


class Unsearched(dict[tuple[str, str], SimListing]):
    """Listings that can be looked up, and not be gone through."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        raise AssertionError("a search for some looked at all")


def test_a_search_for_some_gives_them_as_they_were_asked_for_and_looks_at_no_others(
    caller: Caller, path: str, sim: AmazonSim
) -> None:
    for n in range(5):
        sim.listings.offer(f"X{n:02}", n)
    sim.listings.items = Unsearched(sim.listings.items)
    root = path.rpartition("/")[0]
    asked = {**SHOP, "identifiersType": "SKU", "identifiers": "X04,NONE,X00,X02", "pageSize": "2"}
    first = caller.call("GET", root, asked).body
    token = first["pagination"]["nextToken"]
    second = caller.call("GET", root, {**asked, "pageToken": token}).body
    assert [i["sku"] for i in first["items"] + second["items"]] == ["X04", "X00", "X02"]
    assert (first["numberOfResults"], "pagination" in second) == (3, False)


def test_a_listing_is_replaced_whole_and_deleted_after_a_while(
    caller: Caller, path: str, clock: HandClock, sim: AmazonSim
) -> None:
    body = {
        "productType": "PRODUCT", "requirements": "LISTING_OFFER_ONLY",
        "attributes": {"purchasable_offer": [offer(7)]},
    }  # fmt: skip
    assert caller.call("PUT", path, SHOP, body).body["status"] == "ACCEPTED"
    clock.advance(120)
    seller = sim.sellers[0].seller_id
    assert sim.listings.now(seller, "ROD").quantity() is None  # what was not sent is gone
    assert caller.call("DELETE", path, SHOP).body["status"] == "ACCEPTED"
    assert caller.call("GET", path, SHOP).status == 200
    clock.advance(60)
    assert caller.call("GET", path, SHOP).status == 404

"""Listings as Amazon keeps them: what was submitted, and what is live a while later."""

import pytest

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.clock import HandClock
from tests.simulators.amazon.conftest import Caller

SHOP = {"marketplaceIds": "ATVPDKIKX0DER"}
EVERYTHING = {**SHOP, "includedData": "summaries,attributes,issues,fulfillmentAvailability"}


@pytest.fixture
def path(sim: AmazonSim) -> str:
    sim.listings.offer("ROD", 4, lead_time=3)
    return f"/listings/2021-08-01/items/{sim.sellers[0].seller_id}/ROD"


def patch(op: str, *values: dict[str, object]) -> dict[str, object]:
    one = {"op": op, "path": "/attributes/fulfillment_availability", "value": list(values)}
    return {"productType": "PRODUCT", "patches": [one]}


def row(quantity: object, channel: str = "DEFAULT") -> dict[str, object]:
    return {"fulfillment_channel_code": channel, "quantity": quantity}


def live(caller: Caller, path: str) -> list[tuple[str, int]]:
    rows = caller.call("GET", path, EVERYTHING).body["fulfillmentAvailability"]
    return [(r["fulfillmentChannelCode"], r["quantity"]) for r in rows]


def submitted(caller: Caller, path: str) -> list[dict[str, object]]:
    found = caller.call("GET", path, EVERYTHING).body["attributes"]
    return list(found["fulfillment_availability"])


def test_a_merge_keeps_what_stands_beside_it_and_shows_later(
    caller: Caller, path: str, clock: HandClock
) -> None:
    answer = caller.call("PATCH", path, SHOP, patch("merge", row(9)))
    assert (answer.status, answer.body["status"]) == (200, "ACCEPTED")
    assert submitted(caller, path) == [{**row(9), "lead_time_to_ship_max_days": 3}]
    assert live(caller, path) == [("DEFAULT", 4)]
    clock.advance(60)
    assert live(caller, path) == [("DEFAULT", 9)]


def test_a_replace_drops_what_stands_beside_it_and_another_channel_adds_a_row(
    caller: Caller, path: str
) -> None:
    caller.call("PATCH", path, SHOP, patch("merge", row(2, "AMAZON_NA")))
    assert len(submitted(caller, path)) == 2
    caller.call("PATCH", path, SHOP, patch("replace", row(9)))
    assert submitted(caller, path) == [row(9)]


@pytest.mark.parametrize("quantity", [-1, "9", 1.5, True, None])
def test_what_is_no_quantity_is_invalid_with_http_200(
    caller: Caller, path: str, quantity: object
) -> None:
    answer = caller.call("PATCH", path, SHOP, patch("merge", row(quantity)))
    assert (answer.status, answer.body["status"]) == (200, "INVALID")
    assert answer.body["issues"][0]["attributeNames"] == ["fulfillment_availability"]
    assert live(caller, path) == [("DEFAULT", 4)]


def test_a_sku_that_is_not_listed_is_not_found(caller: Caller, path: str) -> None:
    assert caller.call("GET", path + "X", SHOP).status == 404
    assert caller.call("PATCH", path + "X", SHOP, patch("merge", row(1))).status == 400


def test_a_preview_changes_nothing(caller: Caller, path: str) -> None:
    preview = {**SHOP, "mode": "VALIDATION_PREVIEW"}
    assert caller.call("PATCH", path, preview, patch("merge", row(1))).body["status"] == "VALID"
    assert submitted(caller, path)[0]["quantity"] == 4

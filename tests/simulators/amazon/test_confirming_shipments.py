"""confirmShipment: one call is one package, the same reference id edits it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from crossdock.simulators.amazon import AmazonSim
from crossdock.simulators.wire import Request
from tests.simulators.amazon.conftest import ANN, WIRE, Caller

Place = Callable[..., str]


def _shown(caller: Caller, order_id: str) -> dict[str, Any]:
    order: dict[str, Any] = caller.get_order(order_id).body["order"]
    return order


def test_a_confirmed_order_is_shipped_and_shows_its_package(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    order_id = unshipped()

    answer = caller.confirm(order_id)

    assert (answer.status, answer.reply.body) == (204, b"")
    order = _shown(caller, order_id)
    assert order["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    (package,) = order["packages"]
    assert package["packageReferenceId"] == "1"
    assert package["carrier"] == "UPS"
    assert package["trackingNumber"] == "1Z999AA10123456784"
    assert package["packageStatus"] == {"status": "SHIPPED"}
    assert package["packageItems"][0]["quantity"] == 2
    assert order["orderItems"][0]["fulfillment"]["quantityFulfilled"] == 2
    assert sim.orders[order_id].status == "SHIPPED"


def test_packages_add_up_to_the_order(caller: Caller, unshipped: Place) -> None:
    order_id = unshipped()
    item = caller.sim.orders[order_id].lines[0].order_item_id
    one = [{"orderItemId": item, "quantity": 1}]

    assert caller.confirm(order_id, orderItems=one).status == 204
    assert _shown(caller, order_id)["fulfillment"]["fulfillmentStatus"] == "PARTIALLY_SHIPPED"

    assert caller.confirm(order_id, orderItems=one, packageReferenceId="2").status == 204
    order = _shown(caller, order_id)
    assert order["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert [p["packageReferenceId"] for p in order["packages"]] == ["1", "2"]


def test_the_same_reference_id_corrects_the_package(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    order_id = unshipped()
    caller.confirm(order_id)

    answer = caller.confirm(order_id, carrierCode="FedEx", trackingNumber="794600000000")

    assert answer.status == 204
    (package,) = _shown(caller, order_id)["packages"]
    assert (package["carrier"], package["trackingNumber"]) == ("FedEx", "794600000000")
    assert sim.orders[order_id].packages["1"].edits == 1


def test_a_new_package_for_a_shipped_order_is_refused(caller: Caller, unshipped: Place) -> None:
    order_id = unshipped()
    caller.confirm(order_id)

    answer = caller.confirm(order_id, packageReferenceId="2")

    assert (answer.status, answer.details) == (400, "PackageToUpdateNotFound")


ITEM = "orderItemId"


@pytest.mark.parametrize(
    "change",
    [
        {"packageReferenceId": 1},
        {"packageReferenceId": None},
        {"packageReferenceId": "0"},
        {"packageReferenceId": "-1"},
        {"packageReferenceId": "P1"},
        {"carrierCode": None},
        {"carrierCode": "Other"},
        {"carrierCode": "Other", "carrierName": ""},
        {"carrierName": 7},
        {"trackingNumber": None},
        {"trackingNumber": " "},
        {"shipDate": None},
        {"shipDate": "02/21/2026"},
        {"shipDate": "2026-11-23"},
        {"shipDate": "1995-01-01T00:00:00Z"},
        {"shipDate": "2026-11-25T10:00:00Z"},
        {"orderItems": None},
        {"orderItems": []},
        {"orderItems": {ITEM: "1", "quantity": 1}},
        {"orderItems": ["1"]},
        {"orderItems": [{ITEM: "12345678901234", "quantity": 1}]},
        {"orderItems": [{ITEM: 12345678901234, "quantity": 1}]},
        {"marketplaceId": "A2EUQ1WTGCTBG2"},
    ],
)
def test_a_bad_confirmation_is_refused_and_changes_nothing(
    sim: AmazonSim, caller: Caller, unshipped: Place, change: dict[str, Any]
) -> None:
    order_id = unshipped()

    answer = caller.confirm(order_id, **change)

    assert (answer.status, answer.code) == (400, "InvalidInput")
    assert sim.orders[order_id].status == "UNSHIPPED"
    assert not sim.orders[order_id].packages


@pytest.mark.parametrize("quantity", [0, -1, 3, True, "1", 1.5, None])
def test_the_quantity_must_be_a_number_of_units_left_to_ship(
    caller: Caller, unshipped: Place, quantity: object
) -> None:
    order_id = unshipped()
    item = caller.sim.orders[order_id].lines[0].order_item_id

    answer = caller.confirm(order_id, orderItems=[{ITEM: item, "quantity": quantity}])

    assert answer.status == 400


def test_an_unnamed_carrier_needs_a_name(caller: Caller, unshipped: Place) -> None:
    order_id = unshipped()

    assert caller.confirm(order_id, carrierCode="Other", carrierName="Van Joe").status == 204
    assert _shown(caller, order_id)["packages"][0]["carrier"] == "Van Joe"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"marketplaceId":"ATVPDKIKX0DER"}'])
def test_a_body_that_is_no_confirmation_is_refused(
    sim: AmazonSim, caller: Caller, unshipped: Place, body: bytes
) -> None:
    path = f"/orders/v0/orders/{unshipped()}/shipmentConfirmation"
    headers = {"x-amz-access-token": caller.token()}

    assert sim.api.handle(Request("POST", path, headers=headers, body=body)).status == 400


def test_only_orders_that_the_merchant_ships_can_be_confirmed(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    cancelled = unshipped()
    sim.cancel(cancelled)
    refused = [
        unshipped(fulfilled_by="AMAZON"),
        unshipped(programs=["FBM_SHIP_PLUS"]),
        sim.place_order([WIRE], buyer=ANN),
        cancelled,
    ]

    assert [caller.confirm(order_id).status for order_id in refused] == [400] * 4


def test_an_unknown_order_cannot_be_confirmed(caller: Caller) -> None:
    assert caller.confirm("111-0000000-0000000", marketplaceId="ATVPDKIKX0DER").status == 404


def test_a_cancelled_line_need_not_ship(sim: AmazonSim, caller: Caller, unshipped: Place) -> None:
    order_id = unshipped(WIRE, replace(WIRE, sku="TIP-10"))
    first, second = sim.orders[order_id].lines
    sim.change_line_quantity(order_id, second.order_item_id, 0)

    whole = [{ITEM: first.order_item_id, "quantity": 2}]
    assert caller.confirm(order_id, orderItems=whole).status == 204
    assert sim.orders[order_id].status == "SHIPPED"


def test_cash_is_collected_in_japan_only(caller: Caller, unshipped: Place) -> None:
    order_id = unshipped()
    body = {**caller.confirmation(order_id), "codCollectionMethod": "DirectPayment"}
    path = f"/orders/v0/orders/{order_id}/shipmentConfirmation"

    assert caller.call("POST", path, body=body).status == 400


def test_a_delivered_package_says_so(sim: AmazonSim, caller: Caller, unshipped: Place) -> None:
    order_id = unshipped()
    caller.confirm(order_id)
    sim.mark_delivered(order_id, "1")

    assert _shown(caller, order_id)["packages"][0]["packageStatus"]["status"] == "DELIVERED"

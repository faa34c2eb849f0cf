"""getOrder: what is shown, to whom, and when."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from crossdock.simulators.amazon import AmazonSim, Business, Line, Seller
from crossdock.simulators.clock import HandClock
from tests.simulators.amazon.conftest import ANN, HOME, WIRE, Caller

Place = Callable[..., str]
DAYS = 86_400


def test_a_pending_order_shows_neither_people_nor_money(sim: AmazonSim, caller: Caller) -> None:
    order = caller.get_order(sim.place_order([WIRE], buyer=ANN)).body["order"]

    assert order["fulfillment"]["fulfillmentStatus"] == "PENDING"
    assert not {"buyer", "recipient", "proceeds"} & order.keys()
    (item,) = order["orderItems"]
    assert "proceeds" not in item
    assert "price" not in item["product"]


def test_an_authorised_order_shows_people_and_money(sim: AmazonSim, caller: Caller) -> None:
    order_id = sim.place_order([WIRE], buyer=ANN)
    sim.authorise(order_id)

    order = caller.get_order(order_id).body["order"]

    assert order["buyer"]["buyerName"] == "Ann Lee"
    assert order["buyer"]["buyerEmail"].endswith("@marketplace.amazon.com")
    assert order["recipient"]["deliveryAddress"]["addressLine1"] == "1 Main St"
    assert order["proceeds"]["grandTotal"] == {"amount": "91.00", "currencyCode": "USD"}


def test_only_the_data_asked_for_is_shown(caller: Caller, unshipped: Place) -> None:
    order = caller.get_order(unshipped(), included="").body["order"]

    assert order.keys() == {
        "orderId",
        "createdTime",
        "lastUpdatedTime",
        "salesChannel",
        "orderItems",
    }
    assert order["orderItems"][0].keys() == {"orderItemId", "quantityOrdered", "product"}


def test_data_that_does_not_exist_cannot_be_asked_for(caller: Caller, unshipped: Place) -> None:
    answer = caller.get_order(unshipped(), included="BUYER,SECRETS")

    assert (answer.status, answer.code) == (400, "InvalidInput")


def test_an_unknown_order_is_not_found(caller: Caller) -> None:
    assert caller.get_order("111-0000000-0000000").status == 404


RICH = Line(
    "ER70S6-035-33",
    3,
    Decimal("10.00"),
    discount=Decimal("4.00"),
    shipping=Decimal("6.00"),
    shipping_discount=Decimal("1.50"),
    gift_wrap=Decimal("2.50"),
    tax=Decimal("2.40"),
    shipping_tax=Decimal("0.48"),
    gift_wrap_tax=Decimal("0.20"),
    discount_tax=Decimal("0.44"),
    promotions=("SAVE4",),
)


def _rows(proceeds: dict[str, Any]) -> dict[str, str]:
    return {row["type"]: row["subtotal"]["amount"] for row in proceeds["breakdowns"]}


def _details(proceeds: dict[str, Any], kind: str) -> dict[str, str]:
    (row,) = (row for row in proceeds["breakdowns"] if row["type"] == kind)
    return {detail["subtype"]: detail["value"]["amount"] for detail in row["detailedBreakdowns"]}


def test_the_total_is_items_shipping_wrap_and_tax_less_discounts(
    caller: Caller, unshipped: Place
) -> None:
    order = caller.get_order(unshipped(RICH, WIRE)).body["order"]

    item = order["orderItems"][0]["proceeds"]
    assert _rows(item) == {
        "ITEM": "30.00",
        "SHIPPING": "6.00",
        "GIFT_WRAP": "2.50",
        "TAX": "2.64",
        "DISCOUNT": "5.50",
    }
    assert _details(item, "TAX") == {
        "ITEM": "2.40",
        "SHIPPING": "0.48",
        "GIFT_WRAP": "0.20",
        "DISCOUNT": "0.44",
    }
    assert _details(item, "DISCOUNT") == {"ITEM": "4.00", "SHIPPING": "1.50"}
    assert item["proceedsTotal"]["amount"] == "35.64"
    assert order["proceeds"]["grandTotal"]["amount"] == "126.64"
    assert _rows(order["proceeds"])["ITEM"] == "121.00"
    assert order["orderItems"][0]["promotion"] == {"breakdowns": [{"promotionId": "SAVE4"}]}


def test_discounts_may_come_as_negative_numbers(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    sim.discount_sign = -1

    item = caller.get_order(unshipped(RICH)).body["order"]["orderItems"][0]["proceeds"]

    assert _rows(item)["DISCOUNT"] == "-5.50"
    assert _details(item, "DISCOUNT") == {"ITEM": "-4.00", "SHIPPING": "-1.50"}
    assert item["proceedsTotal"]["amount"] == "35.64"


def test_tax_that_amazon_collects_is_named_as_such(caller: Caller, unshipped: Place) -> None:
    facilitated = caller.get_order(unshipped(RICH)).body["order"]["orderItems"][0]
    own = caller.get_order(unshipped(RICH, facilitator_tax=False)).body["order"]["orderItems"][0]

    assert facilitated["tax"]["taxCollections"][0]["model"] == "MARKETPLACE_FACILITATOR"
    assert "tax" not in own


def test_yen_have_no_decimals(clock: HandClock) -> None:
    sim = AmazonSim(clock, region="fe")
    line = Line("MASK-1", 2, Decimal(1500), tax=Decimal(300))
    order_id = sim.place_order([line], buyer=ANN, pending=False)

    order = Caller(sim).get_order(order_id).body["order"]

    assert order["proceeds"]["grandTotal"] == {"amount": "3300", "currencyCode": "JPY"}


def test_a_business_order_names_company_and_purchase_order(
    caller: Caller, unshipped: Place
) -> None:
    order_id = unshipped(business=Business("Weld & Co", "PO-77", "DE123456789"))

    order = caller.get_order(order_id).body["order"]

    assert order["programs"] == ["AMAZON_BUSINESS"]
    assert order["buyer"]["buyerCompanyName"] == "Weld & Co"
    assert order["buyer"]["buyerPurchaseOrderNumber"] == "PO-77"
    assert order["tax"]["taxRegistrations"][0]["taxRegistrationNumber"] == "DE123456789"


def test_without_the_delivery_role_personal_fields_are_silently_absent(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    line = replace(WIRE, gift_message="Happy birthday", gift_wrap_level="Classic")
    order_id = unshipped(replace(line, customized_url="https://example.test/custom.zip"))
    assert "Happy birthday" in str(caller.get_order(order_id).body)
    sim.roles = {"orders"}

    order = caller.get_order(order_id).body["order"]

    assert order["buyer"] == {}
    assert order["recipient"]["deliveryAddress"].keys() == {
        "city",
        "stateOrRegion",
        "countryCode",
        "addressType",
    }
    assert "Happy birthday" not in str(order)
    assert "customization" not in order["orderItems"][0]["product"]


def test_an_application_without_any_role_is_refused(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    sim.roles = set()

    assert caller.get_order(unshipped()).status == 403


def test_an_order_that_amazon_fulfils_shows_no_person(caller: Caller, unshipped: Place) -> None:
    order = caller.get_order(unshipped(fulfilled_by="AMAZON")).body["order"]

    assert order["buyer"] == {}
    assert not {"name", "addressLine1", "postalCode", "phone"} & (
        order["recipient"]["deliveryAddress"].keys()
    )
    assert "packages" not in order


def test_the_tax_role_gives_names_of_fba_buyers_outside_us_jp_and_sg(clock: HandClock) -> None:
    sim = AmazonSim(clock, region="eu")
    order_id = sim.place_order([WIRE], buyer=ANN, fulfilled_by="AMAZON", pending=False)

    assert Caller(sim).get_order(order_id).body["order"]["buyer"] == {"buyerName": "Ann Lee"}


def test_the_phone_goes_when_delivery_is_long_past(
    sim: AmazonSim, caller: Caller, clock: HandClock, unshipped: Place
) -> None:
    order_id = unshipped()
    assert caller.confirm(order_id).status == 204
    phone = caller.get_order(order_id).body["order"]["recipient"]["deliveryAddress"]["phone"]
    assert phone == HOME.phone

    clock.advance(8 * DAYS)
    caller.forget_tokens()

    address = caller.get_order(order_id).body["order"]["recipient"]["deliveryAddress"]
    assert "phone" not in address
    assert address["addressLine1"] == "1 Main St"


def test_a_cancelled_order_shows_who_cancelled_but_no_person(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    order_id = unshipped()
    sim.cancel(order_id, by="BUYER", reason="Found it cheaper")

    order = caller.get_order(order_id).body["order"]

    assert order["fulfillment"]["fulfillmentStatus"] == "CANCELLED"
    execution = order["orderItems"][0]["cancellation"]["cancellationExecution"]
    assert execution == {"cancelledBy": "BUYER", "cancelReason": "Found it cheaper"}
    assert order["buyer"] == {}
    assert "proceeds" not in order


def test_a_buyers_wish_to_cancel_leaves_the_order_unshipped(
    sim: AmazonSim, caller: Caller, unshipped: Place
) -> None:
    order_id = unshipped()
    sim.request_cancel(order_id, "Wrong size")

    order = caller.get_order(order_id).body["order"]

    assert order["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    request = order["orderItems"][0]["cancellation"]["cancellationRequest"]
    assert request == {"requester": "BUYER", "cancelReason": "Wrong size"}


@pytest.mark.parametrize("change", ["address", "quantity"])
def test_a_change_moves_the_time_of_the_last_update(
    sim: AmazonSim, caller: Caller, clock: HandClock, unshipped: Place, change: str
) -> None:
    order_id = unshipped(RICH)
    before = caller.get_order(order_id).body["order"]
    clock.advance(60)

    if change == "address":
        sim.change_address(order_id, replace(HOME, line1="2 Side St"))
    else:
        sim.change_line_quantity(order_id, before["orderItems"][0]["orderItemId"], 1)

    after = caller.get_order(order_id).body["order"]
    assert after["lastUpdatedTime"] == "2026-11-23T10:01:00.000Z" > before["lastUpdatedTime"]
    if change == "address":
        assert after["recipient"]["deliveryAddress"]["addressLine1"] == "2 Side St"
    else:
        assert after["orderItems"][0]["quantityOrdered"] == 1
        assert _rows(after["proceeds"])["ITEM"] == "10.00"
        assert _rows(after["proceeds"])["SHIPPING"] == "2.00"


def test_another_sellers_order_is_not_found(clock: HandClock) -> None:
    sellers = [Seller(), Seller("A2OTHER", "Atzr|other")]
    sim = AmazonSim(clock, sellers=sellers)
    caller = Caller(sim)
    order_id = sim.place_order([WIRE], buyer=ANN, pending=False, seller_id="A2OTHER")

    assert caller.get_order(order_id).status == 404
    assert caller.get_order(order_id, token=caller.token(sellers[1])).status == 200

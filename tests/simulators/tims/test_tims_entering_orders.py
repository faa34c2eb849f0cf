"""A sales order is entered once, whole, and with everything that is wrong said at once."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest


def test_an_order_is_entered_with_its_money_and_words(tims, sim, kit):
    line = kit.line(
        ExternalLineRef="L1",
        Discount="9.00",
        Charges=[{"Type": "freight", "Amount": "9.99"}, {"Type": "gift_wrap", "Amount": "3.50"}],
    )
    answer = tims.create(
        "/sales_orders",
        kit.order("112-1", line, MustShipBy="2026-11-25T00:59:59-07:00", CustomerPoNumber="PO-7"),
    )
    assert answer.status == 201
    assert answer["Status"] == "Entered"
    assert answer["MustShipBy"] == "2026-11-25T07:59:59.000Z"
    assert answer["Totals"] == {
        "Lines": "120.00",
        "Charges": "13.49",
        "Tax": "0.00",
        "Total": "133.49",
    }
    assert answer["Lines"][0]["LineNumber"] == 1
    assert answer.headers["etag"] == f'"{answer["RowVersion"]}"'
    order = sim.orders[answer["OrderNumber"]]
    assert (order.totals.total, order.external_ref) == (Decimal("133.49"), "112-1")
    assert tims.get(f"/sales_orders/{order.order_number}").body == answer.body


def test_everything_wrong_is_said_at_once(tims, sim, kit):
    sim.deactivate_item("TIPS")
    sim.put_on_credit_hold("AMZ-US")
    refused = tims.create(
        "/sales_orders",
        kit.order(
            "112-1",
            kit.line("MOON"),
            kit.line("TIPS"),
            kit.line("WIRE", Uom="LB"),
            kit.line("WIRE", "0", UnitPrice=64.5, Tax="1.00", Colour="blue", QtyShipped="1"),
            kit.line("WIRE", "3", UnitPrice="0.3333"),
            CurrencyCode="XAU",
            LocationId="MOON",
            ShipToAddress={"Name": "Pat", "City": "Billings", "Country": "usa"},
            Status="Completed",
        ),
    )
    assert (refused.status, refused.code) == (422, "validation_failed")
    assert refused.faults == {
        "/CustomerCode": "customer_on_credit_hold",
        "/CurrencyCode": "unknown_currency",
        "/LocationId": "location_not_found",
        "/ShipToAddress/Line1": "required",
        "/ShipToAddress/Country": "not_a_country",
        "/Status": "read_only",
        "/Lines/0/ItemNumber": "item_not_found",
        "/Lines/1/ItemNumber": "item_inactive",
        "/Lines/2/Uom": "uom_mismatch",
        "/Lines/3/QtyOrdered": "out_of_range",
        "/Lines/3/UnitPrice": "not_a_decimal",
        "/Lines/3/Colour": "unknown_field",
        "/Lines/3/QtyShipped": "read_only",
        "/Lines/4/UnitPrice": "not_whole_cents",
    }
    assert sim.orders == {}


def test_credit_hold_alone_names_the_whole_refusal(tims, sim, kit):
    sim.put_on_credit_hold("AMZ-US")
    refused = tims.create("/sales_orders", kit.order("112-1"), key="k")
    assert (refused.status, refused.code) == (422, "customer_on_credit_hold")
    sim.lift_credit_hold("AMZ-US")
    assert tims.create("/sales_orders", kit.order("112-1"), key="k").status == 201


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"CustomerCode": "NOBODY"}, "/CustomerCode", "customer_not_found"),
        ({"CustomerCode": None}, "/CustomerCode", "required"),
        ({"Lines": []}, "/Lines", "required"),
        ({"Lines": {}}, "/Lines", "not_a_list"),
        ({"ShipToAddress": None}, "/ShipToAddress", "required"),
        ({"ShipToCode": "DOCK"}, "/ShipToAddress", "not_both"),
        ({"ShipToCode": "DOCK", "ShipToAddress": None}, "/ShipToCode", "ship_to_not_found"),
        ({"ExternalSystem": None}, "/ExternalSystem", "required"),
        ({"OrderDate": "23.11.2026"}, "/OrderDate", "not_a_date"),
        ({"MustShipBy": "2026-11-25T00:00:00"}, "/MustShipBy", "not_a_time"),
        ({"OrderType": "gift"}, "/OrderType", "not_a_choice"),
        ({"ChargesFixedByCaller": "yes"}, "/ChargesFixedByCaller", "not_a_flag"),
        ({"CustomerPoNumber": " "}, "/CustomerPoNumber", "not_text"),
    ],
)
def test_a_header_field_that_is_wrong(tims, kit, change, pointer, code):
    refused = tims.create("/sales_orders", kit.order("112-1", **change))
    assert refused.status == 422
    assert refused.faults.get(pointer) == code


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"Tax": "1.00"}, "Tax", "tax_collected_elsewhere"),
        ({"Discount": "129.01"}, "Discount", "discount_exceeds_line"),
        ({"Discount": "0.001"}, "Discount", "too_precise"),
        ({"UnitPrice": "-1.00"}, "UnitPrice", "out_of_range"),
        ({"UnitPrice": None}, "UnitPrice", "required"),
        ({"UnitPrice": "1e3"}, "UnitPrice", "not_a_decimal"),
        ({"Charges": [{"Type": "tax", "Amount": "1.00"}]}, "Charges/0/Type", None),
        ({"Charges": [{"Type": "bribe", "Amount": "1.00"}]}, "Charges/0/Type", "not_a_choice"),
        ({"Charges": [{"Type": "freight"}]}, "Charges/0/Amount", "required"),
    ],
)
def test_a_line_field_that_is_wrong(tims, kit, change, pointer, code):
    refused = tims.create("/sales_orders", kit.order("112-1", kit.line(**change)))
    assert refused.status == 422
    assert refused.faults.get(f"/Lines/0/{pointer}") == (code or "tax_collected_elsewhere")


def test_a_unit_price_may_have_four_decimals_when_the_line_is_in_cents(tims, kit):
    answer = tims.create("/sales_orders", kit.order("", kit.line(qty="8", UnitPrice="0.0625")))
    assert (answer["Totals"]["Lines"], answer["Lines"][0]["UnitPrice"]) == ("0.50", "0.0625")


def test_prices_come_from_tims_and_stay_above_the_floor(tims, sim, kit):
    sim.set_price("WIRE", "70.00", "60.00")
    own = tims.create("/sales_orders", kit.order("", kit.line(UnitPrice=None)))
    assert own["Lines"][0]["UnitPrice"] == "70.00"
    refused = tims.create("/sales_orders", kit.order("", kit.line(UnitPrice="59.99")))
    assert refused.faults == {"/Lines/0/UnitPrice": "price_below_floor"}


def test_tims_adds_its_hazmat_charge_unless_the_caller_fixes_charges(tims, sim, kit):
    sim.add_item("FLUX", is_hazmat=True)
    line = kit.line("FLUX", "1", UnitPrice="5.00")
    fixed = tims.create("/sales_orders", kit.order("", line))
    assert fixed["Totals"]["Total"] == "5.00"
    free = tims.create("/sales_orders", kit.order("", line, ChargesFixedByCaller=False))
    assert free["Totals"]["Charges"] == "7.50"


def test_two_lines_may_not_share_a_reference(tims, kit):
    lines = (kit.line(ExternalLineRef="L1"), kit.line("TIPS", ExternalLineRef="L1"))
    refused = tims.create("/sales_orders", kit.order("", *lines))
    assert refused.faults == {"/Lines/1/ExternalLineRef": "duplicate_external_line_ref"}


def test_a_closed_location_takes_no_order(tims, sim, kit):
    from datetime import date

    sim.close_location("MAIN", [date(2026, 11, 26)])
    closed = tims.create(
        "/sales_orders", kit.order("", LocationId="MAIN", RequestedShipDate="2026-11-26")
    )
    assert (closed.status, closed.code) == (422, "location_closed")
    open_day = kit.order("", LocationId="MAIN", RequestedShipDate="2026-11-27")
    assert tims.create("/sales_orders", open_day).status == 201


def test_validate_says_the_same_and_stores_nothing(tims, sim, kit):
    body = kit.order("112-1", kit.line("MOON"))
    dry = tims.do("/sales_orders/validate", body)
    real = tims.create("/sales_orders", body)
    assert (dry.status, dry["errors"]) == (real.status, real["errors"])
    good = tims.do("/sales_orders/validate", kit.order("112-1"))
    assert (good.status, good["OrderNumber"], good["Totals"]["Total"]) == (200, None, "129.00")
    assert sim.orders == {}
    assert tims.create("/sales_orders", kit.order("112-1"))["OrderNumber"] == "SO-100001"
    assert tims.do("/sales_orders/validate", kit.order("112-1")).code == "duplicate_external_ref"


def test_a_price_that_changes_between_validate_and_post_is_refused_at_post(tims, sim, kit):
    assert tims.do("/sales_orders/validate", kit.order()).status == 200
    sim.set_price("WIRE", "80.00", "70.00")
    assert tims.create("/sales_orders", kit.order()).status == 422


# --- said twice ------------------------------------------------------------------------------


def test_the_same_key_and_body_give_the_first_answer_again(tims, sim, kit):
    first = tims.create("/sales_orders", kit.order("112-1"), key="k1")
    tims.do(f"/sales_orders/{first['OrderNumber']}/release")
    shuffled = json.loads(json.dumps(kit.order("112-1"), sort_keys=True))
    again = tims.create("/sales_orders", shuffled, key="k1")
    assert (again.status, again.reply.body) == (201, first.reply.body)
    assert again.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers
    assert len(sim.orders) == 1


def test_the_same_key_with_another_body_is_refused(tims, sim, kit):
    tims.create("/sales_orders", kit.order("112-1"), key="k1")
    refused = tims.create("/sales_orders", kit.order("112-2"), key="k1")
    assert (refused.status, refused.code) == (409, "idempotency_mismatch")
    assert tims.create("/customers", {"CompanyName": "Acme"}, key="k1").status == 409
    assert len(sim.orders) == 1


def test_a_create_without_a_key_is_refused(tims, sim, kit):
    refused = tims.do("/sales_orders", kit.order("112-1"))
    assert (refused.status, refused.code) == (400, "idempotency_key_missing")
    assert sim.orders == {}


def test_keys_are_forgotten_after_thirty_days_but_references_never(tims, sim, kit, clock):
    first = tims.create("/sales_orders", kit.order("112-1"), key="k1")
    clock.advance(timedelta(days=30).total_seconds() - 1)
    assert tims.create("/sales_orders", kit.order("112-1"), key="k1").status == 201
    clock.advance(1)
    refused = tims.create("/sales_orders", kit.order("112-1"), key="k1")
    assert (refused.status, refused.code) == (409, "duplicate_external_ref")
    assert refused["Id"] == first["Id"]
    assert refused["existing_key"] == first["OrderNumber"]


def test_a_reference_stays_used_when_its_order_is_cancelled(tims, kit):
    first = tims.create("/sales_orders", kit.order("112-1"))
    tims.do(f"/sales_orders/{first['OrderNumber']}/cancel")
    assert tims.create("/sales_orders", kit.order("112-1")).code == "duplicate_external_ref"
    elsewhere = kit.order("112-1", ExternalSystem="AMAZON:A2EUQ1WTGCTBG2")
    assert tims.create("/sales_orders", elsewhere).status == 201


def test_a_duplicate_is_named_before_anything_else_is_checked(tims, sim, kit):
    tims.create("/sales_orders", kit.order("112-1"))
    sim.put_on_credit_hold("AMZ-US")
    assert tims.create("/sales_orders", kit.order("112-1")).code == "duplicate_external_ref"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(tims, body):
    refused = tims.create("/sales_orders", body)
    assert (refused.status, refused.code) == (400, "malformed_request")


def test_a_body_of_another_kind_is_refused(tims, kit):
    refused = tims.create("/sales_orders", kit.order(), content_type="text/xml")
    assert (refused.status, refused.code) == (415, "media_type_unsupported")

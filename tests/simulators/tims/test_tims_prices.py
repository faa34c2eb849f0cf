"""Prices at TIMS: lists, contracts, discount codes, and what a customer would pay."""

import json
from datetime import date

import pytest

ENTRIES = "/price_lists/STANDARD/entries"


@pytest.fixture
def priced(sim):
    """WIRE with everything a price can have, TIPS with a list price in ten-thousandths."""
    sim.set_price(
        "WIRE", "64.50", "45.00", cost="40.1250", map_price="59.99",
        breaks={50: "58.00", 10: "61.00"},
        classes={"RETAIL": "64.50", "INDUSTRIAL": "57.00"},
        class_breaks={"INDUSTRIAL": {20: "55.00"}},
    )  # fmt: skip
    sim.set_price("TIPS", "0.0499")
    return sim


@pytest.fixture
def quote(tims):
    """The answer of TIMS for one line."""

    def ask(item="WIRE", qty="1", uom="EA", customer="AMZ-US", **more):
        line = {"ItemNumber": item, "Uom": uom, "Qty": qty}
        return tims.do("/price_quotes", {"CustomerCode": customer, "Lines": [line], **more})

    return ask


def entry(tims, item="WIRE", path=ENTRIES):
    (row,) = tims.get(path, item_number=item)["data"]
    return row


def feed(tims, entity="price"):
    return [(x["key"], x["op"]) for x in tims.get("/changes", entity=entity)["data"]]


def decided(answer):
    assert answer.status == 200, answer.body
    (line,) = answer["Lines"]
    return line["PriceSource"], line["UnitPrice"]


# --- lists -----------------------------------------------------------------------------------


def test_an_entry_tells_everything_a_price_has(priced, tims):
    row = entry(tims)
    assert (row["PriceListCode"], row["ItemNumber"], row["Uom"]) == ("STANDARD", "WIRE", "EA")
    assert (row["CurrencyCode"], row["ListPrice"], row["Cost"]) == ("USD", "64.50", "40.125")
    assert (row["MapPrice"], row["FloorPrice"]) == ("59.99", "45.00")
    assert row["QuantityBreaks"] == [
        {"MinQty": "10", "UnitPrice": "61.00"},
        {"MinQty": "50", "UnitPrice": "58.00"},
    ]
    assert row["PriceClassPrices"][1] == {
        "PriceClass": "INDUSTRIAL",
        "UnitPrice": "57.00",
        "QuantityBreaks": [{"MinQty": "20", "UnitPrice": "55.00"}],
    }
    assert entry(tims, "TIPS")["ListPrice"] == "0.0499"
    assert entry(tims, "TIPS")["FloorPrice"] is None


def test_what_an_item_costs_is_shown_only_to_those_who_may_see_it(priced, tims, sim):
    sim.scopes.discard("costs:read")
    row = entry(tims)
    assert "Cost" not in row
    assert row["ListPrice"] == "64.50"


@pytest.mark.parametrize(
    "path",
    ["/price_lists", "/price_lists/STANDARD", ENTRIES, "/contract_prices", "/discount_codes"],
)
def test_prices_need_their_scope(priced, tims, sim, path):
    sim.scopes.discard("prices:read")
    refused = tims.get(path)
    assert (refused.status, refused.code, refused["scope"]) == (
        403, "scope_missing", "prices:read",
    )  # fmt: skip


def test_a_quote_and_the_feed_of_prices_need_the_scope_too(priced, tims, sim, quote):
    sim.scopes.discard("prices:read")
    assert (quote().status, quote()["scope"]) == (403, "prices:read")
    assert tims.get("/changes", entity="price")["scope"] == "prices:read"


def test_entries_come_in_pages_over_a_snapshot(sim, tims):
    for n in range(5):
        sim.add_item(f"I{n}", list_price=n + 1)
    first = tims.get(ENTRIES, limit="2")
    sim.drop_price("I4")
    sim.set_price("I3", "99.00")
    second = tims.get(ENTRIES, limit="2", cursor=first["next_cursor"])
    third = tims.get(ENTRIES, limit="2", cursor=second["next_cursor"])
    rows = [row for page in (first, second, third) for row in page["data"]]
    assert [row["ItemNumber"] for row in rows] == ["I0", "I1", "I2", "I3", "I4"]
    assert rows[3]["ListPrice"] == "4.00"
    later = tims.get(ENTRIES, row_version_gt=str(rows[4]["RowVersion"]))["data"]
    assert [row["ItemNumber"] for row in later] == ["I3"]


def test_a_list_shows_only_its_own_entries(priced, tims, sim):
    sim.add_price_list("CANADA", currency="CAD")
    sim.set_price("WIRE", "89.00", list_code="CANADA")
    assert entry(tims, path="/price_lists/CANADA/entries")["CurrencyCode"] == "CAD"
    assert entry(tims)["ListPrice"] == "64.50"
    assert tims.get("/price_lists/CANADA/entries", item_number="TIPS")["data"] == []
    lists = {x["Code"]: x["CurrencyCode"] for x in tims.get("/price_lists")["data"]}
    assert lists == {"STANDARD": "USD", "CANADA": "CAD"}
    assert tims.get("/price_lists/CANADA")["Name"] == "CANADA"
    assert tims.get("/price_lists/MOON/entries").status == 404
    assert tims.get(ENTRIES, colour="blue").faults == {"?colour": "unknown_filter"}


def test_a_price_that_nobody_set_is_not_there(tims, sim):
    assert tims.get("/price_lists")["data"] == []
    with pytest.raises(ValueError, match="no price STANDARD/WIRE"):
        sim.drop_price("WIRE")
    with pytest.raises(ValueError, match="no price_list MOON"):
        sim.set_price("WIRE", "1.00", list_code="MOON")


# --- contracts and discount codes ------------------------------------------------------------


def test_contract_prices_are_those_of_the_customer(sim, tims):
    sim.add_customer("ACME")
    sim.set_contract_price("ACME", "WIRE", "50.00", breaks={10: "48.00"}, start=date(2026, 1, 1))
    sim.set_contract_price("AMZ-US", "WIRE", "60.00")
    sim.set_contract_price("AMZ-US", "TIPS", "0.0425")
    (row,) = tims.get("/contract_prices", customer_code="ACME")["data"]
    assert (row["ItemNumber"], row["UnitPrice"], row["Start"]) == ("WIRE", "50.00", "2026-01-01")
    assert row["QuantityBreaks"] == [{"MinQty": "10", "UnitPrice": "48.00"}]
    rows = tims.get("/contract_prices", customer_code="AMZ-US", item_number="TIPS")["data"]
    assert [x["UnitPrice"] for x in rows] == ["0.0425"]
    assert tims.get("/contract_prices", customer_code="NOBODY")["data"] == []
    assert tims.get("/contract_prices").faults == {"?customer_code": "required"}


def test_a_contract_that_is_made_anew_replaces_the_old_one(sim, tims):
    before = sim.set_contract_price("AMZ-US", "WIRE", "60.00", end=date(2026, 12, 31))
    after = sim.set_contract_price("AMZ-US", "WIRE", "59.00")
    (row,) = tims.get("/contract_prices", customer_code="AMZ-US")["data"]
    assert (row["UnitPrice"], row["End"], row["Id"]) == ("59.00", None, before.id)
    assert after.row_version > before.row_version


def test_discount_codes_are_listed(sim, tims):
    sim.add_discount_code("D5", "5", stackable=True, end=date(2026, 12, 31))
    sim.add_discount_code("TEN", "10", "amount")
    rows = tims.get("/discount_codes")["data"]
    told = [(x["DiscountCode"], x["Type"], x["Value"], x["CurrencyCode"]) for x in rows]
    assert told == [("D5", "percent", "5.00", None), ("TEN", "amount", "10.00", "USD")]
    assert (rows[0]["Stackable"], rows[0]["End"]) == (True, "2026-12-31")


# --- who is told -----------------------------------------------------------------------------


def test_every_change_of_a_price_is_in_the_feed_and_told_by_webhook(sim, tims):
    body = {"Url": "http://127.0.0.1:9/", "Events": ["price.updated"], "Secret": "x" * 16}
    tims.create("/webhooks", body)
    sim.set_price("WIRE", "64.50")
    sim.set_price("WIRE", "65.00")
    sim.put_on_sale("WIRE", "60.00")
    sim.end_sales("WIRE")
    sim.set_contract_price("AMZ-US", "WIRE", "50.00")
    sim.drop_contract_price("AMZ-US", "WIRE")
    sim.drop_price("WIRE")
    assert feed(tims) == [
        ("STANDARD/WIRE", "create"),
        ("STANDARD/WIRE", "update"),
        ("STANDARD/WIRE", "update"),
        ("STANDARD/WIRE", "update"),
        ("contract:AMZ-US/WIRE", "create"),
        ("contract:AMZ-US/WIRE", "delete"),
        ("STANDARD/WIRE", "delete"),
    ]
    told = [(x.headers["x-tims-event"], json.loads(x.body)) for x in sim.due_webhooks()]
    assert {event for event, _ in told} == {"price.updated"}
    assert {said["entity"] for _, said in told} == {"price"}
    assert [said["key"] for _, said in told] == [key for key, _ in feed(tims)]


def test_an_item_is_not_changed_by_its_price(sim, tims):
    before = tims.get("/items/WIRE")["RowVersion"]
    sim.set_price("WIRE", "64.50")
    assert tims.get("/items/WIRE")["RowVersion"] == before


def test_a_list_that_is_closed_changes_each_of_its_prices(priced, sim, tims):
    sim.add_price_list("CANADA", currency="CAD")
    sim.set_price("TIPS", "0.07", list_code="CANADA")
    sim.change_price_list("STANDARD", is_active=False)
    assert feed(tims)[-2:] == [("STANDARD/WIRE", "update"), ("STANDARD/TIPS", "update")]
    assert tims.get("/price_lists/STANDARD")["IsActive"] is False
    assert feed(tims, "price_list")[-1] == ("STANDARD", "update")


def test_prices_follow_an_item_to_its_new_number(priced, sim, tims):
    sim.set_contract_price("AMZ-US", "WIRE", "50.00")
    sim.renumber_item("WIRE", "WIRE/2")
    assert entry(tims, "WIRE/2")["ListPrice"] == "64.50"
    (promised,) = tims.get("/contract_prices", customer_code="AMZ-US")["data"]
    assert promised["ItemNumber"] == "WIRE/2"
    assert feed(tims)[-4:] == [
        ("STANDARD/WIRE", "delete"),
        ("STANDARD/WIRE/2", "create"),
        ("contract:AMZ-US/WIRE", "delete"),
        ("contract:AMZ-US/WIRE/2", "create"),
    ]


# --- what a customer would pay ---------------------------------------------------------------


def test_contract_before_promotion_before_class_before_break_before_list(priced, sim, quote, tims):
    """The same twenty-five of the same item, while the better grounds are taken away one by one."""
    tims.change(
        "/customers/AMZ-US", {"PriceClass": "INDUSTRIAL"}, sim.customers["AMZ-US"].row_version
    )
    sim.set_contract_price("AMZ-US", "WIRE", "63.00")
    sim.put_on_sale("WIRE", "62.00", date(2026, 11, 1), date(2026, 11, 30))
    assert decided(quote(qty="25")) == ("contract", "63.00")
    sim.drop_contract_price("AMZ-US", "WIRE")
    assert decided(quote(qty="25")) == ("promotion", "62.00")
    sim.end_sales("WIRE")
    assert decided(quote(qty="25")) == ("price_class", "55.00")
    tims.change("/customers/AMZ-US", {"PriceClass": None}, sim.customers["AMZ-US"].row_version)
    assert decided(quote(qty="25")) == ("quantity_break", "61.00")
    sim.set_price("WIRE", "64.50", breaks={})
    assert decided(quote(qty="25")) == ("list", "64.50")


def test_a_break_counts_from_its_very_quantity_on(priced, quote):
    prices = [decided(quote(qty=qty))[1] for qty in ("9.9999", "10", "49", "50", "5000")]
    assert prices == ["64.50", "61.00", "61.00", "58.00", "58.00"]
    assert quote(qty="1")["Lines"][0]["Breaks"] == [
        {"MinQty": "10", "UnitPrice": "61.00"},
        {"MinQty": "50", "UnitPrice": "58.00"},
    ]


def test_a_contract_has_breaks_of_its_own(priced, sim, quote):
    sim.set_contract_price("AMZ-US", "WIRE", "63.00", breaks={5: "60.50"})
    assert decided(quote(qty="4")) == ("contract", "63.00")
    assert decided(quote(qty="5")) == ("contract", "60.50")


def test_a_promotion_and_a_contract_hold_on_their_last_day_and_not_after(priced, sim, quote):
    sim.put_on_sale("WIRE", "62.00", date(2026, 11, 24), date(2026, 11, 25))
    days = ("2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26")
    assert [decided(quote(Date=x))[0] for x in days] == ["list", "promotion", "promotion", "list"]
    sim.set_contract_price("AMZ-US", "WIRE", "50.00", start=date(2026, 11, 26))
    assert [decided(quote(Date=x))[0] for x in days[2:]] == ["promotion", "contract"]


def test_today_is_the_day_at_the_company(priced, sim, quote, clock):
    sim.put_on_sale("WIRE", "62.00", date(2026, 11, 24))
    clock.advance(19 * 3600)  # 05:00 of the 24th in UTC, still the 23rd in Denver
    assert (quote()["Date"], decided(quote())[0]) == ("2026-11-23", "list")


def test_a_list_of_the_location_goes_before_the_one_for_all(priced, sim, quote):
    sim.add_location("ANNEX")
    sim.add_price_list("ANNEX", location_id="ANNEX")
    sim.set_price("WIRE", "66.00", list_code="ANNEX")
    assert decided(quote(LocationId="ANNEX")) == ("list", "66.00")
    assert decided(quote(LocationId="MAIN")) == ("list", "64.50")
    assert decided(quote()) == ("list", "64.50")
    sim.change_price_list("ANNEX", is_active=False)
    assert decided(quote(LocationId="ANNEX")) == ("list", "64.50")


def test_of_two_lists_the_one_that_began_last_holds(priced, sim, quote):
    sim.add_price_list("WINTER", start=date(2026, 11, 1), end=date(2027, 2, 28))
    sim.set_price("WIRE", "69.00", list_code="WINTER")
    assert decided(quote()) == ("list", "69.00")
    assert decided(quote(Date="2026-10-31")) == ("list", "64.50")


def test_another_currency_has_its_own_prices_and_nothing_is_converted(priced, sim, quote):
    refused = quote(CurrencyCode="CAD")
    assert refused.faults == {"/Lines/0/ItemNumber": "price_not_found"}
    sim.set_contract_price("AMZ-US", "WIRE", "50.00")  # in US dollars
    sim.add_price_list("CANADA", currency="CAD")
    sim.set_price("WIRE", "89.00", list_code="CANADA")
    answer = quote(CurrencyCode="CAD")
    assert (answer["CurrencyCode"], decided(answer)) == ("CAD", ("list", "89.00"))


def test_a_box_is_so_many_units_and_a_unit_is_never_a_part_of_a_box(priced, sim, quote):
    assert decided(quote(uom="BX", qty="1")) == ("quantity_break", "610.00")
    assert quote(uom="BX")["Lines"][0]["PriceUom"] == "EA"
    sim.set_price("TIPS", "0.45", uom="BX")
    assert decided(quote("TIPS", uom="BX")) == ("list", "0.45")
    assert quote("TIPS", uom="EA").faults == {"/Lines/0/Uom": "uom_mismatch"}


def test_a_quote_says_everything_that_is_wrong_and_stores_nothing(priced, sim, tims):
    lines = [{"ItemNumber": "MOON"}, {"ItemNumber": "WIRE", "Uom": "KG"}, {"Qty": "0"}]
    body = {"CustomerCode": "AMZ-US", "LocationId": "MOON", "Lines": lines}
    before = tims.get("/changes", entity="price")["last_row_version"]
    assert tims.do("/price_quotes", body).faults == {
        "/LocationId": "location_not_found",
        "/Lines/0/ItemNumber": "item_not_found",
        "/Lines/1/Uom": "uom_mismatch",
        "/Lines/2/ItemNumber": "required",
        "/Lines/2/Qty": "out_of_range",
    }
    nobody = {"CustomerCode": "NOBODY", "Lines": [{"ItemNumber": "WIRE"}]}
    assert tims.do("/price_quotes", nobody).faults == {"/CustomerCode": "customer_not_found"}
    good = {"CustomerCode": "AMZ-US", "Lines": [{"ItemNumber": "WIRE"}]}
    assert tims.do("/price_quotes", good)["Lines"][0]["Qty"] == "1"
    assert tims.get("/changes", entity="price")["last_row_version"] == before


# --- orders use the same prices --------------------------------------------------------------


def test_an_order_is_priced_by_the_list_of_its_currency(priced, sim, tims, kit):
    body = kit.order("", kit.line(UnitPrice=None), CurrencyCode="CAD")
    assert tims.create("/sales_orders", body).faults == {"/Lines/0/UnitPrice": "required"}
    sim.add_price_list("CANADA", currency="CAD")
    sim.set_price("WIRE", "89.00", "85.00", list_code="CANADA")
    assert tims.create("/sales_orders", body)["Lines"][0]["UnitPrice"] == "89.00"
    cheap = kit.order("", kit.line(UnitPrice="64.50"), CurrencyCode="CAD")
    assert tims.create("/sales_orders", cheap).faults == {"/Lines/0/UnitPrice": "price_below_floor"}
    assert tims.create("/sales_orders", kit.order("", kit.line(UnitPrice="64.50"))).status == 201


def test_the_floor_of_a_unit_holds_for_a_box(priced, sim, tims, kit):
    box = {"Uom": "BX", "qty": "1"}
    assert (
        tims.create("/sales_orders", kit.order("", kit.line(UnitPrice="450.00", **box))).status
        == 201
    )
    refused = tims.create("/sales_orders", kit.order("", kit.line(UnitPrice="449.99", **box)))
    assert refused.faults == {"/Lines/0/UnitPrice": "price_below_floor"}

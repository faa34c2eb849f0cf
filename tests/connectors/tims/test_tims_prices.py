"""Prices read from TIMS: to the last decimal, one bad row alone left out, nothing guessed."""

from datetime import date
from decimal import Decimal

import pytest

from crossdock.connectors.tims.prices import ONE_BY_ONE, PriceFault, Prices
from crossdock.kernel.errors import Defect, NeedsPerson, TryAgain
from tests.connectors.tims.priced import a_client, a_priced_tims, a_query

ENTRIES = "GET /api/v1/price_lists/STANDARD/entries"


@pytest.fixture
def sim(clock):
    return a_priced_tims(clock)


@pytest.fixture
def near(sim, clock):
    return a_client(sim, clock, costs=True)


@pytest.fixture
def prices(near):
    return Prices(near)


@pytest.fixture
def told(site, client):
    """Prices of a site that says what a test tells it to say."""
    return Prices(client)


def row(item="WLD-1", **more):
    """An entry as TIMS sends it; None takes a field away."""
    said = {"ItemNumber": item, "Uom": "EA", "CurrencyCode": "USD", "ListPrice": "64.50", **more}
    return {name: value for name, value in said.items() if value is not None}


def listed_by(found):
    return {x.ItemNumber: x.ListPrice for x in found.rows}


# --- what is read ----------------------------------------------------------------------------


def test_an_entry_is_read_with_everything_it_says(prices):
    wire, _ = prices.entries("STANDARD").rows
    assert (wire.PriceListCode, wire.ItemNumber, wire.Uom) == ("STANDARD", "WLD-1", "EA")
    assert (wire.CurrencyCode, wire.ListPrice, wire.Cost) == (
        "USD", Decimal("64.50"), Decimal("40.125"),
    )  # fmt: skip
    assert (wire.MapPrice, wire.FloorPrice) == (Decimal("59.99"), Decimal("45.00"))
    assert [(x.MinQty, x.UnitPrice) for x in wire.QuantityBreaks] == [(10, 61), (50, 58)]
    industrial = wire.of_class("INDUSTRIAL")
    assert (industrial.UnitPrice, industrial.QuantityBreaks[0].UnitPrice) == (57, 55)
    assert wire.of_class("WHOLESALE") is None


def test_a_price_keeps_its_last_decimal(prices):
    _, tip = prices.entries("STANDARD").rows
    assert str(tip.ListPrice) == "0.0499"
    assert (tip.Cost, tip.MapPrice, tip.FloorPrice) == (None, None, None)


def test_the_cost_is_unknown_without_its_scope(sim, clock):
    (wire, _) = Prices(a_client(sim, clock)).entries("STANDARD").rows
    assert (wire.Cost, wire.ListPrice) == (None, Decimal("64.50"))


def test_lists_of_other_currencies_and_locations_are_told_as_they_are(sim, prices):
    sim.add_price_list("CANADA", currency="CAD", start=date(2026, 1, 1), end=date(2026, 11, 22))
    sim.add_price_list("ANNEX", location_id="MAIN")
    sim.set_price("WLD-1", "89.00", list_code="CANADA")
    lists = {x.Code: x for x in prices.lists().rows}
    assert [x.CurrencyCode for x in lists.values()] == ["USD", "CAD", "USD"]
    assert [x.LocationId for x in lists.values()] == [None, None, "MAIN"]
    assert lists["CANADA"].holds(date(2026, 11, 22))
    assert not lists["CANADA"].holds(date(2026, 11, 23))
    (entry,) = prices.entries("CANADA").rows
    assert (entry.CurrencyCode, entry.ListPrice) == ("CAD", Decimal("89.00"))


def test_a_long_list_is_read_page_by_page_and_each_item_once(sim, prices):
    for n in range(1100):
        sim.add_item(f"I{n}", list_price=n + 1)
    pages = prices.pages("STANDARD")
    assert len(next(pages).rows) == 1000
    sim.drop_price("I0")  # the pages show the list as it was
    assert len(next(pages).rows) == 102
    assert next(pages, None) is None
    found = prices.entries("STANDARD")
    assert (len(found.rows), found.faults) == (1101, ())


def test_a_page_that_comes_again_with_a_newer_price_gives_the_newer_one(site, told, kit):
    first = kit.listed(row("A", RowVersion=5), row("B", RowVersion=6), cursor="c")
    second = kit.listed(
        row("A", RowVersion=9, ListPrice="70"), row("B", RowVersion=4, ListPrice="1")
    )
    site.on(ENTRIES, first, second)
    assert listed_by(told.entries("STANDARD")) == {"A": Decimal(70), "B": Decimal("64.50")}


def test_some_items_are_asked_for_singly_and_many_by_the_whole_list(sim, prices):
    found = prices.entries_of("STANDARD", ["WLD-2", "MOON", "WLD-2"])
    assert listed_by(found) == {"WLD-2": Decimal("0.0499")}
    asked = sim.counts["GET /price_lists/{Code}/entries", 200]
    assert asked == 2
    many = [f"X{n}" for n in range(ONE_BY_ONE)]
    assert listed_by(prices.entries_of("STANDARD", ["WLD-1", *many])) == {"WLD-1": Decimal("64.50")}
    assert sim.counts["GET /price_lists/{Code}/entries", 200] == asked + 1


def test_promotions_have_a_first_and_a_last_day(sim, prices):
    sim.put_on_sale("WLD-1", "55.00", date(2026, 11, 27), date(2026, 11, 30))
    sim.put_on_sale("WLD-1", "50.00", date(2026, 12, 24))
    wire, _ = prices.entries("STANDARD").rows
    assert [(x.UnitPrice, x.Start, x.End) for x in wire.Promotions] == [
        (55, date(2026, 11, 27), date(2026, 11, 30)),
        (50, date(2026, 12, 24), None),
    ]
    days = (date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 30), date(2027, 1, 1))
    running = [[x.UnitPrice for x in wire.Promotions if x.holds(day)] for day in days]
    assert running == [[], [55], [55], [50]]


def test_contract_prices_are_those_of_the_customer(sim, prices):
    sim.add_customer("ACME/2")
    sim.set_contract_price("ACME/2", "WLD-1", "50.00", breaks={10: "48.00"})
    sim.set_contract_price("AMZ-US", "WLD-2", "0.0425", currency="CAD", end=date(2026, 12, 31))
    (ours,) = prices.contracts("AMZ-US").rows
    assert (ours.ItemNumber, ours.CurrencyCode, ours.UnitPrice, ours.End) == (
        "WLD-2", "CAD", Decimal("0.0425"), date(2026, 12, 31),
    )  # fmt: skip
    (theirs,) = prices.contracts("ACME/2").rows
    assert [(x.MinQty, x.UnitPrice) for x in theirs.QuantityBreaks] == [(10, 48)]
    assert prices.contracts("NOBODY").rows == ()


def test_discount_codes_are_read(sim, prices):
    sim.add_discount_code("D5", "5", stackable=True)
    sim.add_discount_code("TEN", "10", "amount", end=date(2026, 12, 31))
    rows = prices.discount_codes().rows
    assert [(x.DiscountCode, x.Type, x.Value, x.CurrencyCode, x.Stackable) for x in rows] == [
        ("D5", "percent", 5, None, True),
        ("TEN", "amount", 10, "USD", False),
    ]


# --- one bad row -----------------------------------------------------------------------------


@pytest.mark.parametrize("price", ["0.00", "-1.00"])
def test_a_price_of_zero_or_below_is_refused_alone_and_the_rest_is_read(sim, prices, price):
    sim.set_price("WLD-1", price)
    found = prices.entries("STANDARD")
    assert listed_by(found) == {"WLD-2": Decimal("0.0499")}
    (fault,) = found.faults
    assert (fault.item_number, fault.about) == ("WLD-1", "TIMS price list STANDARD: WLD-1")
    assert fault.what == f"ListPrice: {price} is not above zero"
    case = fault.error()
    assert (case.kind, case.about) == ("price-unusable", fault.about)
    assert "Correct the price in TIMS" in case.remedy


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"ListPrice": None}, "ListPrice: Field required"),
        ({"ListPrice": 64.5}, "ListPrice: is a float"),
        ({"ListPrice": "NaN"}, "ListPrice"),
        ({"ListPrice": "a lot"}, "ListPrice"),
        ({"FloorPrice": "0"}, "FloorPrice: 0 is not above zero"),
        ({"MapPrice": "-0.01"}, "MapPrice: -0.01 is not above zero"),
        ({"Cost": "-1"}, "Cost: -1 is below zero"),
        ({"Uom": None}, "Uom: Field required"),
        ({"CurrencyCode": None}, "CurrencyCode: Field required"),
        ({"CurrencyCode": "usd"}, "CurrencyCode: 'usd' is not a currency code"),
        ({"QuantityBreaks": [{"MinQty": "10", "UnitPrice": "0"}]}, "QuantityBreaks.0.UnitPrice"),
        ({"QuantityBreaks": [{"MinQty": "0", "UnitPrice": "9"}]}, "QuantityBreaks.0.MinQty"),
        (
            {
                "QuantityBreaks": [
                    {"MinQty": q, "UnitPrice": p} for q, p in (("10", "9"), ("10", "8"))
                ]
            },
            "QuantityBreaks: has two prices from 10",
        ),
        (
            {"PriceClassPrices": [{"PriceClass": "A", "UnitPrice": p} for p in ("9", "8")]},
            "PriceClassPrices: has two prices for class A",
        ),
        (
            {"Promotions": [{"UnitPrice": "9", "Start": "2026-12-02", "End": "2026-12-01"}]},
            "Promotions.0: ends on 2026-12-01, before it starts",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_row_that_is_no_price_is_named_and_the_rest_is_read(site, told, kit, more, what):
    site.on(ENTRIES, kit.listed(row("A"), row("BAD", **more), row("Z")))
    found = told.entries("STANDARD")
    assert list(listed_by(found)) == ["A", "Z"]
    (fault,) = found.faults
    assert fault.item_number == "BAD"
    assert fault.what.startswith(what)


def test_a_row_that_is_not_even_an_object_is_named_too(site, told, kit):
    site.on(ENTRIES, kit.listed(row("A"), None, row(None)))
    found = told.entries("STANDARD")
    assert list(listed_by(found)) == ["A"]
    assert [x.about for x in found.faults] == ["TIMS price list STANDARD: a row without a name"] * 2


def test_faults_of_other_items_are_not_told_when_some_are_asked_for(site, told, kit):
    bad = [row(f"X{n}", ListPrice="0") for n in range(3)]
    site.on(ENTRIES, kit.listed(*bad, row("A")))
    found = told.entries_of("STANDARD", ["A", "X1", *(f"Y{n}" for n in range(ONE_BY_ONE))])
    assert ([*listed_by(found)], [x.item_number for x in found.faults]) == (["A"], ["X1"])


def test_breaks_come_in_order_whatever_order_they_are_sent_in(site, told, kit):
    breaks = [{"MinQty": q, "UnitPrice": p} for q, p in (("100", "7"), ("9", "9"), ("10", "8"))]
    site.on(ENTRIES, kit.listed(row(QuantityBreaks=[*breaks, breaks[0]])))
    (entry,) = told.entries("STANDARD").rows
    assert [x.MinQty for x in entry.QuantityBreaks] == [9, 10, 100]
    assert (entry.PriceListCode, entry.Promotions) == ("STANDARD", ())


def test_a_bad_contract_and_a_bad_discount_code_are_named(site, told, kit):
    terms = {"CustomerCode": "C", "Uom": "EA", "CurrencyCode": "USD"}
    site.on(
        "GET /api/v1/contract_prices",
        kit.listed(
            {**terms, "ItemNumber": "A", "UnitPrice": "1"},
            {**terms, "ItemNumber": "A", "UnitPrice": "2", "CustomerCode": "ANOTHER"},
            {**terms, "ItemNumber": "B", "UnitPrice": "0"},
        ),
    )
    found = told.contracts("C")
    assert ([x.ItemNumber for x in found.rows], found.faults[0].item_number) == (["A"], "B")
    assert found.faults[0].about == "TIMS contract prices of C: B"
    site.on(
        "GET /api/v1/discount_codes",
        kit.listed({"DiscountCode": "D", "Type": "percent", "Value": "0"}),
    )
    assert told.discount_codes().faults == (
        PriceFault("TIMS discount codes: D", "", "Value: 0 is not above zero"),
    )


def test_a_page_cut_off_on_its_way_is_asked_for_again_later(sim, prices):
    sim.faults.load(
        [{"fault": "malformed_json", "operations": ["GET /price_lists/{Code}/entries"]}]
    )
    with pytest.raises(TryAgain):
        prices.entries("STANDARD")


def test_a_list_that_is_not_there_is_a_persons_case(prices):
    with pytest.raises(NeedsPerson, match="Price list MOON is not on file"):
        prices.entries("MOON")


# --- what a customer would pay ---------------------------------------------------------------


def source(quote):
    return quote.Lines[0].PriceSource, quote.Lines[0].UnitPrice


def test_contract_before_promotion_before_class_before_break_before_list(sim, prices):
    sim.add_customer("INDUSTRY", PriceClass="INDUSTRIAL")
    query = a_query().model_copy(update={"CustomerCode": "INDUSTRY"})
    sim.set_contract_price("INDUSTRY", "WLD-1", "63.00")
    sim.put_on_sale("WLD-1", "62.00")
    assert source(prices.quote(query)) == ("contract", 63)
    sim.drop_contract_price("INDUSTRY", "WLD-1")
    assert source(prices.quote(query)) == ("promotion", 62)
    sim.end_sales("WLD-1")
    assert source(prices.quote(query)) == ("price_class", 55)
    assert source(prices.quote(a_query())) == ("quantity_break", 61)
    sim.set_price("WLD-1", "64.50", breaks={})
    assert source(prices.quote(a_query())) == ("list", Decimal("64.50"))


def test_a_quote_answers_line_by_line_in_the_currency_asked_for(sim, prices):
    quote = prices.quote(a_query("WLD-2", "WLD-1", Date=date(2026, 12, 1)))
    assert [(x.ItemNumber, str(x.UnitPrice)) for x in quote.Lines] == [
        ("WLD-2", "0.0499"),
        ("WLD-1", "61.00"),
    ]
    assert (quote.Date, quote.CurrencyCode) == (date(2026, 12, 1), "USD")
    assert [x.MinQty for x in quote.Lines[1].Breaks] == [10, 50]
    with pytest.raises(NeedsPerson, match="no price in CAD") as caught:
        prices.quote(a_query(CurrencyCode="CAD"))
    assert "Enter a price" in caught.value.remedy


def test_a_quote_of_nothing_is_nobodys_price(sim, prices):
    sim.set_price("WLD-2", "0.00")
    with pytest.raises(NeedsPerson, match="WLD-2: UnitPrice: 0.00 is not above zero") as caught:
        prices.quote(a_query("WLD-1", "WLD-2"))
    assert caught.value.kind == "price-unusable"


@pytest.mark.parametrize("change", [{"Lines": []}, {"CurrencyCode": "CAD"}])
def test_an_answer_to_another_question_is_not_taken(site, told, kit, change):
    line = {
        "ItemNumber": "WLD-1",
        "Uom": "EA",
        "Qty": "25",
        "UnitPrice": "1",
        "PriceSource": "list",
    }
    said = {"CustomerCode": "C", "Date": "2026-12-01", "CurrencyCode": "USD", "Lines": [line]}
    site.on("POST /api/v1/price_quotes", kit.ok({**said, **change}))
    with pytest.raises(Defect):
        told.quote(a_query(CurrencyCode="USD"))

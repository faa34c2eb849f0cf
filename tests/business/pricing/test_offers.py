"""From TIMS's prices to Amazon's offers: every rule, and what keeps a price from being known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.pricing.model import (
    PUBLIC,
    AudienceRule,
    Break,
    Entry,
    Floor,
    Kind,
    Priced,
    PriceOffer,
    Quoted,
    Rule,
    Sale,
    Source,
)
from crossdock.business.pricing.offers import MOST_TIERS, price
from crossdock.business.pricing.rounding import Rounding
from crossdock.business.pricing.rules import Rules
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.money import Money

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LIST, INDUSTRIAL = Source(Kind.LIST), Source(Kind.CLASS, "INDUSTRIAL")
ENTRY = Entry(
    "USD", Quoted(Decimal("10.00"), (Break(Decimal(10), Decimal("9.50")), Break(Decimal(50), Decimal("9.00"))), "TIMS list"),
    cost=Decimal("6.00"), classes={"INDUSTRIAL": Quoted(Decimal("9.00"), (Break(Decimal(25), Decimal("8.80")),), "class")},
)  # fmt: skip


def a_sku(entry: Entry | None = ENTRY, units: object = 1, currency: str = "USD") -> Priced:
    shop = "A1VC38T7YXB528" if currency == "JPY" else "ATVPDKIKX0DER"
    return Priced(
        "TIP", shop, currency, "WLD-2", Decimal(str(units)), entry, source="skus.csv line 2"
    )


def a_rule(source: Source = LIST, *, public: AudienceRule | None = None, **more: object) -> Rule:
    audiences = {PUBLIC: public or AudienceRule(source), **more.pop("others", {})}  # type: ignore[dict-item]
    return Rule(("*",), audiences, where="prices.yaml line 4", **more)  # type: ignore[arg-type]


def asked(rule: Rule, one: Priced | None = None, now: datetime = NOW) -> PriceOffer:
    return price(one or a_sku(), rule, now)


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def kind_of(rule: Rule, one: Priced) -> str:
    with pytest.raises(NeedsPerson) as caught:
        price(one, rule, NOW)
    assert caught.value.remedy
    assert "TIP" in caught.value.about
    return caught.value.kind


def test_the_list_price_is_what_everybody_pays() -> None:
    found = asked(a_rule())
    assert (found.public.price, found.offers, found.floor) == (usd("10.00"), (found.public,), None)


def test_a_share_and_an_amount_are_added_to_a_whole_pack_and_made_round() -> None:
    rule = a_rule(public=AudienceRule(LIST, Decimal("0.03"), Decimal("1.50")))
    assert asked(rule, a_sku(units=4)).public.price == usd("42.70")  # 40 x 1.03 + 1.50
    ending = replace(rule, rounding=Rounding(Decimal(1), Decimal("0.99")))
    assert asked(ending, a_sku(units=4)).public.price == usd("42.99")


def test_a_pack_that_reaches_a_break_costs_what_so_many_units_cost() -> None:
    assert asked(a_rule(), a_sku(units=25)).public.price == usd("237.50")


def test_breaks_become_tiers_in_packs_each_cheaper_than_the_one_before() -> None:
    rule = a_rule(public=AudienceRule(LIST, tiers=True))
    assert [(t.packs, t.price) for t in asked(rule).public.tiers] == [
        (10, usd("9.50")), (50, usd("9.00")),
    ]  # fmt: skip
    assert [(t.packs, t.price) for t in asked(rule, a_sku(units=20)).public.tiers] == [
        (3, usd("180.00")),  # the pack itself reaches the first break
    ]


def test_businesses_pay_their_class_and_never_more_than_everybody() -> None:
    others = {"B2B": AudienceRule(INDUSTRIAL, tiers=True)}
    found = asked(a_rule(others=others))
    assert [(o.audience, o.price) for o in found.offers] == [
        ("ALL", usd("10.00")), ("B2B", usd("9.00")),
    ]  # fmt: skip
    assert [(t.packs, t.price) for t in found.offers[1].tiers] == [(25, usd("8.80"))]
    dear = {"B2B": AudienceRule(INDUSTRIAL, Decimal("0.5"))}
    assert asked(a_rule(others=dear)).offers[1].price == usd("10.00")


def test_a_contract_prices_an_audience_of_an_industry() -> None:
    contract = Source(Kind.CONTRACT, "BIGSKY")
    rule = a_rule(others={"B2B_INDUSTRIAL": AudienceRule(contract)})
    one = replace(a_sku(), contracts={"BIGSKY": Quoted(Decimal("8.25"), (), "contract")})
    assert asked(rule, one).offers[1].price == usd("8.25")
    assert kind_of(rule, a_sku()) == "price-missing"


@pytest.mark.parametrize(("one", "kind"), [
    (a_sku(None), "price-missing"),
    (a_sku(replace(ENTRY, currency="CAD")), "price-currency"),
    (a_sku(replace(ENTRY, classes={})), "price-missing"),
])  # fmt: skip
def test_what_is_not_known_is_a_question(one: Priced, kind: str) -> None:
    assert kind_of(a_rule(INDUSTRIAL), one) == kind


# --- floors and the MAP price


def test_the_floor_is_cost_fees_freight_and_margin_and_tims_own() -> None:
    floor = Floor(Decimal("0.10"), Decimal("0.15"), Decimal("0.99"), Decimal("0.51"))
    found = asked(a_rule(floor=floor))
    assert found.floor == usd("10.00")  # (6 + 0.99 + 0.51) / 0.75
    higher = replace(ENTRY, floor=Decimal("10.00"), listed=Quoted(Decimal("10.00")))
    assert asked(a_rule(floor=floor), a_sku(higher)).floor == usd("10.00")
    told = {term.what: term.value for term in found.terms}
    assert told["left after fees and cost"] == "1.00, 10.0 %"
    rule = "prices.yaml line 4"
    assert [(t.what, t.value, t.source) for t in found.terms[:5]] == [
        ("  cost of a pack", "6", "TIMS, cost of the item"),
        ("  Amazon's fees", "+15 % +0.99", rule), ("  freight", "+0.51", rule),
        ("  margin", "+10 %", rule), ("floor by the rule", "10.00", rule),
    ]  # fmt: skip


def test_a_floor_of_tims_names_tims_and_not_the_rule() -> None:
    one = a_sku(replace(ENTRY, floor=Decimal("4.00")))
    (term,) = [t for t in asked(a_rule(), one).terms if "floor" in t.what]
    assert (term.what, term.value, term.source) == ("floor of TIMS", "4.00", ENTRY.listed.source)
    both = asked(a_rule(floor=Floor(uses_cost=False, fee=Decimal(1))), one)
    assert [(t.what, t.value) for t in both.terms if "floor" in t.what] == [
        ("floor of TIMS", "4.00"), ("floor by the rule", "1.00"), ("floor", "4.00"),
    ]  # fmt: skip


def test_a_price_below_the_floor_shows_how_the_floor_came_about() -> None:
    with pytest.raises(NeedsPerson) as caught:
        asked(a_rule(floor=Floor(margin=Decimal("0.5"))), a_sku())
    assert "cost of a pack: 6 (TIMS, cost of the item)" in caught.value.evidence["terms"]


def test_a_price_below_the_floor_asks_or_is_raised() -> None:
    floor = Floor(margin=Decimal("0.5"))
    assert kind_of(a_rule(floor=floor), a_sku()) == "price-below-floor"
    raised = asked(a_rule(floor=floor, raises_to_floor=True))
    assert raised.public.price == usd("12.00")
    no_cost = a_sku(replace(ENTRY, cost=None))
    assert kind_of(a_rule(floor=floor), no_cost) == "price-cost-missing"
    assert asked(a_rule(floor=Floor(fee=Decimal(1), uses_cost=False)), no_cost).floor == usd("1.00")


def test_a_tier_below_the_floor_asks_too() -> None:
    one = a_sku(replace(ENTRY, floor=Decimal("9.20")))
    rule = a_rule(public=AudienceRule(LIST, tiers=True))
    assert kind_of(rule, one) == "price-below-floor"
    kept = asked(replace(rule, raises_to_floor=True), one).public.tiers
    assert [(t.packs, t.price) for t in kept] == [(10, usd("9.50")), (50, usd("9.20"))]


def test_what_everybody_sees_is_not_below_the_map_price() -> None:
    one = a_sku(replace(ENTRY, map_price=Decimal("10.40")))
    business = {"B2B": AudienceRule(INDUSTRIAL)}
    found = asked(a_rule(others=business), one)
    assert [o.price for o in found.offers] == [usd("10.40"), usd("9.00")]
    assert asked(a_rule(keeps_map=False), one).public.price == usd("10.00")


# --- sales and bounds


def a_sale(price_: str, start: int = -1, end: int = 1) -> Sale:
    return Sale(
        Decimal(price_), NOW + timedelta(days=start), NOW + timedelta(days=end), "promotion"
    )


def test_the_sale_that_is_on_or_the_next_one_is_told() -> None:
    entry = replace(ENTRY, sales=(a_sale("7", 5, 9), a_sale("8", -9, -5), a_sale("9", 2, 4)))
    found = asked(a_rule(), a_sku(entry)).public
    assert found.discount is not None
    assert (found.discount.price, found.now(NOW)) == (usd("9"), usd("10.00"))
    assert found.now(NOW + timedelta(days=3)) == usd("9")
    assert asked(a_rule(follows_sales=False), a_sku(entry)).public.discount is None


def test_of_two_sales_that_are_on_the_cheaper_counts() -> None:
    entry = replace(ENTRY, sales=(a_sale("8", -5, 9), a_sale("7", -1, 2), a_sale("6", 3, 4)))
    discount = asked(a_rule(), a_sku(entry)).public.discount
    assert discount is not None
    assert discount.price == usd("7.00")


def test_a_sale_that_is_not_cheaper_is_none_and_one_below_the_map_price_is_raised() -> None:
    dear = replace(ENTRY, sales=(a_sale("10"),))
    assert asked(a_rule(), a_sku(dear)).public.discount is None
    cheap = replace(ENTRY, sales=(a_sale("5"),), map_price=Decimal("8"))
    discount = asked(a_rule(), a_sku(cheap)).public.discount
    assert discount is not None
    assert discount.price == usd("8.00")


def test_a_sale_below_the_floor_asks() -> None:
    entry = replace(ENTRY, sales=(a_sale("5"),), floor=Decimal("6"))
    assert kind_of(a_rule(), a_sku(entry)) == "price-below-floor"


def test_amazon_is_told_the_bounds_and_they_hold_price_and_sale() -> None:
    entry = replace(ENTRY, sales=(a_sale("8"),), floor=Decimal("7.90"))
    found = asked(a_rule(below=Decimal("0.1"), above=Decimal("0.25")), a_sku(entry)).public
    assert (found.minimum, found.maximum) == (usd("7.90"), usd("12.50"))
    assert asked(a_rule()).public.minimum is None


def test_yen_have_no_decimals() -> None:
    entry = Entry("JPY", Quoted(Decimal("1234.5")))
    assert asked(a_rule(), a_sku(entry, currency="JPY")).public.price == Money(Decimal(1235), "JPY")


# --- which rule


def test_the_first_rule_that_fits_decides_by_name_class_and_brand() -> None:
    exact = replace(a_rule(), patterns=("tip",), where="1")
    gloves = replace(a_rule(), classes=("PPE",), where="2")
    branded = replace(a_rule(), patterns=("W*",), brands=("Lincoln",), where="3")
    rules = Rules([exact, gloves, branded])
    found = [rules.find("TIP"), rules.find("GLOVE", "ppe"), rules.find("WIRE", "x", "lincoln"),
             rules.find("WIRE", "x", "other")]  # fmt: skip
    assert [r.where if r else None for r in found] == ["1", "2", "3", None]


def test_a_thousand_rules_for_one_sku_each_are_found_in_their_order() -> None:
    rows = [replace(a_rule(), patterns=(f"S-{n}",), where=str(n)) for n in range(1000)]
    rules = Rules([*rows, replace(a_rule(), where="rest"), replace(rows[5], where="too late")])
    assert [rules.find(s).where for s in ("S-5", "s-999", "X")] == ["5", "999", "rest"]  # type: ignore[union-attr]


# --- properties

AMOUNTS = st.decimals("0.01", "5000", places=4)
ROUNDINGS = st.sampled_from(
    [
        Rounding(),
        Rounding(Decimal("0.05")),
        Rounding(Decimal(1), Decimal("0.99")),
        Rounding(Decimal(10), Decimal("9.99")),
    ]
)


@given(amount=AMOUNTS, rounding=ROUNDINGS)
def test_round_prices_are_round_and_near(amount: Decimal, rounding: Rounding) -> None:
    step = rounding.step or Decimal("0.01")
    up, near = rounding.up(amount, "USD"), rounding.nearest(amount, "USD")
    for found in (up, near):
        assert found.amount > 0
        assert (found.amount - rounding.ending) % step == 0
    assert amount <= up.amount < amount + step or up.amount <= step + rounding.ending
    assert abs(near.amount - amount) <= step / 2 or near.amount <= step + rounding.ending


@given(
    listed=AMOUNTS, units=st.integers(1, 40), breaks=st.lists(st.tuples(st.integers(2, 200), AMOUNTS), max_size=9),
    business=AMOUNTS, floor=AMOUNTS, map_price=st.none() | AMOUNTS, sale=st.none() | AMOUNTS,
    share=st.decimals("-0.5", "0.5", places=2), rounding=ROUNDINGS, raises=st.booleans(),
)  # fmt: skip
def test_nobody_ever_pays_less_than_the_floor_and_more_packs_are_cheaper(
    listed: Decimal, units: int, breaks: list[tuple[int, Decimal]], business: Decimal, floor: Decimal,
    map_price: Decimal | None, sale: Decimal | None, share: Decimal, rounding: Rounding, raises: bool,
) -> None:  # fmt: skip
    quoted = Quoted(listed, tuple(Break(Decimal(n), p) for n, p in breaks))
    sales = (a_sale(str(sale)),) if sale is not None else ()
    entry = Entry(
        "USD", quoted, None, map_price, floor, {"B": Quoted(business, quoted.breaks)}, sales
    )
    rule = a_rule(
        public=AudienceRule(LIST, share, tiers=True), rounding=rounding, raises_to_floor=raises,
        others={"B2B": AudienceRule(Source(Kind.CLASS, "B"), tiers=True)},
        below=Decimal("0.2"), above=Decimal("0.2"),
    )  # fmt: skip
    try:
        found = price(a_sku(entry, units), rule, NOW)
    except NeedsPerson as error:
        assert error.kind == "price-below-floor"
        assert not raises
        return
    least = floor * units
    assert found.lowest.amount >= least
    if map_price is not None:
        assert found.public.now(NOW).amount >= map_price * units
    for offer in found.offers:
        prices = [offer.price, *(t.price for t in offer.tiers)]
        packs = [1, *(t.packs for t in offer.tiers)]
        assert prices == sorted(set(prices), reverse=True)
        assert packs == sorted(set(packs))
        assert len(offer.tiers) <= MOST_TIERS
        assert offer.price.amount <= found.public.price.amount
    assert found.public.minimum is not None
    assert found.public.maximum is not None
    paid = found.public.now(NOW).amount
    assert found.public.minimum.amount <= paid <= found.public.maximum.amount

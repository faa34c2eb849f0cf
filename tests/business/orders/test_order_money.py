"""Money of an order: to the coin, whatever Amazon's amounts, packs and discounts are."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.orders.model import Amounts, Line
from crossdock.business.orders.prices import extensions, spread
from crossdock.business.orders.rules import draft
from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.money import Money, digits_of
from tests.business.orders.order_builders import TERMS, a_line, amounts, an_order, unhurried, usd

currencies = st.sampled_from(["USD", "EUR", "JPY"])
coins = st.integers(min_value=0, max_value=5_000_000)
packs = st.integers(min_value=1, max_value=60)
sizes = st.sampled_from([1, 2, 3, 5, 6, 7, 10, 12, 24, 25, 50, 100])


def money_of(coins: int, currency: str) -> Money:
    return Money(Decimal(coins).scaleb(-digits_of(currency)), currency)


@unhurried
@given(coins, packs, sizes, currencies)
def test_unit_prices_come_to_the_line_total_and_every_extension_is_whole_coins(
    amount, packs, size, currency
):
    goods = money_of(amount, currency)
    groups = extensions(goods, packs, size)

    assert len(groups) <= 2
    assert sum(group.units for group in groups) == packs * size
    assert all(group.amount == Money(group.unit_price * group.units, currency) for group in groups)
    assert all(group.amount.is_whole_coins and group.units > 0 for group in groups)
    assert sum((group.amount.amount for group in groups), Decimal(0)) == goods.amount
    assert all(-group.unit_price.as_tuple().exponent <= 4 for group in groups)


@unhurried
@given(coins, packs, sizes, currencies, st.fractions(min_value=0, max_value=1))
def test_a_discount_is_spread_in_whole_coins_and_never_exceeds_a_group(
    amount, packs, size, currency, part
):
    discount = money_of(int(amount * part), currency)
    groups = extensions(money_of(amount, currency), packs, size)
    shares = spread(discount, groups)

    assert sum((share.amount for share in shares), Decimal(0)) == discount.amount
    assert all(share.is_whole_coins for share in shares)
    assert all(
        share.amount <= group.amount.amount for share, group in zip(shares, groups, strict=True)
    )


@st.composite
def tied_lines(draw, currency: str, *, included: bool, by_marketplace: bool):
    item = draw(coins)
    shipping, wrap = draw(st.integers(0, 5000)), draw(st.integers(0, 500))
    off_item = draw(st.integers(0, item))
    off_shipping = draw(st.integers(0, shipping))
    taxes = [
        draw(st.integers(0, most // 4)) for most in (item - off_item, shipping - off_shipping, wrap)
    ]
    tax = sum(taxes)
    total = item + shipping + wrap - off_item - off_shipping + (0 if included else tax)
    coin = lambda amount: money_of(amount, currency)  # noqa: E731
    return Line(
        item_id=str(draw(st.integers(10**13, 10**14 - 1))),
        quantity=draw(packs),
        sku="A",
        item_number="T",
        uom="EA",
        units_per_pack=draw(sizes),
        tax_collection="MARKETPLACE_FACILITATOR" if by_marketplace else None,
        amounts=Amounts(
            total=coin(total),
            item=coin(item),
            shipping=coin(shipping) if shipping else None,
            gift_wrap=coin(wrap) if wrap else None,
            tax=coin(tax) if tax else None,
            tax_on_item=coin(taxes[0]) if taxes[0] else None,
            tax_on_shipping=coin(taxes[1]) if taxes[1] else None,
            tax_on_gift_wrap=coin(taxes[2]) if taxes[2] else None,
            discount=coin(off_item + off_shipping) if off_item + off_shipping else None,
            discount_on_item=coin(off_item) if off_item else None,
            discount_on_shipping=coin(off_shipping) if off_shipping else None,
        ),
    )


@st.composite
def tied_orders(draw):
    currency, included, by_marketplace = draw(currencies), draw(st.booleans()), draw(st.booleans())
    line = tied_lines(currency, included=included, by_marketplace=by_marketplace)
    lines = draw(st.lists(line, min_size=1, max_size=4, unique_by=lambda one: one.item_id))
    collector = "marketplace" if by_marketplace else "seller"
    terms = replace(TERMS, prices_include_tax=included, tax_collected_by=collector)
    return an_order(*lines), terms


@unhurried
@given(tied_orders())
def test_what_tims_comes_to_and_the_marketplaces_tax_are_amazons_grand_total(made):
    order, terms = made
    result = draft(order, terms)

    by_hand = sum(
        (
            line.quantity * line.unit_price - line.discount + line.tax
            + sum((charge.amount for charge in line.charges), Decimal(0))
            for line in result.lines
        ),
        Decimal(0),
    )  # fmt: skip
    assert by_hand == result.total
    assert result.total + result.marketplace_tax == order.total.amount
    if result.tax_collected_by == "marketplace":
        assert all(line.tax == 0 for line in result.lines)


@unhurried
@given(tied_orders(), st.integers(min_value=-50, max_value=50).filter(bool))
def test_a_grand_total_that_is_a_few_coins_off_stops_before_anything_is_written(made, off):
    order, terms = made
    wrong = order.total + money_of(off, order.total.currency)

    with pytest.raises(NeedsPerson) as stopped:
        draft(replace(order, total=wrong), terms)
    assert stopped.value.kind == "total-does-not-tie"


def test_three_packs_for_ten_dollars_become_two_lines_a_cent_apart():
    result = draft(an_order(a_line("10.00", quantity=3)), TERMS)

    assert [(line.quantity, line.unit_price) for line in result.lines] == [
        (Decimal(2), Decimal("3.33")),
        (Decimal(1), Decimal("3.34")),
    ]
    assert [line.ref for line in result.lines] == ["05015851154158", "05015851154158#2"]


def test_a_pack_of_ten_keeps_one_line_when_four_decimals_are_enough():
    result = draft(an_order(a_line("19.99", units_per_pack=10)), TERMS)

    assert [(line.quantity, line.unit_price) for line in result.lines] == [
        (Decimal(10), Decimal("1.999"))
    ]
    assert result.lines[0].ref == "05015851154158#1x10"


def test_packs_are_split_between_packs_not_inside_one():
    result = draft(an_order(a_line("100.00", quantity=3, units_per_pack=10)), TERMS)

    assert [(line.quantity, line.unit_price) for line in result.lines] == [
        (Decimal(20), Decimal("3.333")),
        (Decimal(10), Decimal("3.334")),
    ]


def test_the_tax_that_amazon_collects_is_not_taxed_again_in_tims():
    order = an_order(a_line(money=amounts("50.00", tax="4.00", tax_on_item="4.00")))
    result = draft(order, TERMS)

    assert result.tax_collected_by == "marketplace"
    assert (result.total, result.marketplace_tax) == (Decimal("50.00"), Decimal("4.00"))
    assert [line.tax for line in result.lines] == [Decimal("0.00")]


def test_tax_that_the_seller_collects_stands_on_the_line():
    order = an_order(a_line(money=amounts("50.00", tax="4.00", tax_on_item="4.00")))
    result = draft(order, replace(TERMS, tax_collected_by="seller"))

    assert result.tax_collected_by == "tims"
    assert [line.tax for line in result.lines] == [Decimal("4.00")]
    assert result.total == Decimal("54.00")


def test_tax_inside_the_price_is_taken_out_where_prices_include_tax():
    money = amounts("11.90", tax="1.90", tax_on_item="1.90", currency="EUR", tax_included=True)
    terms = replace(TERMS, prices_include_tax=True, tax_collected_by="seller")
    result = draft(an_order(a_line(money=money)), terms)

    assert [(line.unit_price, line.tax) for line in result.lines] == [
        (Decimal("10.00"), Decimal("1.90"))
    ]
    assert result.total == Decimal("11.90")


def test_tax_inside_the_price_is_a_case_where_prices_exclude_tax():
    money = amounts("11.90", tax="1.90", tax_on_item="1.90", tax_included=True)

    with pytest.raises(NeedsPerson, match=r"come to 13\.80 USD, Amazon says 11\.90 USD"):
        draft(an_order(a_line(money=money)), TERMS)


def test_a_shipping_discount_comes_off_the_freight_and_not_off_the_goods():
    money = amounts(
        "40.00", shipping="9.99", gift_wrap="3.50", discount="7.00",
        discount_on_item="4.00", discount_on_shipping="3.00",
    )  # fmt: skip
    line = draft(an_order(a_line(money=money)), TERMS).lines[0]

    assert line.discount == Decimal("4.00")
    assert [(charge.kind, charge.amount) for charge in line.charges] == [
        ("freight", Decimal("6.99")),
        ("gift_wrap", Decimal("3.50")),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (a_line(money=Amounts(total=usd("5"))), "does not say the item amount"),
        (a_line(money=Amounts(item=usd("5"))), "does not say what it brings"),
        (
            a_line(money=amounts("9.00", shipping="4.00", discount="2.00")),
            "whether 2.00 USD is off the goods or the shipping",
        ),
        (
            a_line(money=amounts("9.00", discount="2.00", discount_on_item="1.00")),
            "parts of the discount do not come to",
        ),
        (
            a_line(
                money=amounts("1.00", discount="2.00", discount_on_item="2.00", shipping="5.00")
            ),
            "discount of 2.00 USD is more than the goods",
        ),
        (a_line(money=amounts("9.005")), "finer than the smallest coin"),
    ],
    ids=["no item amount", "no total", "whose discount", "parts", "too much", "fraction"],
)
def test_amounts_that_leave_a_question_open_are_asked_and_never_guessed(line, words):
    with pytest.raises(NeedsPerson) as stopped:
        draft(an_order(line, total=usd("7.00")), TERMS)
    assert stopped.value.kind == "total-does-not-tie"
    assert words in str(stopped.value)


def test_tax_of_which_nobody_says_who_collects_it_is_asked():
    order = an_order(a_line(money=amounts("50.00", tax="4.00", tax_on_item="4.00")))

    with pytest.raises(NeedsPerson, match="who collects the tax"):
        draft(order, replace(TERMS, tax_collected_by=None))


def test_the_example_of_the_readme_is_true():
    money = amounts(
        "28.99", shipping="9.99", tax="2.10", tax_on_item="1.50", tax_on_shipping="0.60"
    )
    order = an_order(a_line(quantity=3, units_per_pack=10, money=money))
    result = draft(order, TERMS)

    assert [(line.quantity, line.unit_price) for line in result.lines] == [
        (Decimal(20), Decimal("0.966")),
        (Decimal(10), Decimal("0.967")),
    ]
    assert (result.total, result.marketplace_tax) == (Decimal("38.98"), Decimal("2.10"))
    assert order.total == usd("41.08")

"""What Amazon kept, summed by SKU, beside what a floor reckons with."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.business.pricing.fees import LEAST_UNITS, OTHER, PRICE, REFERRAL, Charged, kept_of
from crossdock.business.pricing.model import Floor
from crossdock.kernel.money import Money

US = "ATVPDKIKX0DER"


def charged(
    what: str, text: str, packs: int = 0, sku: str = "TIP", currency: str = "USD"
) -> Charged:
    return Charged(sku, US, what, Money(Decimal(text), currency), packs)


def sales(packs: int) -> list[Charged]:
    """At 20.00 each, with 17 % and 0.30 each."""
    many = Decimal(packs)
    return [
        charged(PRICE, str(20 * many), packs), charged(REFERRAL, str(Decimal("-3.40") * many)),
        charged(OTHER, str(Decimal("-0.30") * many)),
    ]  # fmt: skip


def test_shares_and_fixed_fees_are_what_the_sales_paid_on_average() -> None:
    (kept,) = kept_of(sales(10))
    assert (kept.packs, kept.price.text, kept.share, kept.each.text) == (
        10, "20.00", Decimal("0.1700"), "0.30",
    )  # fmt: skip
    assert kept.above(Floor(fee_share=Decimal("0.15"))).text == "0.70"
    assert kept.too_low(Floor(fee_share=Decimal("0.15")))
    assert not kept.too_low(Floor(fee_share=Decimal("0.17"), fee=Decimal("0.30")))
    assert kept.above(Floor(fee_share=Decimal("0.20"))).text == "-0.30"
    assert kept.too_low(None)


def test_a_few_sales_tell_nothing() -> None:
    (kept,) = kept_of(sales(LEAST_UNITS - 1))
    assert not kept.enough
    assert not kept.too_low(Floor())


@pytest.mark.parametrize("rows", [
    [charged(REFERRAL, "-1.00")],  # its sale is in another settlement
    [charged(PRICE, "0.00", 3), charged(REFERRAL, "-1.00")],
])  # fmt: skip
def test_without_a_sale_there_is_no_share(rows: list[Charged]) -> None:
    assert kept_of(rows) == []


def test_currencies_and_skus_are_never_added_together() -> None:
    rows = [
        *sales(10),
        charged(PRICE, "5.00", 1, sku="ROD"),
        charged(PRICE, "9.00", 1, currency="CAD"),
    ]
    assert [(k.sku, k.currency, k.sold) for k in kept_of(rows)] == [
        ("ROD", "USD", Decimal(5)), ("TIP", "CAD", Decimal(9)), ("TIP", "USD", Decimal(200)),
    ]  # fmt: skip


@given(st.permutations(sales(10) + sales(3)))
def test_the_order_of_lines_and_files_changes_nothing(rows: list[Charged]) -> None:
    assert kept_of(rows) == kept_of(sales(13))

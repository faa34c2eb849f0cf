"""Money adds up, whatever is divided."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.kernel.money import CurrencyMismatch, Money, total

cents = st.integers(-(10**9), 10**9)
currencies = st.sampled_from(["USD", "EUR", "JPY"])


def money(minor: int, currency: str) -> Money:
    return Money(Decimal(minor).scaleb(0 if currency == "JPY" else -2), currency)


@given(cents, currencies, st.integers(1, 50))
def test_equal_shares_add_up_and_differ_by_a_coin_at_most(
    minor: int, currency: str, parts: int
) -> None:
    whole = money(minor, currency)
    shares = whole.divided(parts)
    assert total(shares) == whole
    assert all(share.is_whole_coins for share in shares)
    assert max(s.minor for s in shares) - min(s.minor for s in shares) <= 1


@given(cents, currencies, st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_weighted_shares_add_up(minor: int, currency: str, weights: list[int]) -> None:
    whole = money(minor, currency)
    if not any(weights):
        with pytest.raises(ValueError, match="positive weight"):
            whole.shared(weights)
        return
    shares = whole.shared(weights)
    assert total(shares) == whole
    assert all(share.is_whole_coins for share in shares)
    assert all(not share for share, weight in zip(shares, weights, strict=True) if weight == 0)


@given(cents, currencies)
def test_text_and_minor_units_go_there_and_back(minor: int, currency: str) -> None:
    whole = money(minor, currency)
    assert Money.parse(whole.text, currency) == whole
    assert whole.minor == minor


def test_ten_dollars_by_three_is_three_thirty_four_once() -> None:
    shares = Money.parse("10.00", "USD").divided(3)
    assert [s.text for s in shares] == ["3.34", "3.33", "3.33"]


def test_yen_have_no_decimals() -> None:
    assert [s.text for s in Money.parse("100", "JPY").divided(3)] == ["34", "33", "33"]


def test_finer_amounts_keep_their_decimals_and_are_no_whole_coins() -> None:
    fine = Money.parse("0.0375", "USD")
    assert fine.text == "0.0375"
    assert not fine.is_whole_coins
    with pytest.raises(ValueError, match="finer"):
        _ = fine.minor


@pytest.mark.parametrize("bad", ["", "abc", "NaN", "Infinity", "1,00"])
def test_text_that_is_no_amount_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        Money.parse(bad, "USD")


def test_floats_are_refused() -> None:
    with pytest.raises(ValueError, match="float"):
        Money.parse(19.99, "USD")  # type: ignore[arg-type]


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        Money.parse("1", "USD") + Money.parse("1", "EUR")


def test_the_sum_of_nothing_needs_a_currency() -> None:
    assert total([], "USD") == Money.zero("USD")
    with pytest.raises(ValueError, match="currency"):
        total([])

"""The functions that rows and expressions may name."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.kernel.money import Money
from crossdock.lang.calling import called_with, refusal
from crossdock.lang.functions import (
    FUNCTIONS,
    Function,
    Unfit,
    Unsuitable,
    as_function,
    find_function,
)
from tests.lang.goods import Amount, nothing_for

CET = datetime.fromisoformat("2026-11-23T23:30:00+01:00")


@pytest.mark.parametrize(
    ("name", "given_values", "answer"),
    [
        ("trim", ("  a \t b ",), "a b"),
        ("clip", ("abcdef", 3), "abc"),
        ("clip", ("ab cd", 3), "ab"),
        ("clip", ("ab", -1), ""),
        ("join_words", ("Ann", None, " ", " Lee "), "Ann Lee"),
        ("given_name", ("Ann Maria Lee",), "Ann Maria"),
        ("given_name", ("Lee",), ""),
        ("family_name", (" Ann Lee ",), "Lee"),
        ("part", ("a-b-c", "-", 2), "b"),
        ("part", ("abc", "", 1), "abc"),
        ("pad_left", ("7", 3, "0"), "007"),
        ("pad_left", ("7", 3, ""), "  7"),
        ("replace", ("a-b", "-", "+"), "a+b"),
        ("replace", ("ab", "", "+"), "ab"),
        ("digits", ("+1 (555) 01",), "155501"),
        ("mask", ("Ann",), "***"),
        ("mask", ("",), ""),
        ("upper", ("ab",), "AB"),
        ("lower", ("AB",), "ab"),
        ("starts_with", ("abc", "ab"), True),
        ("ends_with", ("abc", "ab"), False),
        ("to_text", (True,), "true"),
        ("to_text", (False,), "false"),
        ("to_text", (Decimal("1E+2"),), "100"),
        ("to_text", (date(2026, 11, 23),), "2026-11-23"),
        ("to_text", (7,), "7"),
        ("to_decimal", (" 19.90 ",), Decimal("19.90")),
        ("to_decimal", (3,), Decimal(3)),
        ("to_integer", ("3.0",), 3),
        ("round_to", (Decimal("2.345"), 2), Decimal("2.34")),
        ("to_time", ("2026-11-23T10:00:00Z",), datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("to_time", (CET,), datetime(2026, 11, 23, 22, 30, tzinfo=UTC)),
        ("to_date", (CET,), date(2026, 11, 23)),
        ("to_date", (date(2026, 1, 2),), date(2026, 1, 2)),
        ("to_date", ("2026-01-02",), date(2026, 1, 2)),
        ("to_date", ("2026-01-02T01:00:00+02:00",), date(2026, 1, 1)),
        ("to_date", ("02/01/2026", "%d/%m/%Y"), date(2026, 1, 2)),
        ("days_after", (date(2026, 12, 31), 1), date(2027, 1, 1)),
        ("money", ("1.50", "USD"), Money(Decimal("1.50"), "USD")),
        ("money", (Amount(amount=Decimal(2), currencyCode="JPY"),), Money(Decimal(2), "JPY")),
        ("money", (Money(Decimal(2), "USD"),), Money(Decimal(2), "USD")),
        ("rounded", (Money(Decimal("1.005"), "USD"),), Money(Decimal("1.00"), "USD")),
        ("first", ((1, 2),), 1),
        ("first", ((),), None),
        ("last", ((1, 2),), 2),
        ("last", ((),), None),
        ("count", ((1, 2),), 2),
        ("total", ((1, 2),), 3),
        ("joined", (("a", "b"), ", "), "a, b"),
        ("absolute", (Money(Decimal(-1), "USD"),), Money(Decimal(1), "USD")),
    ],
)
def test_what_a_function_gives(name: str, given_values: tuple[Any, ...], answer: object) -> None:
    found = FUNCTIONS[name].run(*given_values)
    assert found == answer
    assert type(found) is type(answer)


@pytest.mark.parametrize(
    ("name", "given_values", "words"),
    [
        ("part", ("a-b", "-", 3), "has 2 parts, not 3"),
        ("to_decimal", ("1,50",), "is not a number such as 19.99"),
        ("to_decimal", ("NaN",), "is not a number"),
        ("to_decimal", ("1" * 40,), "is not a number"),
        ("to_integer", ("2.5",), "is not a whole number"),
        ("round_to", (Decimal(1), 40), "can be rounded to 0 to 18 decimals"),
        ("round_to", (Decimal("1E+40"), 2), "is too large to round"),
        ("to_time", ("2026-11-23T10:00:00",), "has no time zone"),
        ("to_time", ("soon",), "is not a time such as"),
        ("to_time", (datetime.min.replace(tzinfo=CET.tzinfo),), "is not a time such as"),
        ("to_date", ("tomorrow!!",), "is not a date such as 2026-11-23"),
        ("to_date", ("x", "%d/%m/%Y"), "is not a date such as %d/%m/%Y"),
        ("to_date", ("2026-01-02T00:00",), "is not a date"),
        ("days_after", (date(2026, 1, 1), 10**9), "leaves the calendar"),
        ("money", ("x", "USD"), "is not a number"),
        ("money", ("1", "usd"), "is not an exact amount with a currency such as USD"),
        ("money", (3,), "has no amount or no currency"),
        ("total", ((),), "is an empty list"),
    ],
)
def test_what_a_function_refuses_is_told_without_the_value(
    name: str, given_values: tuple[Any, ...], words: str
) -> None:
    with pytest.raises(Unsuitable, match=words):
        FUNCTIONS[name].run(*given_values)


def test_every_function_says_what_it_is_for() -> None:
    assert [name for name, function in FUNCTIONS.items() if not function.about] == []


def test_plain_functions_are_read_by_their_annotations() -> None:
    function = as_function(nothing_for)
    assert (function.takes, function.gives, function.about) == ((str,), str | None, "")
    assert as_function(function) is function


def test_a_function_without_types_is_our_own_mistake() -> None:
    def untyped(value):  # type: ignore[no-untyped-def]
        return value

    def silent(value: str):  # type: ignore[no-untyped-def]
        return value

    def named(*, value: str) -> str:
        return value

    for wrong in (untyped, silent, named):
        with pytest.raises(TypeError):
            as_function(wrong)


def test_a_function_s_type_may_follow_from_what_it_gets() -> None:
    assert FUNCTIONS["money"].given((Decimal, str))[0] is Money
    assert FUNCTIONS["money"].given((Amount,))[0] is Money
    assert FUNCTIONS["last"].given((tuple[int, ...],))[0] == int | None
    assert FUNCTIONS["count"].given((list[str],))[0] is int
    assert FUNCTIONS["total"].given((list[Money],))[0] is Money
    assert FUNCTIONS["absolute"].given((int,))[0] is int
    for name in ("money", "count", "total", "absolute"):
        with pytest.raises(Unfit, match="not nothing"):
            FUNCTIONS[name].given(())
    assert not FUNCTIONS["first"].takes_nothing_at(0, 1)
    assert FUNCTIONS["join_words"].takes_nothing_at(2, 3)
    with pytest.raises(Unfit, match="Did you mean 'trim'"):
        find_function("trimm", FUNCTIONS)


def test_many_fixed_arguments_may_stand_before_repeated_ones() -> None:
    function = Function(lambda *a: a, (int, str, ...), str)
    assert function.given((int, str, str))[0] is str
    with pytest.raises(Unfit, match="at least 2"):
        function.given((int,))


@pytest.mark.parametrize(
    ("error", "values", "told"),
    [
        (Unsuitable("is odd"), ("x",), "f refused the value: it is odd"),
        (Unsuitable(""), ("x",), "f refused the value"),
        (ValueError("is neither yes nor no"), ("maybe so",), "f refused the value: it is neither"),
        (ValueError("'Ann' is wrong"), ("Ann Lee",), "f refused the value (ValueError)"),
        (ValueError("ann is wrong"), ("Ann Lee",), "f refused the value (ValueError)"),
        (ValueError("is wrong"), (object(),), "f refused the value (ValueError)"),
        (ValueError(""), ("x",), "f refused the value (ValueError)"),
        (KeyError("Ann"), ("x",), "f refused the value (KeyError)"),
    ],
)
def test_words_that_may_hold_the_value_are_not_passed_on(
    error: Exception, values: tuple[object, ...], told: str
) -> None:
    assert refusal("f", error, values).startswith(told)


def test_arguments_are_changed_and_completed_on_the_way() -> None:
    assert called_with(lambda a: a, (None,), ())("x") == "x"
    assert called_with(lambda a, b: (a, b), (None, None), (2,))("x") == ("x", 2)
    assert called_with(lambda a, b: (a, b), (Decimal, None), (2,))(1) == (Decimal(1), 2)


@given(st.text(max_size=30), st.sampled_from(["to_decimal", "to_integer", "to_time", "to_date"]))
def test_no_text_breaks_a_conversion(text: str, name: str) -> None:
    try:
        FUNCTIONS[name].run(text)
    except Unsuitable as refused:
        assert not text.strip() or len(text.strip()) < 3 or text.strip() not in str(refused)

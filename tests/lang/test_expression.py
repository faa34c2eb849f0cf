"""Expressions: what they mean, and what is refused where."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import pytest

from crossdock.kernel.errors import NeedsPerson
from crossdock.kernel.money import Money
from crossdock.lang import operators, paths, syntax
from crossdock.lang.expression import Expression, compile_condition, compile_expression
from crossdock.lang.paths import Absent
from crossdock.lang.scopes import StepNames
from crossdock.lang.syntax import ExpressionError, parse_expression
from tests.lang.goods import HOUSE, Line, Order, Size, Status


@dataclass(frozen=True)
class Parcel:
    weight: Decimal
    tags: tuple[str, ...] = ()
    note: str | None = None
    order: Order | None = None
    notes: tuple[str, ...] | None = None


class Code(str):
    """A text with a name of its own."""


KINDS: dict[str, Any] = {
    "order": Order, "count_of": int, "rate": Decimal, "name": str, "maybe": str | None,
    "flag": bool, "maybe_flag": bool | None, "price": Money, "fee": Money, "day": date,
    "at": datetime, "parcel": Parcel | None, "parcels": tuple[Parcel, ...],
    "hint": Mapping[str, str], "size": Size, "sizes": tuple[Size, ...], "any": object,
    "mode": Literal["fast", "slow"], "whatever": Any, "number_or_text": int | str,
    "maybe_parcels": tuple[Parcel, ...] | None, "maybe_money": Money | None,
    "nested": tuple[tuple[Parcel, ...], ...], "orders": tuple[Order, ...],
    "gaps": tuple[Parcel | None, ...], "codes": tuple[int, ...], "code": Code,
}  # fmt: skip

ORDER = Order("A1", (Line("S1", Decimal(2)), Line("S2", Decimal(3))), company="ACME")
VALUES: dict[str, Any] = {
    "order": ORDER, "count_of": 3, "rate": Decimal("1.5"), "name": "Ann", "maybe": None,
    "flag": True, "maybe_flag": None, "price": Money(Decimal("9.99"), "USD"),
    "fee": Money(Decimal("0.01"), "USD"), "day": date(2026, 11, 23),
    "at": datetime(2026, 11, 23, tzinfo=UTC), "parcel": None,
    "parcels": (Parcel(Decimal(1), ("a", "b")), Parcel(Decimal(2), ("c",), "n", ORDER)),
    "hint": {"why": "sweep"}, "size": Size.LARGE, "sizes": (Size.SMALL,), "any": "x",
    "mode": "fast", "whatever": 5, "number_or_text": 3, "maybe_parcels": None,
    "maybe_money": None, "nested": (), "orders": (ORDER,), "gaps": (None,), "codes": (1, 2),
    "code": Code("C1"),
}  # fmt: skip


def made(text: str, *, lenient: bool = False) -> Expression:
    found, errors = compile_expression(text, StepNames(KINDS), HOUSE, lenient=lenient)
    assert errors == []
    assert found is not None
    return found


def value(text: str, *, lenient: bool = False, **changes: Any) -> Any:
    return made(text, lenient=lenient).run(VALUES | changes)


def complaints(text: str) -> list[str]:
    found, errors = compile_expression(text, StepNames(KINDS), HOUSE)
    assert (found is None) is bool(errors)
    return [f"{error} {error.fix}".strip() for error in errors]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("count_of + 1", 4),
        ("count_of - 1 * 2", 1),
        ("count_of / 2", Decimal("1.5")),
        ("count_of // 2 + count_of % 2", 2),
        ("rate * 2", Decimal("3.0")),
        ("0.1 + 0.2", Decimal("0.3")),
        ("-rate", Decimal("-1.5")),
        ("price - fee", Money(Decimal("9.98"), "USD")),
        ("2 * price", Money(Decimal("19.98"), "USD")),
        ("price * rate", Money(Decimal("14.985"), "USD")),
        ("-price + price == fee - fee", True),
        ("name + ' ' + 'B'", "Ann B"),
        ("count_of == 3 and name != 'Bob'", True),
        ("count_of > 3 or not flag or false", False),
        ("1 < count_of <= 3", True),
        ("count_of >= 3.0 and count_of < 3.1", True),
        ("price > fee and price >= fee and fee < price and fee <= fee", True),
        ("day < to_date('2026-12-01') and at == at", True),
        ("name in ('Ann', 'Bob')", True),
        ("name not in ['Ann']", False),
        ("'nn' in name", True),
        ("maybe in ('x', 'y')", False),
        ("'a' in parcels[].tags[]", True),
        ("maybe == none", True),
        ("maybe == None and flag == True", True),
        ("code == 'C1' and code < 'D'", True),
        ("maybe != none and maybe == 'x'", False),
        ("parcel?.note == 'x'", False),
        ("parcel?.note == none", True),
        ("parcel == none or parcel.weight > 1", True),
        ("parcel != none and parcel.order != none and parcel.order.order_id == 'x'", False),
        ("not (parcel == none) and parcel.weight > 1", False),
        ("order.status == 'new'", True),
        ("order.status in ('new', 'shipped')", True),
        ("size == 2", True),
        ("2 in sizes", False),
        ("1 in sizes", True),
        ("'fast' == mode", True),
        ("hint.why == 'sweep' and hint.other == none", True),
        ("count(parcels) == 2", True),
        ("total(parcels[].weight)", Decimal(3)),
        ("first(parcels[].tags)", ("a", "b")),
        ("count(nested[])", 0),
        ("total(order.lines[].quantity)", Decimal(5)),
        ("first(orders[].lines[].sku)", "S1"),
        ("any == 'x'", True),
        ("whatever == 5", True),
        ("upper(trim(' a  b '))", "A B"),
        ("order.reference", "REF-A1"),
        ("order.status", Status.NEW),
        ("none", None),
        ("null", None),
        ("'what? []'", "what? []"),
        ('"it\'s"', "it's"),
        ("price.amount", Decimal("9.99")),
        ("join_words(name, maybe)", "Ann"),
        ("number_or_text == 3", True),
        ("(count_of + 1) * 2 == 8 and flag and name == 'Ann'", True),
        ("flag or flag or flag", True),
        ("  1 +\n 2", 3),
        ("1 in codes", True),
    ],
)
def test_what_an_expression_comes_to(text: str, answer: object) -> None:
    assert value(text) == answer


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "character 1: cannot be read here"),
        ("count_of +", "character 11: cannot be read here"),
        ("cuont_of + 1", "character 1: there is no cuont_of here Did you mean 'count_of'?"),
        ("  order.sttus == 'new'", "character 3: order has no sttus Did you mean 'status'?"),
        ("order.status == 'nwe'", "character 1: order.status is never 'nwe' Did you mean 'new'?"),
        ("order.status in ('new', 'x')", "character 1: order.status is never 'x' Valid: new, shipped."),
        ("'x' in sizes", "character 1: text is never in a list of Size"),
        ("'zz' == mode", "character 1: mode is never 'zz' Valid: fast, slow."),
        ("name == 3", "character 1: text is never equal to whole number Use to_decimal(...)."),
        ("day == name", "character 1: date is never equal to text Use to_date(...)."),
        ("name < at", "character 1: text < time has no meaning Use to_time(...)."),
        ("flag < flag", "character 1: yes/no < yes/no has no meaning"),
        ("price < 3", "character 1: Money < whole number has no meaning"),
        ("count_of == none", "character 1: this is never absent, so asking for none has one answer"),
        ("maybe < none", "character 9: this may be absent Ask for this != none first."),
        ("maybe + 'x'", "character 1: maybe may be absent Ask for maybe != none first."),
        ("parcel.weight > 1", "character 1: parcel may be absent Write parcel? or ask for parcel != none"),
        ("maybe_parcels[].weight", "character 1: maybe_parcels may be absent"),
        ("upper(maybe)", "character 1: upper takes text, but argument 1 may be absent"),
        ("upper(3)", "character 1: upper takes text, but argument 1 is whole number"),
        ("upper()", "character 1: upper takes 1 argument, not 0"),
        ("joined(order.programs)", "character 1: joined takes 2 arguments, not 1"),
        ("to_date(name, name, name)", "character 1: to_date takes 1 to 2 arguments, not 3"),
        ("join_words()", "character 1: join_words takes at least 1 arguments, not 0"),
        ("uper(name)", "character 1: there is no function uper. Did you mean 'upper'?"),
        ("upper(nme)", "character 7: there is no nme here Did you mean 'name'?"),
        ("name and flag", "character 1: name is text Compare it with something."),
        ("not 1", "character 5: this is whole number Compare it with something."),
        ("maybe_flag and flag", "character 1: maybe_flag may be absent Ask for maybe_flag != none first."),
        ("-name", "character 1: minus takes a number or Money, not text"),
        ("price / 2", "character 1: Money / whole number has no meaning"),
        ("name * 3", "character 1: text * whole number has no meaning"),
        ("whatever + 1", "character 1: anything + whole number has no meaning"),
        ("name in order", "character 1: Order is neither a list nor, beside text, a text"),
        ("3 in name", "character 1: text is neither a list nor, beside text, a text"),
        ("3 in ('a',)", "character 1: whole number is never in a list of text"),
        ("name.x == 1", "character 1: name is text and has no x"),
        ("parcels.weight == 1", "character 1: parcels is a list of Parcel Write parcels[] or use each."),
        ("order[].x", "character 1: order is Order, not a list Remove the []."),
        ("count(order)", "character 1: count takes one list, not Order"),
        ("total(parcels)", "character 1: total takes a list of numbers or Money, not a list of Parcel"),
        ("absolute(name)", "character 1: absolute takes a number or Money, not text"),
        ("money(name)", "character 1: money takes an amount with its currency, not text"),
        ("order.__class__", "character 1: 'order.__class__' is not a path: '__class__' is not a name"),
        ("_x", "character 1: '_x' is not a path: '_x' is not a name"),
        ("name.upper()", "character 1: only a named function can be called"),
        ("upper(text=name)", "character 1: arguments have no names here"),
        ("upper(*name)", "character 7: Starred is not part of this language Write a function."),
        ("name[0]", "character 1: Subscript is not part of this language Write a function."),
        ("1 if flag else 2", "character 1: IfExp is not part of this language Write a function."),
        ("flag is true", "character 1: `is` is not part of this language Write ==."),
        ("+count_of", "character 1: this sign is not part of this language"),
        ("count_of ** 2", "character 1: Pow is not part of this language"),
        ("('a').x", "character 1: a dot follows something that is not a path"),
        ("name in (name,)", "character 9: a list holds texts and numbers only"),
        ("1.", "character 1: 1. is not a number as written here Write 12.50."),
        ("1e5", "character 1: a number runs into a name Put a space."),
        ("0x1F", "character 1: a number runs into a name Put a space."),
        ("count_of == 1or flag", "character 13: a number runs into a name Put a space."),
        ("u'x' == name", "character 1: a letter stands before a text"),
        ("name == 'x", "character 9: a text in quotes does not end"),
        ("name; 1", "character 5: ';' has no meaning here"),
        ("name == 'a\\n'", "character 9: a text in quotes does not end"),
        ("a := 1", "character 3: ':' has no meaning here"),
        ("é == 1", "character 1: 'é' has no meaning here"),
        ("12345678901234567890", "character 1: 12345678901234567890 is not a number as written here"),
        ("()", None),
        ("x" * 1001, "character 1000: longer than 1000 characters"),
        ("(" * 100 + "1" + ")" * 100, None),
        ("-" * 900 + "1", "character 25: nested"),
        ("not " * 40 + "flag", "character 97: nested deeper than 24 levels Write a function."),
        ("+".join(["1"] * 101), "character 1: nested"),
        (" and ".join(["flag"] * 110), None),
        (", ".join(["1"] * 201), "more than 200 parts"),
        (".".join(["a"] * 40), "character 1: a path of more than 24 names"),
        ("(" * 300 + "1" + ")" * 300, "cannot be read here"),
    ],
)  # fmt: skip
def test_what_is_refused_says_where_and_what_to_do(text: str, complaint: str | None) -> None:
    told = complaints(text)
    if complaint is None:
        assert told == []
    else:
        assert any(complaint in each for each in told), told


def test_all_problems_of_an_expression_are_told_at_once() -> None:
    assert complaints("nme == 1 and count_of == 'x' and uper(name) == 1") == [
        "character 1: there is no nme here Did you mean 'name'?",
        "character 14: whole number is never equal to text Use to_decimal(...).",
        "character 34: there is no function uper. Did you mean 'upper'?",
    ]


def test_a_condition_is_yes_or_no() -> None:
    found, errors = compile_condition("name", StepNames(KINDS), HOUSE)
    assert found is None
    assert str(errors[0]) == "character 1: this is text, but a condition is yes or no"
    found, errors = compile_condition("flag", StepNames(KINDS), HOUSE)
    assert found is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("count_of / 0", "DivisionByZero"),
        ("price + fee", "CurrencyMismatch"),
        ("to_integer(rate)", "to_integer: the value is not a whole number"),
        ("maybe in 'abc'", "looks for nothing in a text"),
        ("yes_no(name)", "ValueError"),
    ],
)
def test_what_cannot_be_worked_out_is_told_without_the_value(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as stopped:
        value(text, fee=Money(Decimal(1), "CAD"))
    assert reason in str(stopped.value)
    assert "Ann" not in str(stopped.value)


def test_a_function_s_own_question_for_a_person_comes_through() -> None:
    with pytest.raises(NeedsPerson, match="may not be sold"):
        value("forbidden_goods(name)", name="BOMB")


def test_with_a_policy_for_what_is_missing_the_run_says_what_is_absent() -> None:
    for text in ("parcel.weight + 1", "maybe + 'x'", "upper(maybe)", "count(maybe_parcels[].tags)"):
        with pytest.raises(Absent):
            value(text, lenient=True)
    assert value("join_words(maybe, name)", lenient=True) == "Ann"
    assert value("upper(maybe)", lenient=True, maybe="x") == "X"
    assert value("maybe + '!'", lenient=True, maybe="x") == "x!"
    assert complaints_of_lenient("upper(maybe, 2)") == ["upper takes 1 argument, not 2"]


def complaints_of_lenient(text: str) -> list[str]:
    return [e.what for e in compile_expression(text, StepNames(KINDS), HOUSE, lenient=True)[1]]


def test_lists_that_are_too_long_are_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "MAX_ELEMENTS", 1)
    monkeypatch.setattr(operators, "MAX_ELEMENTS", 1)
    for text in ("count(parcels[].weight)", "1 in codes", "count(orders[].lines[].sku)"):
        with pytest.raises(ExpressionError, match="too long a list"):
            value(text)


def test_flattened_lists_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "MAX_ELEMENTS", 3)
    order = Order("B", tuple(Line(f"S{n}", Decimal(1)) for n in range(3)))
    with pytest.raises(ExpressionError, match="too long a list"):
        value("count(orders[].lines[].sku)", orders=(order, order))


def test_gaps_in_lists_are_stepped_over() -> None:
    assert value("count(gaps[]?.tags)", lenient=True, gaps=()) == 0
    assert (
        value("count(maybe_parcels[]?.weight)", lenient=True, maybe_parcels=VALUES["parcels"]) == 2
    )
    with pytest.raises(Absent):
        value("count(maybe_parcels[]?.weight)", lenient=True)


def test_which_paths_and_functions_an_expression_uses_is_known() -> None:
    found = made("upper(name) == 'A' and parcel?.note != none")
    assert found.paths == ("name", "parcel?.note")
    assert found.functions == ("upper",)
    assert found.present_when_true == {"parcel", "parcel.note"}


def test_proof_of_presence_reaches_through_and_or_and_not() -> None:
    for text in (
        "parcel == none or parcel.weight > 1",
        "none == parcel or parcel.weight > 1",
        "not (parcel != none) or parcel.weight > 1",
        "not (parcel == none or flag) and parcel.weight > 1",
        "parcel?.note == 'x' and parcel.weight > 1",
    ):
        assert complaints(text) == []
    for text in (
        "(parcel != none or flag) and parcel.weight > 1",
        "parcel == none and parcel.weight > 1",
        "count_of < 3 and parcel.weight > 1",
        "parcels[].note == none and parcel.weight > 1",
        "parcels[].note == 'x' and parcel.weight > 1",
        "flag == flag and parcel.weight > 1",
    ):
        assert complaints(text) != []


def test_too_deep_for_python_s_parser_is_still_our_own_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(syntax, "MAX_TEXT", 100_000)
    with pytest.raises(ExpressionError):
        parse_expression("-" * 90_000 + "1")

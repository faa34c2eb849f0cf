"""What is inside a type, and what may stand for what."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, Optional

import pytest

from crossdock.kernel.money import Money
from crossdock.lang import types
from crossdock.lang.types import Unknown, fields_of, fit, words
from tests.lang.goods import Item, Order, ShopOrder, Size, Status, Strict

OrderNumber = NewType("OrderNumber", str)


def test_fields_of_dataclasses_models_and_money_are_read() -> None:
    assert fields_of(ShopOrder)["orderId"].required
    assert not fields_of(ShopOrder)["programs"].required
    assert fields_of(Order)["reference"] == types.Field("reference", str, False, "")
    assert fields_of(Order)["secret"].argument == ""
    assert fields_of(Strict)["code"].argument == "Code"
    assert {"amount", "currency", "minor"} <= set(fields_of(Money))
    assert "unsaid" not in fields_of(Order)


@pytest.mark.parametrize("kind", [int, str, list[int], Any, None, int | None, Unknown])
def test_other_types_have_no_fields(kind: Any) -> None:
    assert fields_of(kind) == {}


def test_nothing_of_pydantic_itself_is_a_field() -> None:
    assert not {"model_fields_set", "model_extra"} & set(fields_of(ShopOrder))


def test_money_is_a_value_and_no_record() -> None:
    assert types.is_record(Order)
    assert not types.is_record(Money)
    assert not types.is_record(str)


@pytest.mark.parametrize(
    ("have", "want", "value", "becomes"),
    [
        (str, str, "x", "x"),
        (str, str | None, "x", "x"),
        (str, Any, "x", "x"),
        (Any, str, "x", "x"),
        (Unknown, str, "x", "x"),
        (int, Decimal, 2, Decimal(2)),
        (int | None, Decimal | None, None, None),
        (int | None, Decimal | None, 2, Decimal(2)),
        (int, str | Decimal, 2, Decimal(2)),
        (bool, bool, True, True),
        (Status, str, Status.NEW, "new"),
        (str, Status, "new", Status.NEW),
        (Size, int, Size.LARGE, 2),
        (Literal["fast"], Literal["fast", "slow"], "fast", "fast"),
        (str, Literal["fast", "slow"], "fast", "fast"),
        (Literal["fast"], str, "fast", "fast"),
        (list[str], tuple[str, ...], ["a"], ("a",)),
        (list[int], tuple[Decimal, ...], [1], (Decimal(1),)),
        (tuple[str, ...], Sequence[str], ("a",), ("a",)),
        (list[str], frozenset[str], ["a"], frozenset("a")),
        (tuple[str, ...], list[str], ("a",), ["a"]),
        (tuple[int, ...], list[int] | None, (1,), [1]),
        (dict[str, str], dict[str, str], {"a": "b"}, {"a": "b"}),
        (OrderNumber, str, "x", "x"),
        (Annotated[int, "positive"], int, 1, 1),
        (datetime, datetime, None, None),
        (Money, Money | None, None, None),
        (tuple[int, str], tuple[int, str], (1, "a"), (1, "a")),
    ],
)  # fmt: skip
def test_what_loses_nothing_fits(have: Any, want: Any, value: object, becomes: object) -> None:
    found = fit(have, want)
    assert found.ok
    assert (value if found.convert is None else found.convert(value)) == becomes


@pytest.mark.parametrize(
    ("have", "want"),
    [
        (str | None, str),
        (str, Decimal),
        (str, int),
        (Decimal, int),
        (bool, int),
        (bool, Decimal),
        (datetime, date),
        (date, datetime),
        (Decimal, Money),
        (Money, Decimal),
        (int, Literal["fast"]),
        (Literal["other"], Literal["fast", "slow"]),
        (int, Status),
        (Status, Size),
        (list[str], tuple[int, ...]),
        (str, list[str]),
        (dict[str, str], dict[str, int]),
        (object, str),
        (int | str | None, Decimal | str | None),
        (tuple[int, str], tuple[int, ...]),
        (tuple[int, str], tuple[str, int]),
    ],
)  # fmt: skip
def test_what_might_lose_something_does_not_fit(have: Any, want: Any) -> None:
    assert not fit(have, want).ok


def test_a_text_outside_the_allowed_words_is_refused_when_it_comes() -> None:
    convert = fit(str, Literal["fast"]).convert
    assert convert is not None
    with pytest.raises(ValueError, match="not one of"):
        convert("slow")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (str, "text"),
        (Decimal | None, "number or nothing"),
        (Optional[tuple[str, ...]], "list of text or nothing"),  # noqa: UP045
        (Literal["a", 1], "one of 'a', 1"),
        (Order, "Order"),
        (dict[str, int], "dict"),
        (None, "nothing"),
        (int | str, "whole number or text"),
    ],
)  # fmt: skip
def test_types_are_told_in_words(kind: Any, said: str) -> None:
    assert words(kind) == said


def test_unions_and_elements() -> None:
    assert types.union(int, Any) is Any
    assert types.union(int, Any, Unknown) is Unknown
    assert types.present(type(None)) is type(None)
    assert types.element_of(tuple[int, str]) is None
    assert types.element_of(dict[str, int]) is None
    assert types.element_of(set[int]) is int
    assert types.value_of_mapping(dict) is object
    assert types.value_of_mapping(Item) is None

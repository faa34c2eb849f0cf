"""What the expression's operators mean: which types they join, and how they run."""

import operator
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from crossdock.kernel.money import Money
from crossdock.lang.functions import Unsuitable
from crossdock.lang.paths import MAX_ELEMENTS, Absent, Getter, TooMany
from crossdock.lang.types import (
    Type,
    element_of,
    is_enum,
    list_of,
    may_be_absent,
    members,
    origin_of,
    present,
    union,
    words,
)

_CATEGORY: dict[Type, str] = {
    int: "number", Decimal: "number", str: "text", bool: "yes/no", Money: "Money",
    date: "date", datetime: "time", object: "anything", Any: "anything",
}  # fmt: skip
_ORDERED = frozenset({"number", "text", "Money", "date", "time"})


def category(kind: Type) -> str:
    """The one sort of value this type is, "" when its alternatives differ. None does not count."""
    found = {_category(arm) for arm in members(present(kind))}
    return found.pop() if len(found) == 1 else ""


def _category(kind: Type) -> str:
    if origin_of(kind) is Literal:
        return category(union(*(type(value) for value in get_args(kind))))
    if isinstance(kind, type) and kind not in _CATEGORY and issubclass(kind, str):
        return "text"
    return _CATEGORY.get(kind) or words(kind)


def without_enums(kind: Type) -> Type:
    """Enum classes replaced by the values of their members."""
    return union(
        *(
            Literal[tuple(member.value for member in arm)] if is_enum(arm) else arm
            for arm in members(kind)
        )
    )


def type_of_items(values: tuple[object, ...]) -> Type:
    """The type of a written list."""
    return list_of(union(*(type(value) for value in values)) if values else str)


# --- arithmetic ---------------------------------------------------------------------------------


def arithmetic_gives(sign: str, left: Type, right: Type) -> Type | None:
    """The type of `left sign right`, None when that has no meaning."""
    pair = (category(left), category(right))
    if pair == ("number", "number"):
        whole = left is int and right is int and sign != "/"
        return int if whole else Decimal
    if pair == ("Money", "Money"):
        return Money if sign in "+-" else None
    if sign == "*" and pair in (("Money", "number"), ("number", "Money")):
        return Money
    return str if sign == "+" and pair == ("text", "text") else None


def arithmetic(sign: str, left: Getter, right: Getter) -> Getter:
    """The closure of `left sign right`."""
    work = _ARITHMETIC[sign]
    return lambda scope: work(left(scope), right(scope))


def _times(left: Any, right: Any) -> Any:
    return right * left if isinstance(right, Money) else left * right


def _divided(left: Any, right: Any) -> Any:
    return Decimal(left) / Decimal(right)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": _times, "/": _divided,
    "//": operator.floordiv, "%": operator.mod,
}  # fmt: skip


# --- comparison ---------------------------------------------------------------------------------


def comparison_problem(sign: str, left: Type, right: Type) -> tuple[str, str]:
    """What is wrong with comparing these, and the fix; ("", "") when nothing is."""
    nothing = type(None)
    if nothing in (left, right):
        other = right if left is nothing else left
        if may_be_absent(other) and sign in ("==", "!="):
            return "", ""
        return "this is never absent, so asking for none has one answer.", "Remove the question."
    one, two = category(left), category(right)
    if sign in ("==", "!="):
        if one == two or "anything" in (one, two) or "" in (one, two):
            return "", ""
        return f"{words(left)} is never equal to {words(right)}.", _conversion(one, two)
    if one == two and one in _ORDERED:
        return "", ""
    return f"{words(left)} {sign} {words(right)} has no meaning.", _conversion(one, two)


def _conversion(one: str, two: str) -> str:
    offers = {"number": "to_decimal", "date": "to_date", "time": "to_time"}
    for kind, other in ((one, two), (two, one)):
        if kind in offers and other == "text":
            return f"Use {offers[kind]}(...)."
    return ""


def comparison(sign: str, left: Getter, right: Getter) -> Getter:
    """The closure of `left sign right`. Only == and < are asked of values; the rest follows."""
    return {
        "==": lambda scope: bool(left(scope) == right(scope)),
        "!=": lambda scope: not left(scope) == right(scope),  # noqa: SIM201
        "<": lambda scope: bool(left(scope) < right(scope)),
        ">": lambda scope: bool(right(scope) < left(scope)),
        "<=": lambda scope: not right(scope) < left(scope),
        ">=": lambda scope: not left(scope) < right(scope),
    }[sign]


def membership_problem(left: Type, right: Type) -> str:
    """What is wrong with `left in right`, "" when nothing is."""
    inner = element_of(right)
    one, two = category(left), category(without_enums(right if inner is None else inner))
    if inner is None and (one, two) != ("text", "text"):
        return f"{words(right)} is neither a list nor, beside text, a text."
    if one == two or "anything" in (one, two) or "" in (one, two):
        return ""
    return f"{words(left)} is never in a {words(right)}."


def membership(left: Getter, right: Getter, inner: Type | None) -> Getter:
    """The closure of `left in right`. Members of an enum count as their values."""
    if inner is not None and any(map(is_enum, members(inner))):
        return lambda scope: (
            left(scope) in [getattr(each, "value", each) for each in _walked(right(scope))]
        )
    if inner is None:
        return lambda scope: _needed_text(left(scope)) in right(scope)
    return lambda scope: left(scope) in _walked(right(scope))


def _needed_text(value: Any) -> Any:
    if value is None:
        raise Unsuitable("looks for nothing in a text")
    return value


def _walked(values: Sequence[Any]) -> Sequence[Any]:
    if len(values) > MAX_ELEMENTS:
        raise TooMany(str(len(values)))
    return values


# --- the rest -----------------------------------------------------------------------------------


def all_of(runs: Sequence[Getter]) -> Getter:
    """True when all are; stops at the first that is not."""
    if len(runs) == 2:
        first, second = runs
        return lambda scope: first(scope) and second(scope)
    return lambda scope: all(run(scope) for run in runs)


def any_of(runs: Sequence[Getter]) -> Getter:
    """True when one is; stops there."""
    if len(runs) == 2:
        first, second = runs
        return lambda scope: first(scope) or second(scope)
    return lambda scope: any(run(scope) for run in runs)


def converted(run: Getter, convert: Callable[[Any], Any] | None) -> Getter:
    """The value, changed on the way where types ask for it."""
    return run if convert is None else lambda scope: convert(run(scope))


def needed(run: Getter, shown: str) -> Getter:
    """The value; Absent when there is none."""

    def value(scope: Any) -> Any:
        found = run(scope)
        if found is None:
            raise Absent(shown)
        return found

    return value


def application(name: str, work: Callable[..., Any], runs: tuple[Getter, ...]) -> Getter:
    """The closure of name(arguments)."""

    def apply(scope: Any) -> Any:
        try:
            return work(*[run(scope) for run in runs])
        except Unsuitable as error:
            raise Unsuitable(f"{name}: the value {error}") from None

    return apply

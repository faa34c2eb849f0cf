"""Functions by name, for `using:` and expressions: values to values.

A function that cannot take its value raises Unsuitable, whose words never hold the value itself.
"""

import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from crossdock.kernel.errors import nearest
from crossdock.kernel.money import Money
from crossdock.lang.types import (
    Type,
    element_of,
    fields_of,
    fit,
    may_be_absent,
    optional,
    present,
    words,
)


class Unsuitable(ValueError):
    """A value that a function cannot take. The message is shown to people: no value in it."""


class Unfit(Exception):
    """Argument types that a function does not take; for the checker."""


Infer = Callable[[tuple[Type, ...]], Type]


@dataclass(frozen=True, slots=True)
class Function:
    """A named conversion. `takes` may end in `...`: the type before it repeats.

    `infer` is for functions whose answer depends on what they get (the first of a list): it returns
    the type given, or raises Unfit.
    """

    run: Callable[..., Any]
    takes: tuple[Any, ...]
    gives: Any
    about: str = ""
    infer: Infer | None = None
    least: int | None = field(default=None)  # arguments after this many may be left out

    def given(self, have: tuple[Type, ...]) -> tuple[Type, tuple[Callable[[Any], Any] | None, ...]]:
        """The type this gives for those arguments, and how each must be changed. Or Unfit."""
        if self.infer is not None:
            return self.infer(have), (None,) * len(have)
        wants = self._wanted(len(have))
        converts = []
        for number, (got, want) in enumerate(zip(have, wants, strict=True), 1):
            answer = fit(got, want)
            if not answer.ok:
                absent = fit(present(got), want).ok and may_be_absent(got)
                why = "may be absent" if absent else f"is {words(got)}"
                raise Unfit(f"takes {words(want)}, but argument {number} {why}")
            converts.append(answer.convert)
        return self.gives, tuple(converts)

    def takes_nothing_at(self, number: int, count: int) -> bool:
        """True when the argument at that place may be absent."""
        if self.infer is not None:
            return False
        return may_be_absent(self._wanted(count)[number])

    def _wanted(self, count: int) -> tuple[Type, ...]:
        if self.takes and self.takes[-1] is Ellipsis:
            fixed, repeated = self.takes[:-2], self.takes[-2]
            if count <= len(fixed):
                raise Unfit(f"takes at least {len(fixed) + 1} arguments, not {count}")
            return fixed + (repeated,) * (count - len(fixed))
        least = len(self.takes) if self.least is None else self.least
        if not least <= count <= len(self.takes):
            many = str(least) if least == len(self.takes) else f"{least} to {len(self.takes)}"
            raise Unfit(f"takes {many} argument{'s' * (many != '1')}, not {count}")
        return self.takes[:count]


Functions = Mapping[str, Function | Callable[..., Any]]


def as_function(given: Function | Callable[..., Any]) -> Function:
    """A plain annotated Python function as a Function, so that business code needs none of ours."""
    if isinstance(given, Function):
        return given
    hints = typing.get_type_hints(given)
    takes: list[Any] = []
    least = 0
    for name, parameter in inspect.signature(given).parameters.items():
        if name not in hints or parameter.kind in (
            inspect.Parameter.KEYWORD_ONLY,
            inspect.Parameter.VAR_KEYWORD,
        ):
            raise TypeError(f"{given.__name__}: parameter {name} has no type or needs its name")
        takes.append(hints[name])
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            takes.append(Ellipsis)
        least += parameter.default is inspect.Parameter.empty
    if "return" not in hints:
        raise TypeError(f"{given.__name__} does not say what it gives")
    about = (inspect.getdoc(given) or "").partition("\n")[0]
    return Function(given, tuple(takes), hints["return"], about, least=least)


def find_function(name: str, functions: Functions) -> Function:
    """The function of that name; Unfit with the nearest name when there is none."""
    if name not in functions:
        raise Unfit(f"there is no function {name}. {nearest(name, tuple(functions))}".strip())
    return as_function(functions[name])


# --- text ---------------------------------------------------------------------------------------


def trim(text: str) -> str:
    """Without blanks around it; inner runs of blanks become one."""
    return " ".join(text.split())


def clip(text: str, most: int) -> str:
    """At most that many characters."""
    return text[: max(most, 0)].rstrip()


def join_words(*parts: str | None) -> str:
    """The parts that are there, with a blank between."""
    return " ".join(part.strip() for part in parts if part and part.strip())


def first_word(text: str) -> str:
    """What stands before the last word: the given names of a full name."""
    given, _, _ = text.strip().rpartition(" ")
    return given.strip()


def last_word(text: str) -> str:
    """The last word: the family name of a full name."""
    return text.strip().rpartition(" ")[2]


def part(text: str, separator: str, number: int) -> str:
    """The part with that number (1 is the first) between separators."""
    parts = text.split(separator) if separator else [text]
    if not 1 <= number <= len(parts):
        raise Unsuitable(f"has {len(parts)} parts, not {number}")
    return parts[number - 1].strip()


def pad_left(text: str, length: int, filler: str) -> str:
    """At least that long, filled on the left."""
    return text.rjust(min(length, 200), filler[:1] or " ")


def replace(text: str, old: str, new: str) -> str:
    """Every `old` becomes `new`."""
    return text.replace(old, new) if old else text


def digits(text: str) -> str:
    """The digits alone."""
    return re.sub(r"[^0-9]", "", text)


def mask(text: str) -> str:
    """*** instead of personal data, for targets outside production."""
    return "***" if text else text


def to_text(value: str | int | Decimal | date | datetime | bool) -> str:
    """As text: 12.50, 2026-11-23, true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)


# --- numbers ------------------------------------------------------------------------------------


def to_decimal(value: str | int | Decimal) -> Decimal:
    """A number from text such as 19.99."""
    if isinstance(value, str) and not re.fullmatch(r"\s*-?[0-9]{1,18}(\.[0-9]{1,18})?\s*", value):
        raise Unsuitable("is not a number such as 19.99")
    return Decimal(value)


def to_integer(value: str | int | Decimal) -> int:
    """A whole number; 2.5 is refused, not rounded."""
    number = to_decimal(value)
    if number != number.to_integral_value():
        raise Unsuitable("is not a whole number")
    return int(number)


def round_to(value: Decimal, places: int) -> Decimal:
    """To that many decimals, half to even."""
    if not 0 <= places <= 18:
        raise Unsuitable("can be rounded to 0 to 18 decimals")
    try:
        return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        raise Unsuitable("is too large to round") from None


# --- time ---------------------------------------------------------------------------------------


def to_time(value: str | datetime) -> datetime:
    """A time with its zone, in UTC, from ISO 8601 text; a time without a zone is refused."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        if found.tzinfo is None:
            raise Unsuitable("has no time zone")
        return found.astimezone(UTC)
    except Unsuitable:
        raise
    except (ValueError, OverflowError):
        raise Unsuitable("is not a time such as 2026-11-23T10:00:00Z") from None


def to_date(value: str | date | datetime, pattern: str = "") -> date:
    """The date of a time (as its zone says) or of text: ISO 8601, or a pattern such as %d/%m/%Y."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        if pattern:
            return datetime.strptime(value, pattern).replace(tzinfo=UTC).date()
        return date.fromisoformat(value) if len(value) == 10 else to_time(value).date()
    except ValueError:
        raise Unsuitable(f"is not a date such as {pattern or '2026-11-23'}") from None


def days_after(day: date, days: int) -> date:
    """That many days later."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise Unsuitable("leaves the calendar") from None


# --- money --------------------------------------------------------------------------------------

_AMOUNTS = ("amount", "Amount", "value")
_CURRENCIES = ("currency", "currencyCode", "currency_code", "CurrencyCode", "Currency")


def money(*parts: Any) -> Money:
    """Money from Amazon's or TIMS's amount object, or from an amount and a currency code."""
    if len(parts) == 1:
        parts = _amount_and_currency(parts[0])
    amount, currency = parts
    try:
        return Money(to_decimal(amount), currency)
    except Unsuitable:
        raise
    except ValueError:
        raise Unsuitable("is not an exact amount with a currency such as USD") from None


def _amount_and_currency(given: Any) -> tuple[Any, Any]:
    kind: Type = type(given)
    amount_name, currency_name = _names_of_parts(kind)
    amount, currency = getattr(given, amount_name, None), getattr(given, currency_name, None)
    if amount is None or currency is None:
        raise Unsuitable("has no amount or no currency")
    return amount, currency


@lru_cache(maxsize=256)
def _names_of_parts(kind: Type) -> tuple[str, str]:
    fields = fields_of(kind)
    amount = next((name for name in _AMOUNTS if name in fields), "")
    return amount, next((name for name in _CURRENCIES if name in fields), "")


def _infer_money(have: tuple[Type, ...]) -> Type:
    if len(have) == 2 and fit(have[0], str | int | Decimal).ok and fit(have[1], str).ok:
        return Money
    if len(have) != 1 or not all(_names_of_parts(have[0])):
        shown = " and ".join(words(each) for each in have) or "nothing"
        raise Unfit(f"takes an amount with its currency, not {shown}")
    return Money


# --- lists --------------------------------------------------------------------------------------


def _elements(have: tuple[Type, ...]) -> Type:
    inner = element_of(have[0]) if len(have) == 1 else None
    if inner is None:
        raise Unfit(f"takes one list, not {' and '.join(map(words, have)) or 'nothing'}")
    return inner


def first(values: Sequence[Any]) -> Any:
    """The first of a list, or nothing when it is empty."""
    return next(iter(values), None)


def last(values: Sequence[Any]) -> Any:
    """The last of a list, or nothing when it is empty."""
    return values[-1] if values else None


def count(values: Sequence[Any]) -> int:
    """How many there are."""
    return len(values)


def total(values: Sequence[Any]) -> Any:
    """The sum of numbers, or of Money in one currency; an empty list has none."""
    numbers = list(values)
    if not numbers:
        raise Unsuitable("is an empty list, whose sum has no currency or kind")
    result = numbers[0]
    for number in numbers[1:]:
        result = result + number
    return result


def joined(values: Sequence[str], separator: str) -> str:
    """The texts of a list with a separator between."""
    return separator.join(values)


def _infer_ends(have: tuple[Type, ...]) -> Type:
    return optional(_elements(have))


def _infer_count(have: tuple[Type, ...]) -> Type:
    _elements(have)
    return int


def _infer_total(have: tuple[Type, ...]) -> Type:
    inner = _elements(have)
    if inner in (int, Decimal, Money):
        return inner
    raise Unfit(f"takes a list of numbers or Money, not a list of {words(inner)}")


def _infer_same(have: tuple[Type, ...]) -> Type:
    if len(have) == 1 and have[0] in (int, Decimal, Money):
        return have[0]
    raise Unfit(f"takes a number or Money, not {' and '.join(map(words, have)) or 'nothing'}")


FUNCTIONS: Mapping[str, Function] = {
    **{
        run.__name__: as_function(run)
        for run in (
            trim, clip, join_words, last_word, part, pad_left, replace, digits, mask, to_text,
            to_decimal, to_integer, round_to, to_time, to_date, days_after, joined,
        )
    },
    "given_name": Function(first_word, (str,), str, "All but the last word of a full name."),
    "family_name": Function(last_word, (str,), str, "The last word of a full name."),
    "upper": Function(str.upper, (str,), str, "In capitals."),
    "lower": Function(str.lower, (str,), str, "In small letters."),
    "starts_with": Function(str.startswith, (str, str), bool, "Whether a text begins so."),
    "ends_with": Function(str.endswith, (str, str), bool, "Whether a text ends so."),
    "money": Function(money, (), Money, str(money.__doc__), _infer_money),
    "rounded": Function(Money.rounded, (Money,), Money, "To the smallest coin, half to even."),
    "first": Function(first, (), Any, str(first.__doc__), _infer_ends),
    "last": Function(last, (), Any, str(last.__doc__), _infer_ends),
    "count": Function(count, (), int, str(count.__doc__), _infer_count),
    "total": Function(total, (), Any, str(total.__doc__), _infer_total),
    "absolute": Function(abs, (), Any, "Without its sign.", _infer_same),
}  # fmt: skip

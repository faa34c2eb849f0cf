"""Values written in a file, as the type they are meant for."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from crossdock.kernel.errors import nearest
from crossdock.kernel.money import Money
from crossdock.lang.functions import Unsuitable, to_date, to_decimal, to_time
from crossdock.lang.types import Type, element_of, is_enum, members, origin_of, words

_MONEY = re.compile(r"(-?[0-9.]+) ([A-Z]{3})")


class WrongConstant(Exception):
    """The written value cannot be of that type; the message says so, with a nearest word if any."""


def constant_for(value: object, want: Type) -> Any:
    """The value as `want`; WrongConstant when it cannot be."""
    wants = members(want)
    hints = []
    for kind in wants:
        try:
            return _as_kind(value, kind)
        except WrongConstant as error:
            hints.append(str(error))
        except Unsuitable:
            hints.append("")
    hint = next(filter(None, hints), "")
    raise WrongConstant(f"{value!r} is not {words(want)}. {hint}".strip())


def _as_kind(value: object, kind: Type) -> Any:
    if kind in (Any, object) or (type(value) is kind):
        return value
    if origin_of(kind) is Literal:
        return _as_word(value, {word: word for word in get_args(kind)})
    if is_enum(kind):
        by_name = {member.name: member for member in kind}
        return _as_word(value, by_name | {member.value: member for member in kind})
    inner = element_of(kind)
    if inner is not None and isinstance(value, list):
        built = [constant_for(each, inner) for each in value]
        return built if origin_of(kind) is list else _frozen(kind, built)
    return _as_scalar(value, kind)


def _frozen(kind: Type, values: list[Any]) -> Any:
    return frozenset(values) if issubclass(origin_of(kind), frozenset | set) else tuple(values)


def _as_word(value: object, allowed: dict[Any, Any]) -> Any:
    for word, meaning in allowed.items():
        if type(word) is type(value) and word == value:
            return meaning
    raise WrongConstant(nearest(str(value), [str(word) for word in allowed]))


def _as_scalar(value: object, kind: Type) -> Any:
    if kind is Decimal and isinstance(value, int | str) and not isinstance(value, bool):
        return to_decimal(value)
    if isinstance(value, str):
        if kind is datetime:
            return to_time(value)
        if kind is date:
            return to_date(value)
        money = _MONEY.fullmatch(value) if kind is Money else None
        if money:
            return Money(to_decimal(money[1]), money[2])
    raise WrongConstant("Write 12.50 USD." if kind is Money else "")

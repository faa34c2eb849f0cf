"""What is inside a type, and whether a value of one type may stand where another is wanted.

Dataclasses and pydantic models are read by the marks they carry; pydantic is not imported.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, Union, get_args

from crossdock.kernel.money import Money

Type = Any  # what typing gives us: a class, a union, a generic alias


def origin_of(kind: Type) -> Any:
    """What a generic alias is made of: tuple for tuple[int, ...]; None for a plain class."""
    return typing.get_origin(kind)


class Unknown:
    """The type of something that already has a problem; nothing more is said about it."""


_NAMES: dict[Type, str] = {
    str: "text", int: "whole number", Decimal: "number", bool: "yes/no", date: "date",
    datetime: "time", Money: "Money", type(None): "nothing", object: "anything", Any: "anything",
}  # fmt: skip


# Marks that pydantic's own classes stand for at run time.
_PYDANTIC: dict[str, Type] = {
    "AwareDatetime": datetime, "NaiveDatetime": datetime, "PastDatetime": datetime,
    "FutureDatetime": datetime, "PastDate": date, "FutureDate": date,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A readable part of a type. `argument` is its name in the constructor, "" when computed."""

    name: str
    type: Type
    required: bool
    argument: str


@lru_cache(maxsize=4096)
def fields_of(kind: Type) -> Mapping[str, Field]:
    """Fields and annotated properties by name; empty for a type without parts."""
    if not isinstance(kind, type):
        return {}
    if is_given(kind):
        given: Mapping[str, Type] = vars(kind)["__given__"]
        return {name: Field(name, inner, True, "") for name, inner in given.items()}
    if dataclasses.is_dataclass(kind):
        found = _dataclass_fields(kind)
    elif isinstance(getattr(kind, "model_fields", None), Mapping):
        found = _model_fields(kind)
    else:
        return {}
    return found | _properties(kind)


def _dataclass_fields(kind: type) -> dict[str, Field]:
    hints = typing.get_type_hints(kind)
    return {
        field.name: Field(
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
            field.name if field.init else "",
        )
        for field in dataclasses.fields(kind)
        if not field.name.startswith("_")
    }


def _model_fields(kind: Any) -> dict[str, Field]:
    hints = typing.get_type_hints(kind)
    found = {}
    for name, info in kind.model_fields.items():
        alias = info.validation_alias
        argument = alias if isinstance(alias, str) else name
        found[name] = Field(name, hints[name], info.is_required(), argument)
    return found


def _properties(kind: type) -> dict[str, Field]:
    """Computed parts: public properties with an annotated answer, of our own classes only."""
    found = {}
    for parent in reversed(kind.__mro__):
        if parent.__module__.startswith("pydantic"):
            continue
        for name, member in vars(parent).items():
            if isinstance(member, property) and not name.startswith("_"):
                hints = typing.get_type_hints(member.fget)
                if "return" in hints:
                    found[name] = Field(name, hints["return"], False, "")
    return found


def given_values(values: Mapping[str, Type]) -> Type:
    """The type of a dict that holds these values: a flow's values, a mapping's several sources."""
    return type("values", (), {"__given__": dict(values)})


def is_given(kind: Type) -> bool:
    """True for a type made by `given_values`."""
    return isinstance(kind, type) and "__given__" in vars(kind)


def is_record(kind: Type) -> bool:
    """True for a type that rows can fill; Money is a value, not a record."""
    return kind is not Money and bool(fields_of(kind))


def members(kind: Type) -> tuple[Type, ...]:
    """The alternatives of a union (any order of nesting), or the type itself."""
    origin = origin_of(kind)
    if origin is typing.Annotated:
        return members(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return tuple(dict.fromkeys(m for arm in get_args(kind) for m in members(arm)))
    if hasattr(kind, "__supertype__"):
        return members(kind.__supertype__)
    if getattr(kind, "__module__", "") == "pydantic.types":
        return (_PYDANTIC.get(kind.__name__, kind),)
    return (type(None) if kind is None else kind,)


def union(*kinds: Type) -> Type:
    """One type for all of them; equal ones count once."""
    arms = tuple(dict.fromkeys(arm for kind in kinds for arm in members(kind)))
    for special in (Unknown, Any):
        if special in arms:
            return special
    return Union[arms]  # noqa: UP007  (arms is a tuple)


def may_be_absent(kind: Type) -> bool:
    """True when None is one of its values."""
    return type(None) in members(kind) or kind is Any


def present(kind: Type) -> Type:
    """The type without None."""
    arms = tuple(arm for arm in members(kind) if arm is not type(None))
    return Union[arms] if arms else type(None)  # noqa: UP007  (arms is a tuple)


def optional(kind: Type) -> Type:
    """The type, or nothing."""
    return union(kind, type(None))


def list_of(kind: Type) -> Type:
    """The type of a tuple of any length."""
    return tuple[kind, ...]


def element_of(kind: Type) -> Type | None:
    """The type of the elements of a list, tuple or set; None for anything else."""
    origin, args = origin_of(kind), get_args(kind)
    if not isinstance(origin, type) or not args:
        return None
    if origin is tuple:
        return args[0] if len(args) == 2 and args[1] is Ellipsis else None
    if issubclass(origin, Sequence | AbstractSet):
        return args[0]
    return None


def value_of_mapping(kind: Type) -> Type | None:
    """The type of the values of a dict; `object` when it does not say; None for anything else."""
    origin = origin_of(kind) or kind
    if isinstance(origin, type) and issubclass(origin, Mapping):
        args = get_args(kind)
        return args[1] if len(args) == 2 else object
    return None


def words(kind: Type) -> str:
    """The type in a reader's words: "list of text", "Order or nothing"."""
    arms = members(kind)
    if len(arms) > 1:
        named = [words(arm) for arm in arms if arm is not type(None)]
        return " or ".join(named + ["nothing"] * (type(None) in arms))
    kind = arms[0]
    if kind in _NAMES:
        return _NAMES[kind]
    if origin_of(kind) is Literal:
        return "one of " + ", ".join(repr(value) for value in get_args(kind))
    element = element_of(kind)
    if element is not None:
        return f"list of {words(element)}"
    return getattr(kind, "__name__", str(kind))


class Fit:
    """Whether a value may stand somewhere; `convert` when it must be changed on the way."""

    __slots__ = ("convert", "ok")

    def __init__(self, ok: bool, convert: Callable[[Any], Any] | None = None) -> None:
        self.ok, self.convert = ok, convert


_YES, _NO = Fit(True), Fit(False)


def fit(have: Type, want: Type) -> Fit:
    """Whether a value of type `have` may be used where `want` is asked for.

    Conversions that lose nothing are made silently (whole number to number, list to tuple, text to
    the enum member of that value, which stops loudly for another text). All others are functions.
    """
    haves, wants = members(have), members(want)
    if haves == wants or Any in wants or object in wants or haves[0] in (Any, Unknown):
        return _YES
    fits = [_fit_one(arm, wants) for arm in haves]
    if not all(each.ok for each in fits):
        return _NO
    if not any(each.convert for each in fits):
        return _YES
    if len(fits) == 1:
        return fits[0]
    if len(haves) == 2 and type(None) in haves:
        convert = next(each.convert for each in fits if each.convert)
        return Fit(True, lambda value: None if value is None else convert(value))
    return _NO  # several alternatives, some of which would need converting: name a function


def _fit_one(have: Type, wants: tuple[Type, ...]) -> Fit:
    fits = [_fit_pair(have, want) for want in wants]
    exact = next((each for each in fits if each.ok and each.convert is None), None)
    return exact or next((each for each in fits if each.ok), _NO)


def _fit_pair(have: Type, want: Type) -> Fit:
    if have is want:
        return _YES
    for rule in (_fit_literal, _fit_enum, _fit_elements, _fit_mapping):
        answer = rule(have, want)
        if answer is not None:
            return answer
    if not (isinstance(have, type) and isinstance(want, type)):
        return _YES if have == want else _NO
    if have is bool or (want is date and issubclass(have, datetime)):
        return _NO
    if have is int and want is Decimal:
        return Fit(True, Decimal)
    return _YES if issubclass(have, want) else _NO


def _fit_literal(have: Type, want: Type) -> Fit | None:
    if origin_of(want) is Literal:
        allowed = get_args(want)
        if origin_of(have) is Literal:
            return _YES if set(get_args(have)) <= set(allowed) else _NO
        if have in {type(value) for value in allowed}:
            return Fit(True, _one_of(allowed))
        return _NO
    if origin_of(have) is Literal:
        return fit(union(*(type(value) for value in get_args(have))), want)
    return None


def _fit_enum(have: Type, want: Type) -> Fit | None:
    from_enum, to_enum = is_enum(have), is_enum(want)
    if to_enum and not from_enum:
        return Fit(True, want) if have in {type(member.value) for member in want} else _NO
    if from_enum and not to_enum and all(type(member.value) is want for member in have):
        return Fit(True, lambda member: member.value)
    return None


def _fit_elements(have: Type, want: Type) -> Fit | None:
    inner_have, inner_want = element_of(have), element_of(want)
    if inner_have is None or inner_want is None:
        return None
    inner = fit(inner_have, inner_want)
    if not inner.ok:
        return _NO
    origin_have, origin_want = origin_of(have), origin_of(want)
    if inner.convert is None and issubclass(origin_have, origin_want):
        return _YES
    build = builder_of(want)
    convert = inner.convert
    if convert is None:
        return Fit(True, build)
    return Fit(True, lambda values: build(convert(value) for value in values))


def builder_of(kind: Type) -> Callable[[Any], Any]:
    """What makes a list type's value from elements."""
    origin = origin_of(kind)
    if issubclass(origin, list):
        return list
    return frozenset if issubclass(origin, AbstractSet) else tuple


def _fit_mapping(have: Type, want: Type) -> Fit | None:
    inner_have, inner_want = value_of_mapping(have), value_of_mapping(want)
    if inner_have is None or inner_want is None:
        return None
    same = issubclass(origin_of(have) or have, origin_of(want) or want)
    inner = fit(inner_have, inner_want)
    return _YES if same and inner.ok and inner.convert is None else _NO


def is_enum(kind: Type) -> bool:
    """True for an enum class."""
    return isinstance(kind, type) and issubclass(kind, Enum)


def _one_of(allowed: tuple[object, ...]) -> Callable[[Any], Any]:
    def check(value: object) -> object:
        if value not in allowed:
            raise ValueError("not one of the values allowed here")
        return value

    return check

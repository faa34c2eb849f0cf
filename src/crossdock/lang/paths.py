"""Paths: how a file names a part of a value. `a.b`, `a?.b`, `lines[].sku`, `/order_id`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from crossdock.kernel.errors import nearest
from crossdock.lang.types import (
    Type,
    Unknown,
    element_of,
    fields_of,
    is_given,
    list_of,
    may_be_absent,
    optional,
    present,
    value_of_mapping,
    words,
)

MAX_ELEMENTS = 10_000

_STEP = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(\[\])?(\?)?")

Getter = Callable[[Any], Any]


class Absent(Exception):
    """A value that was needed is not there. `path` says which, in the file's words."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class TooMany(Exception):
    """A list is longer than the language is willing to walk."""


class PathProblem(Exception):
    """A path that cannot be; the message and the fix are for the file's author."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path. `each` goes through a list, `maybe` allows it to be absent."""

    name: str
    each: bool = False
    maybe: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """A path as written. `rooted`: it starts from the whole source."""

    text: str
    rooted: bool
    steps: tuple[Step, ...]

    @property
    def trailing_maybe(self) -> bool:
        """Written with a `?` at its end."""
        return bool(self.steps) and self.steps[-1].maybe


@dataclass(frozen=True, slots=True)
class Found:
    """Where a path leads: the type there (with None when its end may be absent), and the first part
    before the end that may be absent without a `?` saying so ("" when there is none)."""

    type: Type
    absent: str


def parse_path(text: str) -> Path:
    """Read a path; PathProblem when it is none."""
    rooted = text.startswith("/")
    steps = []
    for part in text.removeprefix("/").split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            shown = repr(part) if part else "an empty name"
            raise PathProblem(f"{text!r} is not a path: {shown} is not a name.")
        steps.append(Step(match[1], bool(match[2]), bool(match[3])))
    return Path(text, rooted, tuple(steps))


def resolve(start: Type, steps: Sequence[Step], known: frozenset[str] = frozenset()) -> Found:
    """Follow the steps through the types. `known` are paths that a condition proved present."""
    here, absent, walked = start, "", ""
    whole, inner = False, False  # a `?` may end the walk: the whole of it, or within an element
    projected = False
    for number, step in enumerate(steps):
        if number and may_be_absent(here) and walked not in known:
            if steps[number - 1].maybe:
                whole, inner = whole or not projected, inner or projected
            else:
                absent = absent or walked
        here = _follow(present(here), step, walked)
        walked = f"{walked}.{step.name}" if walked else step.name
        if step.each:
            missing = may_be_absent(here) and walked not in known
            here = _through(here, walked)
            whole = whole or (missing and step.maybe and not projected)
            absent = absent or (walked if missing and not step.maybe else "")
            projected, inner = True, False
    if here is Unknown:
        return Found(Unknown, "")
    if walked in known:
        here = present(here)
    if projected:
        here = list_of(optional(here) if inner else here)
    return Found(optional(here) if whole else here, absent)


def _through(here: Type, walked: str) -> Type:
    inner = Unknown if here is Unknown else element_of(present(here))
    if inner is None:
        raise PathProblem(f"{walked} is {words(here)}, not a list.", "Remove the [].")
    return inner


def _follow(here: Type, step: Step, walked: str) -> Type:
    if here is Unknown:
        return Unknown
    value = value_of_mapping(here)
    if value is not None:
        return optional(value)
    if element_of(here) is not None:
        raise PathProblem(f"{walked} is a {words(here)}.", f"Write {walked}[] or use each.")
    fields = fields_of(here)
    if step.name not in fields:
        if not fields:
            raise PathProblem(f"{walked} is {words(here)} and has no {step.name}.")
        if is_given(here):
            raise PathProblem(f"there is no {step.name} here.", nearest(step.name, tuple(fields)))
        place = walked or words(here)
        raise PathProblem(f"{place} has no {step.name}.", nearest(step.name, tuple(fields)))
    return fields[step.name].type


def getter(start: Type, steps: Sequence[Step], *, loud: bool, shown: str) -> Getter:
    """A function from a value to what the path finds in it.

    Nothing there is None; with `loud`, nothing before the path's end raises Absent unless a `?`
    allows it. Type facts decide the fast way: attributes only, no lists, no dicts.
    """
    walk = _walker(tuple(steps), loud=loud, shown=shown)
    if is_given(start) and not steps[0].each:
        return _from_values(start, steps, loud=loud, shown=shown)
    if not _is_plain(start, steps):
        return walk
    fetch = attrgetter(".".join(step.name for step in steps))

    def fast(value: Any) -> Any:
        try:
            return fetch(value)
        except AttributeError:
            return walk(value)  # something on the way is None; the walk knows what that means

    return fast


def getter_at(index: int, start: Type, steps: Sequence[Step], *, loud: bool, shown: str) -> Getter:
    """The same from a tuple that holds the value at `index`; one call less on the common way."""
    get = getter(start, steps, loud=loud, shown=shown)
    if not _is_plain(start, steps):
        return lambda scope: get(scope[index])
    fetch = attrgetter(".".join(step.name for step in steps))

    def fast(scope: Any) -> Any:
        try:
            return fetch(scope[index])
        except AttributeError:
            return get(scope[index])

    return fast


def _is_plain(start: Type, steps: Sequence[Step]) -> bool:
    """Attributes only: no lists, no dicts on the way."""
    here = start
    for step in steps:
        here = present(here)
        if here is Unknown or is_given(here) or value_of_mapping(here) is not None or step.each:
            return False
        here = fields_of(here)[step.name].type
    return True


def _from_values(start: Type, steps: Sequence[Step], *, loud: bool, shown: str) -> Getter:
    first, rest = steps[0], steps[1:]
    name = first.name
    if not rest:
        return lambda values: values.get(name)
    after = getter(present(fields_of(start)[name].type), rest, loud=loud, shown=shown)

    def fetch(values: Any) -> Any:
        found = values.get(name)
        if found is not None:
            return after(found)
        if loud and not first.maybe:
            raise Absent(shown)
        return None

    return fetch


def _walker(steps: tuple[Step, ...], *, loud: bool, shown: str) -> Getter:
    first, rest = steps[0], steps[1:]
    after = _walker(rest, loud=loud, shown=shown) if rest else None
    name = first.name

    def read(value: Any) -> Any:
        return value.get(name) if isinstance(value, Mapping) else getattr(value, name)

    def single(value: Any) -> Any:
        found = read(value)
        if after is None:
            return found
        return after(found) if found is not None else nothing()

    def nothing() -> None:
        if loud and not first.maybe:
            raise Absent(shown)

    def many(value: Any) -> Any:
        found = read(value)
        if found is None:
            return nothing()
        if len(found) > MAX_ELEMENTS:
            raise TooMany(shown)
        if after is None:
            return tuple(found)
        return _flat([after(element) for element in found], nested)

    nested = any(step.each for step in rest)
    return many if first.each else single


def _flat(values: list[Any], nested: bool) -> tuple[Any, ...]:
    if not nested:
        return tuple(values)
    flat = tuple(value for inner in values if inner is not None for value in inner)
    if len(flat) > MAX_ELEMENTS:
        raise TooMany(str(len(flat)))
    return flat

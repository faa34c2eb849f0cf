"""Checks one row that writes one value: source, functions, lookup table, type of the target."""

from collections.abc import Mapping
from typing import Any

from crossdock.kernel.errors import nearest
from crossdock.lang.calling import called_with, converting, step_of
from crossdock.lang.constants import WrongConstant, constant_for
from crossdock.lang.expression import compile_expression
from crossdock.lang.functions import Functions, Unfit, find_function
from crossdock.lang.leaves import LookupStep
from crossdock.lang.lookups import LookupTable
from crossdock.lang.mapping import All, Computed, First, Fixed, Missing, Row
from crossdock.lang.paths import Found, Getter, Path, PathProblem, parse_path
from crossdock.lang.plan import Convert, LeafPlan, Source
from crossdock.lang.reading import Reader
from crossdock.lang.scopes import RowNames
from crossdock.lang.types import (
    Field,
    Type,
    Unknown,
    fit,
    may_be_absent,
    optional,
    present,
    union,
    words,
)

_Work = tuple[tuple[str, Convert], ...]
_Origin = tuple[tuple[Source, ...], tuple[Type, ...]]


def plain_path(text: str) -> Path:
    """A path of `from`, `each` or `object`, where `missing:` says what a `?` says elsewhere."""
    path = parse_path(text)
    if any(step.maybe for step in path.steps):
        raise PathProblem(f"{text!r} has a ?.", "Here missing: says what happens.")
    return path


def _type_of(found: Found, *, maybe: bool) -> Type:
    if not maybe:
        return present(found.type)
    return optional(found.type) if found.absent else found.type


class LeafChecker:
    """Rows without rows of their own."""

    def __init__(
        self, report: Reader, functions: Functions, tables: Mapping[str, LookupTable]
    ) -> None:
        self._report, self.functions, self._tables = report, functions, tables

    def leaf(self, row: Row, field: Field, names: RowNames, when: Getter | None) -> LeafPlan | None:
        """The row, ready; None when something is wrong with it."""
        before = len(self._report.problems)
        constant, convert, default = None, None, None
        sources: tuple[Source, ...] = ()
        work: _Work = ()
        if isinstance(row.origin, Fixed) and not row.using and row.lookup is None:
            constant = self._constant(row, row.origin.value, field, "value")
            default = self._default(row, field)
        else:
            origin = self._origin(row, names)
            if origin is None:
                return None
            sources, haves = origin
            constant = row.origin.value if isinstance(row.origin, Fixed) else None
            default = self._default(row, field)
            have, work = self._work(row, haves, sources, default)
            convert = self._target(row, have, field)
        if len(self._report.problems) > before:
            return None
        together = isinstance(row.origin, All)
        return LeafPlan(
            row, field.argument, sources, together, constant, work, convert, default, when
        )

    # --- where the value comes from -----------------------------------------------------------

    def _origin(self, row: Row, names: RowNames) -> _Origin | None:
        origin = row.origin
        if isinstance(origin, Computed):
            return self._computed(row, origin.text, names)
        if isinstance(origin, First | All):
            return self._paths(row, origin, names)
        return (), (type(row.origin.value) if isinstance(row.origin, Fixed) else Unknown,)

    def _paths(self, row: Row, origin: First | All, names: RowNames) -> _Origin | None:
        sources, haves = [], []
        for text in origin.paths:
            try:
                path = parse_path(text) if isinstance(origin, All) else plain_path(text)
                found = names.find(path)
                source = Source(path.text, names.getter(path, loud=False))
            except PathProblem as problem:
                self._report.report(row.where, problem.what, problem.fix)
                continue
            lacking = bool(found.absent) or may_be_absent(found.type)
            sources.append(source)
            haves.append(_type_of(found, maybe=path.trailing_maybe))
            if isinstance(origin, First) and not lacking:
                self._unreachable(row, origin.paths, text)
        if len(sources) < len(origin.paths):
            return None
        if isinstance(origin, First):
            return tuple(sources), (union(*haves),)
        return tuple(sources), tuple(haves)

    def _unreachable(self, row: Row, paths: tuple[str, ...], text: str) -> None:
        if text != paths[-1]:
            later = paths[paths.index(text) + 1]
            what = f"never looks at {later}: {text} is always there."
            self._report.report(row.where, what, f"Remove {later} or put it first.")

    def _computed(self, row: Row, text: str, names: RowNames) -> _Origin | None:
        found, errors = compile_expression(text, names, self.functions, lenient=True)
        for error in errors:
            self._report.report(row.where, f"expr: {error}.", error.fix)
        if found is None:
            return None
        return (Source(text, found.run),), (present(found.type),)

    # --- what is done with it -----------------------------------------------------------------

    def _work(
        self, row: Row, haves: tuple[Type, ...], sources: tuple[Source, ...], default: object
    ) -> tuple[Type, _Work]:
        """Functions and the lookup, in the order they are written."""
        path = " ".join(source.path for source in sources)
        if row.lookup_first:
            have, look = self._lookup(row, haves[0], path, default)
            have, work = self._functions(row, (have,))
            return have, look + work
        have, work = self._functions(row, haves)
        have, look = self._lookup(row, have, path, default)
        return have, work + look

    def _functions(self, row: Row, haves: tuple[Type, ...]) -> tuple[Type, _Work]:
        """The type after all functions. Nothing given by one ends the chain: `missing:` decides."""
        work = []
        for number, call in enumerate(row.using):
            extra = tuple(type(each) for each in call.extra)
            try:
                function = find_function(call.name, self.functions)
                gives, converts = function.given(haves + extra)
            except Unfit as unfit:
                self._report.report(row.where, f"using: {call.name}: {unfit}.")
                return Any, ()
            run = called_with(function.run, converts, call.extra)
            spread = number == 0 and isinstance(row.origin, All)
            work.append((call.name, step_of(call.name, run, spread=spread)))
            haves = (present(gives),)
        return haves[0], tuple(work)

    def _lookup(self, row: Row, have: Type, path: str, default: object) -> tuple[Type, _Work]:
        if row.lookup is None:
            return have, ()
        name, column = row.lookup
        table = self._tables.get(name)
        if table is None:
            fix = nearest(name, tuple(self._tables))
            self._report.report(row.where, f"there is no lookup table {name}.", fix)
            return Any, ()
        if table.readable and column not in table.columns:
            what = f"lookup table {name} ({table.file}) has no column {column}."
            self._report.report(row.where, what, nearest(column, table.columns))
            return Any, ()
        key = fit(have, str)
        if not key.ok:
            what = f"looks up {words(have)} in {name}, whose key is text."
            self._report.report(row.where, what, "Use to_text.")
        step = LookupStep(table, column, key.convert, row, path, default)
        return str, ((name, step),)

    # --- where it goes ------------------------------------------------------------------------

    def _target(self, row: Row, have: Type, field: Field) -> Convert | None:
        found = fit(have, field.type)
        if not found.ok:
            what = f"gives {words(have)}, but {row.to} is {words(field.type)}."
            self._report.report(row.where, what, self._offer(have, field.type))
        if Missing.NONE in (row.missing, row.unfound) and not may_be_absent(field.type):
            what = f"may write nothing, but {row.to} is {words(field.type)}."
            self._report.report(row.where, what, "Use stop, skip or a default.")
        if found.convert is None:
            return None
        return converting(found.convert, words(field.type))

    def _offer(self, have: Type, want: Type) -> str:
        """Functions that would turn one into the other, for the fix."""
        offers = []
        for name in self.functions:
            try:
                gives, _ = find_function(name, self.functions).given((have,))
            except Unfit:
                continue
            if gives is not Any and not fit(have, gives).ok and fit(gives, want).ok:
                offers.append(name)
        return f"Use a function: {', '.join(sorted(offers)[:4])}." if offers else ""

    def _default(self, row: Row, field: Field) -> object:
        if Missing.DEFAULT not in (row.missing, row.unfound):
            return None
        return self._constant(row, row.default, field, "default")

    def _constant(self, row: Row, value: object, field: Field, key: str) -> object:
        try:
            return constant_for(value, field.type)
        except WrongConstant as wrong:
            self._report.report(row.where, f"{key} {wrong}")
            return None

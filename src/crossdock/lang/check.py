"""Checks a mapping against the types, functions and tables it names.

All problems at once, each with the file, the row and the nearest valid name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crossdock.kernel.errors import Problem, nearest
from crossdock.lang.expression import compile_condition
from crossdock.lang.functions import FUNCTIONS, Functions
from crossdock.lang.lookups import LookupTable
from crossdock.lang.mapping import Each, MappingSource, Missing, Nested, Row
from crossdock.lang.paths import Found, Getter, PathProblem
from crossdock.lang.plan import EachPlan, MappingPlan, NestedPlan, RecordPlan, RowPlan, Source
from crossdock.lang.reading import Reader
from crossdock.lang.rowcheck import LeafChecker, plain_path
from crossdock.lang.scopes import RowNames
from crossdock.lang.types import (
    Field,
    Type,
    builder_of,
    element_of,
    fields_of,
    given_values,
    is_record,
    may_be_absent,
    optional,
    present,
    words,
)

Types = Mapping[str, Type]
Tables = Mapping[str, LookupTable]


def check_mapping(
    source: MappingSource,
    types: Types,
    functions: Functions = FUNCTIONS,
    tables: Tables | None = None,
) -> list[Problem]:
    """Everything that is wrong with a mapping, in the order of the file; empty when it can run."""
    return plan_mapping(source, types, functions, tables)[1]


def plan_mapping(
    source: MappingSource,
    types: Types,
    functions: Functions = FUNCTIONS,
    tables: Tables | None = None,
) -> tuple[MappingPlan | None, list[Problem]]:
    """The mapping with all names looked up, or all problems."""
    report = Reader(source.file)
    report.problems.extend(source.problems)
    where = f"line {source.line}"
    takes = {
        name: named_type(text, types, report, where, "source")
        for name, text in source.sources.items()
        if text
    }
    gives = named_type(source.target, types, report, where, "target") if source.target else None
    known = {name: kind for name, kind in takes.items() if kind is not None}
    if gives is None or len(known) != len(source.sources) or not known:
        return None, report.problems
    here = known[""] if list(known) == [""] else given_values(known)
    checker = _Checker(report, LeafChecker(report, functions, tables or {}))
    record = checker.record(gives, source.rows, RowNames(here, here), where)
    if report.problems:
        return None, report.problems
    return MappingPlan(source, tuple(known.values()), gives, record), []


def named_type(text: str, types: Types, report: Reader, where: str, key: str) -> Type | None:
    """The type of that name; a `?` after it says that there may be none."""
    name = text.removesuffix("?")
    if name not in types:
        report.report(where, f"{key} {name} is not known.", nearest(name, tuple(types)))
        return None
    return optional(types[name]) if name != text else types[name]


@dataclass(frozen=True, slots=True)
class _Checker:
    report: Reader
    leaf: LeafChecker

    def record(
        self, target: Type, rows: tuple[Row, ...], names: RowNames, where: str
    ) -> RecordPlan:
        """Rows that fill one record."""
        fields = fields_of(target)
        if not is_record(target):
            self.report.report(where, f"{words(target)} has no fields to write.")
            return RecordPlan(target, ())
        groups: dict[str, list[Row]] = {}
        for row in rows:
            if self._writable(row, fields, target):
                groups.setdefault(row.to, []).append(row)
        self._required(target, fields, {row.to for row in rows}, where)
        plans = []
        for to, group in groups.items():
            self._reachable(group)
            made = [self.row(row, fields[to], names, row is group[-1]) for row in group]
            plans.append(tuple(plan for plan in made if plan is not None))
        return RecordPlan(target, tuple(plans))

    def _writable(self, row: Row, fields: Mapping[str, Field], target: Type) -> bool:
        if row.to not in fields:
            fix = nearest(row.to, [name for name, field in fields.items() if field.argument])
            if "." in row.to:
                fix = "A part of a part is written with rows: under its parent."
            self.report.report(row.where, f"{words(target)} has no {row.to}.", fix)
            return False
        if not fields[row.to].argument:
            self.report.report(row.where, f"{row.to} is worked out, it cannot be written.")
            return False
        return True

    def _required(
        self, target: Type, fields: Mapping[str, Field], written: set[str], where: str
    ) -> None:
        for field in fields.values():
            if field.required and field.argument and field.name not in written:
                what = f"{words(target)} needs {field.name}, which no row writes."
                self.report.report(where, what, f"Add a row with to: {field.name}.")

    def _reachable(self, group: list[Row]) -> None:
        for number, row in enumerate(group[:-1]):
            if not row.when:
                for later in group[number + 1 :]:
                    what = f"is never reached: row {row.number} always writes {row.to}."
                    self.report.report(later.where, what, "Remove it, or give that row a when.")
                return

    def row(self, row: Row, field: Field, names: RowNames, last: bool) -> RowPlan | None:
        """One row."""
        when = self._condition("when", row.when, row, names)
        self._left_out(row, field, last)
        if isinstance(row.origin, Each):
            return self._each(row, row.origin, field, names, when)
        if isinstance(row.origin, Nested):
            return self._nested(row, row.origin, field, names, when)
        return self.leaf.leaf(row, field, names, when)

    def _condition(self, key: str, text: str, row: Row, names: RowNames) -> Getter | None:
        if not text:
            return None
        found, errors = compile_condition(text, names, self.leaf.functions)
        for error in errors:
            self.report.report(row.where, f"{key}: {error}.", error.fix)
        return found.run if found else None

    def _left_out(self, row: Row, field: Field, last: bool) -> None:
        """A row may leave its field out only when the field can do without."""
        if not field.required:
            return
        if row.missing is Missing.SKIP:
            what = f"may leave {row.to} out, but it is needed."
            self.report.report(row.where, what, "Use missing: none, a default, or stop.")
        elif row.when and last and row.missing is Missing.STOP:
            what = f"writes no {row.to} when its condition is not met, but it is needed."
            fix = "Add missing: none, a default, or a last row without when."
            self.report.report(row.where, what, fix)

    def _base(self, text: str, row: Row, names: RowNames) -> tuple[Found, Source] | None:
        """Where the `each` or `object` path leads; absence is the row's own business."""
        try:
            path = plain_path(text)
            return names.find(path), Source(path.text, names.getter(path, loud=False))
        except PathProblem as problem:
            self.report.report(row.where, problem.what, problem.fix)
            return None

    def _each(
        self, row: Row, each: Each, field: Field, names: RowNames, when: Getter | None
    ) -> RowPlan | None:
        inner = element_of(present(field.type))
        if inner is None:
            what = f"{row.to} is {words(field.type)}, not a list."
            self.report.report(row.where, what, "Use rows: alone, object: or from:.")
        self._nothing_allowed(row, field, may_default=True)
        base = self._base(each.path, row, names)
        if base is None:
            return None
        found, source = base
        element = element_of(present(found.type))
        if element is None:
            what = f"each: {each.path} is {words(found.type)}, not a list."
            self.report.report(row.where, what, "Use object: for a single part.")
        if inner is None or element is None:
            return None
        below = RowNames(present(element), names.root)
        where = self._condition("where", each.where, row, below)
        record = self.record(present(inner), each.rows, below, row.where)
        build = builder_of(present(field.type))
        return EachPlan(row, field.argument, source, where, record, build, build(()), when)

    def _nested(
        self, row: Row, nested: Nested, field: Field, names: RowNames, when: Getter | None
    ) -> RowPlan | None:
        self._nothing_allowed(row, field, may_default=False)
        source, below = None, names
        if nested.path:
            base = self._base(nested.path, row, names)
            if base is None:
                return None
            found, source = base
            below = RowNames(present(found.type), names.root)
        record = self.record(present(field.type), nested.rows, below, row.where)
        return NestedPlan(row, field.argument, source, record, None, when)

    def _nothing_allowed(self, row: Row, field: Field, *, may_default: bool) -> None:
        if row.missing is Missing.NONE and not may_be_absent(field.type):
            what = f"may write nothing, but {row.to} is {words(field.type)}."
            self.report.report(row.where, what, "Use stop, skip or a default.")
        if row.missing is Missing.DEFAULT and not (may_default and row.default == []):
            fix = "The only default for each: is []." if may_default else "Use none or skip."
            self.report.report(row.where, "has a default that rows cannot have.", fix)

"""Checks a flow against the operations, mappings and values it names, and makes its steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from crossdock.kernel.errors import NeedsPerson, nearest
from crossdock.kernel.operation import Operation
from crossdock.lang.check import Types
from crossdock.lang.compile import KIND
from crossdock.lang.compile import Mapping as RowMapping
from crossdock.lang.expression import Expression, Known, compile_condition, compile_expression
from crossdock.lang.flowfile import FlowSource, StepSource
from crossdock.lang.functions import Functions
from crossdock.lang.mapping import MappingSource
from crossdock.lang.paths import Absent, parse_path
from crossdock.lang.reading import Reader
from crossdock.lang.scopes import StepNames
from crossdock.lang.steps import DoStep, EndStep, Getter, LinkStep, MapStep, Predicate, Step
from crossdock.lang.syntax import ExpressionError
from crossdock.lang.types import (
    Type,
    Unknown,
    fit,
    is_enum,
    may_be_absent,
    members,
    optional,
    present,
    words,
)

Operations = Mapping[str, Operation]
Mappings = Mapping[str, MappingSource | RowMapping]

_SCALARS = (str, int, Decimal, bool, date)


@dataclass(slots=True)
class FlowChecker:
    """Walks the steps in order; `values` are the types of what was given so far."""

    source: FlowSource
    operations: Operations
    mappings: Mappings
    types: Types
    functions: Functions
    values: dict[str, Type]
    report: Reader
    given_when: dict[str, str] = field(default_factory=dict)  # value -> `when` of its step

    def steps(self) -> tuple[Step, ...]:
        """The steps that could be made; what is wrong is in `report`."""
        made = [self._step(step) for step in self.source.steps]
        self._names()
        self._reachable()
        return tuple(step for step in made if step is not None)

    def _names(self) -> None:
        lines: dict[str, int] = {}
        for step in self.source.steps:
            if step.name in lines:
                what = f"has the name of the step in line {lines[step.name]}."
                self.report.report(step.where, what, "Give it another.")
            elif step.name:
                lines[step.name] = step.line

    def _reachable(self) -> None:
        for number, step in enumerate(self.source.steps[:-1]):
            if step.kind == "end" and not step.when:
                later = self.source.steps[number + 1]
                what = f"is never reached: step {step.name} always ends the record."
                self.report.report(later.where, what, f"Give {step.name} a when, or remove it.")
                return

    def _step(self, step: StepSource) -> Step | None:
        when, known = self._when(step)
        known |= {name for name, text in self.given_when.items() if text == step.when}
        if step.kind == "do":
            return self._do(step, when, known)
        if step.kind == "map":
            return self._map(step, when, known)
        if step.kind == "link":
            return self._link(step, when, known)
        return EndStep(step.name, step.line, step.what, when)

    def _when(self, step: StepSource) -> tuple[Predicate | None, Known]:
        """The condition, and the values it speaks of: those may be taken as being there."""
        if not step.when:
            return None, frozenset()
        names = StepNames(self.values)
        found, errors = compile_condition(step.when, names, self.functions)
        for error in errors:
            self.report.report(step.where, f"when: {error}.", error.fix)
        if found is None:
            return None, frozenset(self.values)
        return self._told(found.run, step, "when"), _mentioned(found)

    # --- taking -------------------------------------------------------------------------------

    def _taken(self, step: StepSource, text: str, want: Type, known: Known) -> Getter | None:
        names = StepNames(self.values)
        found, errors = compile_expression(text, names, self.functions, known=known)
        for error in errors:
            fix = error.fix.replace("Write ", "Mention it in this step's when, or write ", 1)
            self.report.report(step.where, f"take: {error}.", fix)
        if found is None:
            return None
        answer = fit(found.type, want)
        if not answer.ok:
            self._unfit(step, text, found.type, want)
            return None
        run = found.run if may_be_absent(want) else _needed(found.run, text)
        return self._told(_changed(run, answer.convert), step, f"take {text}")

    def _unfit(self, step: StepSource, text: str, have: Type, want: Type) -> None:
        if fit(present(have), want).ok:
            giver = self.given_when.get(text.partition(".")[0].rstrip("?"))
            why = f" (it is given only when {giver})" if giver else ""
            fix = f"Give this step a when that mentions {text}, such as {text} != none."
            self.report.report(step.where, f"take: {text} may be absent{why}.", fix)
            return
        what = f"take: {step.what} wants {words(want)}, but {text} is {words(have)}."
        self.report.report(step.where, what, "Map it first.")

    def _all_taken(
        self, step: StepSource, wants: tuple[Type, ...], known: Known
    ) -> list[Getter | None]:
        if len(step.take) != len(wants):
            shown = ", ".join(words(want) for want in wants) or "nothing"
            what = f"{step.what} takes {len(wants)} ({shown}), but take names {len(step.take)}."
            self.report.report(step.where, what)
            return [None]
        return [
            self._taken(step, text, want, known)
            for text, want in zip(step.take, wants, strict=True)
        ]

    def _gives(self, step: StepSource, kind: Type) -> None:
        if not step.give:
            return
        if step.give in self.values:
            what = f"gives {step.give}, which is there already."
            self.report.report(step.where, what, "Choose another name.")
            return
        self.values[step.give] = optional(kind) if step.when else kind
        if step.when:
            self.given_when[step.give] = step.when

    # --- kinds of steps -----------------------------------------------------------------------

    def _do(self, step: StepSource, when: Predicate | None, known: Known) -> Step | None:
        operation = self.operations.get(step.what)
        if operation is None:
            if step.what:
                fix = nearest(step.what, tuple(self.operations))
                self.report.report(step.where, f"there is no operation {step.what}.", fix)
            self._gives(step, Unknown)
            return None
        taken = self._all_taken(step, operation.takes, known)
        if step.give and operation.gives in (None, type(None)):
            self.report.report(step.where, f"{step.what} gives nothing.", "Remove give.")
        self._gives(step, operation.gives)
        getters = tuple(get for get in taken if get is not None)
        if len(getters) < len(taken):
            return None
        return DoStep(step.name, step.line, operation, getters, step.give or None, when)

    def _map(self, step: StepSource, when: Predicate | None, known: Known) -> Step | None:
        if not step.give:
            self.report.report(step.where, "gives nothing.", "Add give: with a name.")
        mapping = self.mappings.get(step.what)
        if mapping is None:
            if step.what:
                fix = nearest(step.what, tuple(self.mappings))
                self.report.report(step.where, f"there is no mapping {step.what}.", fix)
            self._gives(step, Unknown)
            return None
        names, wants, gives = self._signature(mapping)
        taken = self._all_taken(step, wants, known)
        self._gives(step, gives)
        getters = [get for get in taken if get is not None]
        if len(getters) < len(taken) or not isinstance(mapping, RowMapping):
            return None
        take = getters[0] if names == [""] else _together(names, getters)
        return MapStep(step.name, step.line, mapping, take, step.give, when)

    def _signature(
        self, mapping: MappingSource | RowMapping
    ) -> tuple[list[str], tuple[Type, ...], Type]:
        if isinstance(mapping, RowMapping):
            return list(mapping.source.sources), mapping.takes, mapping.gives
        wants = tuple(self._named(text) for text in mapping.sources.values())
        return list(mapping.sources), wants, self._named(mapping.target)

    def _named(self, text: str) -> Type:
        kind = self.types.get(text.removesuffix("?"), Unknown)
        return optional(kind) if text.endswith("?") else kind

    def _link(self, step: StepSource, when: Predicate | None, known: Known) -> Step:
        names, fields = StepNames(self.values), {}
        for name, text in step.fields.items():
            found, errors = compile_expression(text, names, self.functions, known=known)
            for error in errors:
                fix = error.fix or f"Put a text in quotes within quotes: \"'{text}'\"."
                self.report.report(step.where, f"link: {name}: {error}.", fix)
            if found is None:
                continue
            if not _is_plain(found.type):
                what = f"link: {name} is {words(found.type)}, which cannot be stored as text."
                self.report.report(step.where, what, "Name one of its fields.")
            if name == "left" and may_be_absent(found.type):
                self.report.report(step.where, "link: left may be absent.", "Use key.")
            fields[name] = self._told(found.run, step, f"link {name}")
        return LinkStep(step.name, step.line, step.what, fields, when)

    # --- running ------------------------------------------------------------------------------

    def _told(self, run: Getter, step: StepSource, what: str) -> Getter:
        """The same; whatever stops it tells the file, the step and the path."""
        file = self.source.file

        def told(values: Mapping[str, object]) -> Any:
            try:
                return run(values)
            except (Absent, ExpressionError, ValueError) as error:
                raise _stopped(error, f"{file}: {step.where}: {what}", file) from None

        return told


def _stopped(error: Exception, where: str, file: str) -> NeedsPerson:
    if isinstance(error, Absent):
        why = f"{error.path} is absent"
    else:
        why = error.what if isinstance(error, ExpressionError) else "the value does not fit"
    remedy = f"Find out why an earlier step gave nothing, or give this step of {file} a when."
    return NeedsPerson(f"{where}: {why}", kind=KIND, remedy=remedy)


def _mentioned(condition: Expression) -> Known:
    known = set()
    for text in condition.paths:
        names = [step.name for step in parse_path(text).steps]
        known |= {".".join(names[:length]) for length in range(1, len(names) + 1)}
    return frozenset(known)


def _needed(run: Getter, text: str) -> Getter:
    def needed(values: Mapping[str, object]) -> Any:
        found = run(values)
        if found is None:
            raise Absent(text)
        return found

    return needed


def _changed(run: Getter, convert: Callable[[Any], Any] | None) -> Getter:
    return run if convert is None else lambda values: convert(run(values))


def _together(names: list[str], getters: list[Getter]) -> Getter:
    pairs = tuple(zip(names, getters, strict=True))
    return lambda values: {name: get(values) for name, get in pairs}


def _is_plain(kind: Type) -> bool:
    return all(
        arm in (Any, Unknown, object, type(None))
        or is_enum(arm)
        or (isinstance(arm, type) and issubclass(arm, _SCALARS))
        for arm in members(kind)
    )

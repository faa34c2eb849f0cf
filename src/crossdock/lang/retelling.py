"""The slow way through a mapping: every row on its own, so that all problems are found at once and
every value can tell where it came from. Used for stops, previews and traces.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crossdock.kernel.errors import NeedsPerson
from crossdock.lang.calling import VALUE_ERRORS
from crossdock.lang.leaves import (
    SKIP,
    LookupStep,
    Scope,
    absent,
    fetch_of,
    leaf_run,
    left_out,
)
from crossdock.lang.lineage import Written, fingerprint_of
from crossdock.lang.mapping import MappingSource, Missing
from crossdock.lang.paths import MAX_ELEMENTS, Absent, TooMany
from crossdock.lang.plan import EachPlan, LeafPlan, NestedPlan, RecordPlan, RowPlan, Stop
from crossdock.lang.syntax import ExpressionError
from crossdock.lang.types import words

STOPS = (Stop, Absent, TooMany, ExpressionError, NeedsPerson, *VALUE_ERRORS)


@dataclass(frozen=True, slots=True)
class RowResult:
    """What one row came to: a value, or a problem in words that hold no value of the record."""

    target: str  # "lines[1].sku"
    row: str  # "3.1"
    line: int
    where: str
    value: Any = None
    problem: str = ""
    remedy: str = ""
    kind: str = ""
    path: str = ""


class _Failed:
    """Stands for a record that could not be made."""


_FAILED = _Failed()


class Retelling:
    """One walk over one source value."""

    def __init__(self, source: MappingSource) -> None:
        self._source = source
        self.results: list[RowResult] = []
        self.written: list[Written] = []

    def record(
        self, plan: RecordPlan, scope: Scope, at: str, base: str, made_by: RowPlan | None = None
    ) -> Any:
        """The target value, or a mark that it could not be made; `results` say why."""
        values: dict[str, Any] = {}
        failed = False
        for group in plan.rows:
            value = self._group(group, scope, at, base)
            failed = failed or value is _FAILED
            if value is not SKIP:
                values[group[0].argument] = value
        if failed:
            return _FAILED
        try:
            return plan.target(**values)
        except STOPS as error:
            self._refused(plan, error, at, made_by)
            return _FAILED

    def _refused(
        self, plan: RecordPlan, error: Exception, at: str, made_by: RowPlan | None
    ) -> None:
        stop = _as_stop(error)
        if not isinstance(error, NeedsPerson):
            fields = ", ".join(_refused_fields(error))
            what = f"{words(plan.target)} refused its values" + (f" ({fields})" if fields else "")
            stop = Stop(what, remedy="Correct the record at its source, then press Retry.")
        row = made_by.row if made_by else None
        self.results.append(
            RowResult(
                at.removesuffix("."),
                row.number if row else "",
                row.line if row else self._source.line,
                row.where if row else f"line {self._source.line}",
                None, stop.what, stop.remedy, stop.kind,
            )
        )  # fmt: skip

    def _group(self, group: tuple[RowPlan, ...], scope: Scope, at: str, base: str) -> Any:
        for plan in group:
            try:
                if plan.when is None or plan.when(scope):
                    return self._row(plan, scope, at, base)
            except STOPS as error:
                self._stopped(plan, at, error)
                return _FAILED
        return left_out(group[-1])

    def _stopped(self, plan: RowPlan, at: str, error: Exception) -> None:
        stop, row = _as_stop(error), plan.row
        self.results.append(
            RowResult(
                at + row.to, row.number, row.line, row.where,
                None, stop.what, stop.remedy, stop.kind, stop.path,
            )
        )  # fmt: skip

    def _row(self, plan: RowPlan, scope: Scope, at: str, base: str) -> Any:
        if isinstance(plan, EachPlan):
            return self._each(plan, scope, at, base)
        if isinstance(plan, NestedPlan):
            return self._nested(plan, scope, at, base)
        value = leaf_run(plan)(scope)
        row = plan.row
        if value is not SKIP:
            self.results.append(RowResult(at + row.to, row.number, row.line, row.where, value))
            self.written.append(self._written(plan, scope, at, base, value))
        return value

    def _each(self, plan: EachPlan, scope: Scope, at: str, base: str) -> Any:
        elements = plan.source.get(scope)
        if elements is None:
            return gone(plan, plan.source.path)
        if len(elements) > MAX_ELEMENTS:
            raise TooMany(plan.source.path)
        built: list[Any] = []
        for index, element in enumerate(elements):
            inner = (element, scope[1], len(built) + 1)
            if plan.where is None or plan.where(inner):
                below = f"{at}{plan.row.to}[{len(built)}]."
                from_ = f"{base}{plan.source.path}[{index}]."
                built.append(self.record(plan.record, inner, below, from_, plan))
        return _FAILED if _FAILED in built else plan.build(built)

    def _nested(self, plan: NestedPlan, scope: Scope, at: str, base: str) -> Any:
        if plan.source is None:
            return self.record(plan.record, scope, f"{at}{plan.row.to}.", base, plan)
        part = plan.source.get(scope)
        if part is None:
            return gone(plan, plan.source.path)
        inner = (part, scope[1], scope[2])
        from_ = f"{base}{plan.source.path}."
        return self.record(plan.record, inner, f"{at}{plan.row.to}.", from_, plan)

    def _written(self, plan: LeafPlan, scope: Scope, at: str, base: str, value: Any) -> Written:
        row, source = plan.row, self._source
        paths, lookup = _story(plan, scope)
        return Written(
            at + row.to, paths, base.removesuffix("."), source.name, source.version, source.file,
            row.line, row.number, tuple(call.name for call in row.using), lookup,
            fingerprint_of(value, tuple(base + path for path in paths)),
        )  # fmt: skip


def gone(plan: EachPlan | NestedPlan, path: str) -> Any:
    """What a row with rows writes when its part of the source is not there."""
    if plan.row.missing is Missing.STOP:
        raise absent(path)
    return left_out(plan)


def _story(plan: LeafPlan, scope: Scope) -> tuple[tuple[str, ...], str]:
    """The paths that were really used, and the row of the lookup table."""
    paths = tuple(source.path for source in plan.sources)
    if len(paths) > 1 and not plan.together:
        there = (source.path for source in plan.sources if source.get(scope) is not None)
        paths = tuple(there)[:1]
    value = fetch_of(plan)(scope)
    for _, step in plan.work:
        if value is None:
            break
        if isinstance(step, LookupStep):
            found = step.find(value)
            return paths, f"{step.table.name} row {found.line}" if found else step.table.name
        value = step(value)
    return paths, ""


def _as_stop(error: Exception) -> Stop:
    """Any way of stopping, in words that hold no value."""
    if isinstance(error, Stop):
        return error
    if isinstance(error, Absent):
        return absent(error.path)
    if isinstance(error, NeedsPerson):
        return Stop(error.message, remedy=error.remedy, kind=error.kind)
    if isinstance(error, TooMany):
        what = f"a list has more than {MAX_ELEMENTS} elements"
    elif isinstance(error, ExpressionError):
        what = f"the expression {error.what}"
    else:
        what = f"the value cannot be used ({type(error).__name__})"
    return Stop(what, remedy="Correct the value at its source, then press Retry.")


def _refused_fields(error: Exception) -> Iterable[str]:
    """Which fields a pydantic model refused, and by which rule; never the values."""
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return
    for each in errors():
        place = ".".join(str(part) for part in each["loc"])
        yield f"{place}: {each['type']}"
